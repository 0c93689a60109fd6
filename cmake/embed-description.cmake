# cmake -DNODE=… -DHEADER=… -P: writes what `vtmh-node --describe` prints as a C string.
execute_process(COMMAND ${NODE} --describe OUTPUT_VARIABLE json COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\\" "\\\\" json "${json}")
string(REPLACE "\"" "\\\"" json "${json}")
string(REPLACE "\n" "\\n\"\n    \"" json "${json}")
file(WRITE ${HEADER} "/* Generated from vtmh-node --describe. */\nstatic const char description_text[] =\n    \"${json}\";\n")
