foreach(name guest_state kvm_proof params_table platform qemu_cmdline qemu_stats qmp serial usernet)
    vtmh_unit_test(test_${name} vtmh_vm)
endforeach()
