# Run at build time by vtmh_bundle(). The tar depends on nothing but the contents of its files.
#
# Libraries that every host with QEMU has: those of libc, and what QEMU itself is linked with. They
# are never bundled: libc's must match the host's own loader.
set(on_every_host
    ld-linux.* linux-vdso.* libc libm libdl librt libpthread libanl libresolv libutil libnsl
    libglib-2.0 libpcre2-8 libpcre libz libgcc_s)

function(run output)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text ERROR_VARIABLE errors
                    RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${ARGN}: ${errors}")
    endif()
    set(${output} "${text}" PARENT_SCOPE)
endfunction()

# "libuv.so.1" -> path, for all that the loader would take, indirect ones too.
function(collect_libraries)
    list(JOIN on_every_host "|" kept_out)
    run(loaded ldd ${PROGRAM})
    string(REPLACE "\n" ";" lines "${loaded}")
    foreach(line ${lines})
        if(line MATCHES "not found")
            message(FATAL_ERROR "${PROGRAM}: ${line}")
        elseif(line MATCHES "^[ \t]*([^ \t]+) => (/[^ ]+)")
            set(name ${CMAKE_MATCH_1})
            set(path ${CMAKE_MATCH_2})
            if(NOT name MATCHES "^(${kept_out})\\.so")
                run(ignored ${STRIP} --strip-unneeded -o ${FOLDER}/${name} ${path})
            endif()
        endif()
    endforeach()
endfunction()

# What stands beside may need nothing of what is bundled: a library of the host's that needs the same
# one would get ours.
function(check_beside program)
    run(needed ${OBJDUMP} -p ${program})
    string(REGEX MATCHALL "NEEDED +[^\n]+|R(UN)?PATH +[^\n]+" rows "${needed}")
    foreach(row ${rows})
        string(REGEX REPLACE "^[^ ]+ +" "" name "${row}")
        if(name MATCHES "^lib[a-z]+san\\.so")
            continue() # a build with sanitizers
        endif()
        if(row MATCHES "PATH" OR EXISTS ${FOLDER}/${name})
            message(FATAL_ERROR "${program}: ${row}: not of the host that it will run on")
        endif()
    endforeach()
endfunction()

function(highest_glibc output)
    set(highest 2.2.5)
    file(GLOB files ${FOLDER}/*)
    foreach(file ${files})
        run(symbols ${OBJDUMP} -T ${file})
        string(REGEX MATCHALL "GLIBC_[0-9][0-9.]*" versions "${symbols}")
        list(REMOVE_DUPLICATES versions)
        foreach(version ${versions})
            string(REPLACE "GLIBC_" "" version ${version})
            if(version VERSION_GREATER highest)
                set(highest ${version})
            endif()
        endforeach()
    endforeach()
    set(${output} ${highest} PARENT_SCOPE)
endfunction()

function(describe_files output)
    file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*)
    list(SORT files)
    set(rows "")
    foreach(file ${files})
        file(SHA256 ${FOLDER}/${file} sum)
        list(APPEND rows "    {\"name\": \"${file}\", \"sha256\": \"${sum}\"}")
    endforeach()
    list(JOIN rows ",\n" rows)
    set(${output} "${rows}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
get_filename_component(name ${PROGRAM} NAME)
run(ignored ${STRIP} --strip-debug -o ${FOLDER}/${name} ${PROGRAM})
collect_libraries()
string(REPLACE "|" ";" BESIDE "${BESIDE}")
foreach(program ${BESIDE})
    get_filename_component(name ${program} NAME)
    check_beside(${program})
    run(ignored ${STRIP} --strip-debug -o ${FOLDER}/${name} ${program})
endforeach()
run(ignored chmod -R u=rwX,go=rX ${FOLDER})
highest_glibc(glibc)
describe_files(rows)
run(ignored ${TAR} --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner
    -C ${FOLDER} -cf ${TARBALL}.new .)
file(SHA256 ${TARBALL}.new sum)
file(WRITE ${JSON}.new "{
  \"version\": \"${VERSION}\",
  \"arch\": \"${ARCH}\",
  \"glibc\": \"${glibc}\",
  \"sha256\": \"${sum}\",
  \"files\": [
${rows}
  ]
}
")
file(RENAME ${TARBALL}.new ${TARBALL})
file(RENAME ${JSON}.new ${JSON})
