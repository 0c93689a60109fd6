# The guests themselves, in real QEMUs.
add_test(NAME integration/test_guests COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_guests.sh)
set_tests_properties(integration/test_guests PROPERTIES
    SKIP_RETURN_CODE 77 LABELS guest TIMEOUT 180)
