foreach(name test_vm test_jeos)
    vtmh_integration_test(${name} SOURCES vm_bed.c LIBS vtmh_vm)
    set_tests_properties(integration/${name} PROPERTIES LABELS qemu)
endforeach()
