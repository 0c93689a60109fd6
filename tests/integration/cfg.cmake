# The examples of docs/cfg.md.
add_test(NAME integration/test_docs_cfg COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_docs_cfg.sh)
set_tests_properties(integration/test_docs_cfg PROPERTIES
    ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" TIMEOUT 60)

# docs/params.md and cfg/library/base.cfg.
add_test(NAME integration/test_docs_params COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_docs_params.sh)
set_tests_properties(integration/test_docs_params PROPERTIES
    ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" TIMEOUT 60)

# The configurations in other pages of docs/.
add_test(NAME integration/test_docs_examples COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_docs_examples.sh)
set_tests_properties(integration/test_docs_examples PROPERTIES
    ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" TIMEOUT 60)

# Whether a parameter is set is asked of those without a default.
add_test(NAME integration/test_set_params COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_set_params.sh)
set_tests_properties(integration/test_set_params PROPERTIES TIMEOUT 60)
