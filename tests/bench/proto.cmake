vtmh_bench(bench_link vtmh_proto)
target_sources(bench_link PRIVATE bench_link_bare.c node_process.c bare_link.c)
target_link_libraries(bench_link PRIVATE PkgConfig::NANOMSG PkgConfig::SODIUM)
