foreach(name gap watch jeos_addresses jeos_kernel beats cpu_time file_identity guest_state kvm_proof machine params_table part platform qemu_cmdline qemu_facts qemu_lines qemu_offer qemu_stats qemu_words qmp qmp_log serial usernet)
    vtmh_unit_test(test_${name} vtmh_vm)
endforeach()
vtmh_unit_test(test_image vtmh_vm)
vtmh_unit_test(test_complaint vtmh_vm)
# The liar is an object of the program: it is found before the library's real process.
vtmh_unit_test(test_qemu_replies vtmh_vm)
target_sources(test_qemu_replies PRIVATE liar_qemu.c)
