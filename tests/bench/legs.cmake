vtmh_bench(bench_legs PkgConfig::JANSSON m)
target_sources(bench_legs PRIVATE bare_qmp.c vtmh_legs.c)
