vtmh_unit_test(test_ledger vtmh_node)
vtmh_unit_test(test_node_meetings vtmh_node)
vtmh_unit_test(test_files vtmh_node)
vtmh_unit_test(test_session vtmh_node)

vtmh_unit_test(test_records vtmh_node)
vtmh_unit_test(test_claims vtmh_node)
vtmh_unit_test(test_claim_file vtmh_node)
