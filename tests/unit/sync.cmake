vtmh_unit_test(test_fiber vtmh_sync)
vtmh_unit_test(test_scope vtmh_sync)
