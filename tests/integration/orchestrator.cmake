# What `cmake --install` makes of the build.
add_test(NAME integration/test_install COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_install.sh)
set_tests_properties(integration/test_install PROPERTIES
    ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" TIMEOUT 60)

# Comments and documents name what is there.
add_test(NAME integration/test_comment_names
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_comment_names.py ${PROJECT_SOURCE_DIR})
set_tests_properties(integration/test_comment_names PROPERTIES TIMEOUT 60)

# The questions of docs/results.md are answered by a job.db.
add_test(NAME integration/test_docs_results
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_docs_results.sh)
set_tests_properties(integration/test_docs_results PROPERTIES
    ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 60)

# vtmh guests, and what --guest chooses.
add_test(NAME integration/test_guests_command
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_guests_command.sh)
set_tests_properties(integration/test_guests_command PROPERTIES
    ENVIRONMENT "VTMH_BUILD=${PROJECT_BINARY_DIR}" TIMEOUT 60)
