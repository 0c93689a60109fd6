vtmh_bench(bench_barrier vtmh_proto vtmh_sync)
target_sources(bench_barrier PRIVATE bench_barrier_memory.c bench_barrier_tcp.c
    bench_barrier_bare.c barrier_times.c bare_link.c node_process.c)
target_link_libraries(bench_barrier PRIVATE PkgConfig::NANOMSG PkgConfig::SODIUM)
vtmh_bench(bench_fiber vtmh_sync)
