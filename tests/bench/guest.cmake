vtmh_bench(bench_login vtmh_vm PkgConfig::CRITERION)
target_sources(bench_login PRIVATE ../integration/stub_guest.c ../integration/ssh_server.c)
