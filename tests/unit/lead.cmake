if(TARGET vtmh_report)
    foreach(test test_verdict test_verdict_legs)
        vtmh_unit_test(${test} vtmh_report)
        target_sources(${test} PRIVATE ${PROJECT_SOURCE_DIR}/orchestrator/verdict.c)
    endforeach()
endif()

if(TARGET vtmh_node AND TARGET vtmh_report)
    vtmh_unit_test(test_handover vtmh_node vtmh_report)
    target_sources(test_handover PRIVATE handover_world.c handover_fakes.c handover_truth.c
                   ${PROJECT_SOURCE_DIR}/orchestrator/verdict.c)
endif()

if(TARGET vtmh_node)
    foreach(test test_ledger_crash test_process)
        vtmh_unit_test(${test} vtmh_node)
    endforeach()
endif()
