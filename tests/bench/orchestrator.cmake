vtmh_bench(bench_job_db vtmh_report)
