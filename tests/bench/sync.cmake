vtmh_bench(bench_barrier vtmh_proto vtmh_sync)
target_sources(bench_barrier PRIVATE bench_barrier_memory.c bench_barrier_tcp.c node_process.c)
