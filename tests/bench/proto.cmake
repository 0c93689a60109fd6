vtmh_bench(bench_link vtmh_proto)
target_sources(bench_link PRIVATE node_process.c)
