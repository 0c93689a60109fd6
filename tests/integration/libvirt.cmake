# A libvirtd for the integration tests: SOURCES libvirt_bed.c, which finds the program.
set_source_files_properties(libvirt_bed.c PROPERTIES
    COMPILE_DEFINITIONS LIBVIRTD_FIXTURE="${CMAKE_CURRENT_SOURCE_DIR}/libvirtd")
vtmh_integration_test(test_libvirt_bed SOURCES libvirt_bed.c)
set_tests_properties(integration/test_libvirt_bed PROPERTIES TIMEOUT 120)
