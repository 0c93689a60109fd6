/* What is done on hosts around a test. */
#include "migration/params_tables.h"

#define SECTION "before and after the test"

const struct param_info process_params[] = {
    {.name = "pre_command",
     .kind = PARAM_STRING,
     .scopes = PARAM_PER_HOST,
     .section = SECTION,
     .example = "modprobe vhost_net",
     .doc = "shell command on each host before the test; parameters are KVM_TEST_<name> and "
            "VTMH_<name> in its environment; what it prints and leaves in its folder is in the "
            "results, what it leaves running ends with the test"},
    {.name = "pre_command_timeout",
     .kind = PARAM_DURATION,
     .fallback = "600",
     .scopes = PARAM_PER_HOST,
     .section = SECTION,
     .doc = "limit of pre_command: after it, it is killed and has failed"},
    {.name = "pre_command_noncritical",
     .kind = PARAM_BOOL,
     .fallback = "no",
     .scopes = PARAM_PER_HOST,
     .section = SECTION,
     .doc = "whether the test goes on, with a note, when pre_command fails"},
    {.name = "post_command",
     .kind = PARAM_STRING,
     .scopes = PARAM_PER_HOST | PARAM_ON_ERROR,
     .section = SECTION,
     .example = "modprobe -r vhost_net",
     .doc = "shell command on each host after the test, also after a failure; as pre_command; "
            "VTMH_test_passed says True or False"},
    {.name = "post_command_timeout",
     .kind = PARAM_DURATION,
     .fallback = "600",
     .scopes = PARAM_PER_HOST | PARAM_ON_ERROR,
     .section = SECTION,
     .doc = "limit of post_command"},
    {.name = "post_command_noncritical",
     .kind = PARAM_BOOL,
     .fallback = "no",
     .scopes = PARAM_PER_HOST | PARAM_ON_ERROR,
     .section = SECTION,
     .doc = "whether a test that passed stays so when post_command fails"},
    {.name = NULL},
};
