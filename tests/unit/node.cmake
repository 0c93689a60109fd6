vtmh_unit_test(test_ledger vtmh_node)
vtmh_unit_test(test_session vtmh_node)
