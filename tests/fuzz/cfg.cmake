vtmh_fuzz_test(fuzz_cfg cfg)
