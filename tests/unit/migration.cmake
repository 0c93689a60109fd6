foreach(name kvm_proof params_table platform qemu_cmdline qmp serial usernet)
    vtmh_unit_test(test_${name} vtmh_vm)
endforeach()
