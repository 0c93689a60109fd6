# A libvirtd for the integration tests: SOURCES libvirt_bed.c, which finds the program.
set_source_files_properties(libvirt_bed.c PROPERTIES
    COMPILE_DEFINITIONS LIBVIRTD_FIXTURE="${CMAKE_CURRENT_SOURCE_DIR}/libvirtd")
vtmh_integration_test(test_libvirt_bed SOURCES libvirt_bed.c)
set_tests_properties(integration/test_libvirt_bed PROPERTIES TIMEOUT 120)
if(TARGET vtmh-node-libvirt)
    vtmh_integration_test(test_libvirt_program SOURCES libvirt_bed.c LIBS vtmh_vm)
    target_compile_definitions(test_libvirt_program PRIVATE
        LIBVIRT_PROGRAM="$<TARGET_FILE:vtmh-node-libvirt>")
    add_dependencies(test_libvirt_program vtmh-node-libvirt)
    set_tests_properties(integration/test_libvirt_program PROPERTIES TIMEOUT 180)
    add_test(NAME integration/test_libvirt_threads
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_libvirt_threads.py)
    add_test(NAME integration/test_libvirt_bundle
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_libvirt_bundle.sh)
    set_tests_properties(integration/test_libvirt_threads integration/test_libvirt_bundle PROPERTIES
        ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" TIMEOUT 120)
endif()
