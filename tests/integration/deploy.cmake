vtmh_integration_test(test_deploy_ssh SOURCES deploy_bed.c LIBS vtmh_deploy)
if(TARGET vtmh-node-bundle)
    vtmh_integration_test(test_deploy_node SOURCES deploy_bed.c LIBS vtmh_deploy)
    target_compile_definitions(test_deploy_node PRIVATE VTMH_BUILD_DIR="${PROJECT_BINARY_DIR}")
    add_dependencies(test_deploy_node vtmh-node-bundle)
endif()
vtmh_integration_test(test_cleanup SOURCES deploy_bed.c LIBS vtmh_orchestrator)
# What deploy/test says of its long parts.
add_test(NAME integration/test_deploy_test
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_deploy_test.sh)
set_tests_properties(integration/test_deploy_test PROPERTIES TIMEOUT 120)
# Whether a check in the lab that fails makes its test fail.
add_test(NAME integration/test_verdicts COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_verdicts.sh)
