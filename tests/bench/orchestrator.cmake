vtmh_bench(bench_job_db vtmh_report)
vtmh_bench(bench_soak vtmh_report PkgConfig::JANSSON PkgConfig::SQLITE)
target_sources(bench_soak PRIVATE soak_processes.c)
add_dependencies(bench_soak vtmh vtmh-node-sim)
