if(TARGET vtmh_migration)
    vtmh_unit_test(test_memory_check vtmh_migration)
endif()
