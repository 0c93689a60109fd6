vtmh_bench(bench_legs PkgConfig::JANSSON)
target_sources(bench_legs PRIVATE bare_qmp.c)
