vtmh_bench(bench_cartesian vtmh_cfg)
target_sources(bench_cartesian PRIVATE bench_dry_run.c)
target_link_libraries(bench_cartesian PRIVATE m)
