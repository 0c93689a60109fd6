# A libvirtd for the integration tests: SOURCES libvirt_bed.c, which finds the program.
set_source_files_properties(libvirt_bed.c PROPERTIES
    COMPILE_DEFINITIONS LIBVIRTD_FIXTURE="${CMAKE_CURRENT_SOURCE_DIR}/libvirtd")
vtmh_integration_test(test_libvirt_bed SOURCES libvirt_bed.c)
set_tests_properties(integration/test_libvirt_bed PROPERTIES TIMEOUT 120)
if(TARGET vtmh-node-libvirt)
    # With the program itself.
    foreach(name test_libvirt_program test_libvirt_vm test_libvirt_move)
        vtmh_integration_test(${name} SOURCES libvirt_bed.c vm_bed.c LIBS vtmh_vm)
        target_compile_definitions(${name} PRIVATE
            LIBVIRT_PROGRAM="$<TARGET_FILE:vtmh-node-libvirt>")
        add_dependencies(${name} vtmh-node-libvirt)
        set_tests_properties(integration/${name} PROPERTIES TIMEOUT 300)
    endforeach()
    set_tests_properties(integration/test_libvirt_vm integration/test_libvirt_move PROPERTIES
        LABELS qemu)
    add_test(NAME integration/test_libvirt_threads
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_libvirt_threads.py)
    add_test(NAME integration/test_libvirt_bundle
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_libvirt_bundle.sh)
    set_tests_properties(integration/test_libvirt_threads integration/test_libvirt_bundle PROPERTIES
        ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" TIMEOUT 120)
endif()

# What libvirtd makes of the domain XML of machines of all kinds.
vtmh_integration_test(test_domain_native SOURCES libvirt_bed.c LIBS vtmh_vm)
set_tests_properties(integration/test_domain_native PROPERTIES TIMEOUT 120)
