vtmh_bench(bench_cartesian vtmh_cfg)
