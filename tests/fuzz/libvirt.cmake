if(TARGET vtmh_libvirt)
    file(GLOB program ${PROJECT_SOURCE_DIR}/libvirt/*.c)
    list(REMOVE_ITEM program ${PROJECT_SOURCE_DIR}/libvirt/main.c)
    add_executable(fuzz_libvirt fuzz_libvirt.c ${program})
    target_link_libraries(fuzz_libvirt PRIVATE vtmh_libvirt)
    target_compile_options(fuzz_libvirt PRIVATE -fsanitize=fuzzer,address,undefined
                           -fno-sanitize-recover=undefined)
    target_link_options(fuzz_libvirt PRIVATE -fsanitize=fuzzer,address,undefined)
endif()
