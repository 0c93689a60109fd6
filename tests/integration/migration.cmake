foreach(name test_vm test_devices test_jeos test_guest_agent test_mirror test_monitors)
    vtmh_integration_test(${name} SOURCES vm_bed.c LIBS vtmh_vm)
    set_tests_properties(integration/${name} PROPERTIES LABELS qemu)
endforeach()
if(TARGET vtmh_node)
    vtmh_integration_test(test_images LIBS vtmh_node)
    vtmh_integration_test(test_station LIBS vtmh_node)
    vtmh_integration_test(test_net SOURCES vm_bed.c LIBS vtmh_node)
    set_tests_properties(integration/test_net PROPERTIES LABELS qemu)
endif()

# Drives as they are rendered, before a QEMU that is stopped.
add_test(NAME integration/test_drives COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_drives.py)
set_tests_properties(integration/test_drives PROPERTIES LABELS qemu
    ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 60)
