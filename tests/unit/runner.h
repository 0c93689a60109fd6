/* For test programs with a main() of their own. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>

/* Runs all tests of the program, as Criterion's own main() would. Returns the exit status. */
static inline int runner_main(int argc, char **argv)
{
    struct criterion_test_set *tests = criterion_initialize();
    int status = criterion_handle_args(argc, argv, true) ? !criterion_run_all_tests(tests) : 0;

    criterion_finalize(tests);
    return status;
}

/* The same, unless something is missing here (else NULL): then it says what, and is a skip. */
static inline int runner_main_unless(const char *missing, int argc, char **argv)
{
    if (missing == NULL)
        return runner_main(argc, argv);
    fprintf(stderr, "skipped: %s\n", missing);
    return 77;
}
