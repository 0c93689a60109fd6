# cmake -DTEXT=FILE -DNAME=VARIABLE -DHEADER=… -P: writes a text file as a C string.
file(READ ${TEXT} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
get_filename_component(file ${TEXT} NAME)
file(WRITE ${HEADER} "/* Generated from ${file}. */\nstatic const char ${NAME}[] =\n    \"${text}\";\n")
