# The liar in place of the process, the readers compiled again with the fuzzer's instrumentation.
set(readers qmp.c qemu.c qemu_move.c qemu_stats.c offer.c)
list(TRANSFORM readers PREPEND ${PROJECT_SOURCE_DIR}/migration/vm/)
add_executable(fuzz_qmp fuzz_qmp.c ${PROJECT_SOURCE_DIR}/tests/unit/liar_qemu.c ${readers})
target_link_libraries(fuzz_qmp PRIVATE vtmh_vm)
target_compile_options(fuzz_qmp PRIVATE -fsanitize=fuzzer,address,undefined
                       -fno-sanitize-recover=undefined)
target_link_options(fuzz_qmp PRIVATE -fsanitize=fuzzer,address,undefined)
