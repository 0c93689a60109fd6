if(TARGET vtmh_report)
    foreach(test test_limits test_verdict test_verdict_legs)
        vtmh_unit_test(${test} vtmh_report)
        target_sources(${test} PRIVATE ${PROJECT_SOURCE_DIR}/orchestrator/verdict.c)
    endforeach()
    target_sources(test_limits PRIVATE ${PROJECT_SOURCE_DIR}/orchestrator/limits.c)
endif()

if(TARGET vtmh_node AND TARGET vtmh_report)
    foreach(test test_handover test_handover_matrix test_migrations)
        vtmh_unit_test(${test} vtmh_node vtmh_report)
        target_sources(${test} PRIVATE handover_world.c handover_truth.c handover_sim_coordinator.c
                       handover_sim_copy.c handover_sim_driver.c handover_sim_guest.c handover_sim_stream.c
                       handover_sim_node.c handover_sim_transport.c sim_clock.c
                       ${PROJECT_SOURCE_DIR}/orchestrator/verdict.c)
    endforeach()
endif()

if(TARGET vtmh_node)
    foreach(test test_ledger_crash test_process)
        vtmh_unit_test(${test} vtmh_node)
        target_sources(${test} PRIVATE idle.c)
    endforeach()
endif()
if(TARGET vtmh_migration)
    foreach(test test_alike test_asked test_downtime_parts test_guard test_interface test_script test_series test_leg test_leg_record test_machine_facts test_machine_params test_memory_check test_move_options test_patience test_peers test_reach test_request test_stall test_test)
        vtmh_unit_test(${test} vtmh_migration)
    endforeach()
endif()
