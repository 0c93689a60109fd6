# The file under test is compiled again with the fuzzer's instrumentation; the rest comes from the
# library.
function(vtmh_fuzz_proto name)
    list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/proto/)
    add_executable(${name} ${name}.c ${ARGN})
    target_link_libraries(${name} PRIVATE vtmh_proto PkgConfig::SODIUM PkgConfig::SSH2)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined
                           -fno-sanitize-recover=undefined)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endfunction()
vtmh_fuzz_proto(fuzz_envelope seal.c)
vtmh_fuzz_proto(fuzz_known_hosts known_hosts.c)
vtmh_fuzz_proto(fuzz_ssh_offer ssh_offer.c)
