#include "orchestrator/command/command.h"

#include "orchestrator/command/cleanup.h"
#include "orchestrator/command/explain.h"
#include "orchestrator/command/guests.h"
#include "orchestrator/command/lint.h"
#include "orchestrator/command/list.h"
#include "orchestrator/command/run.h"
#include "orchestrator/command/show.h"
#include "orchestrator/command/types.h"

#include <stddef.h>

const struct command commands[] = {
    {"run", "run the tests of a file on hosts (the default)", command_run},
    {"list", "print the names of the tests in a file", command_list},
    {"show", "print the parameters of the tests in a file", command_show},
    {"explain", "tell where the values of a test come from", command_explain},
    {"lint", "tell what is probably a mistake in a file", command_lint},
    {"types", "print the test types and parameters that nodes know", command_types},
    {"guests", "print the guests that a file can choose from", command_guests},
    {"cleanup", "remove from hosts what killed nodes left there", command_cleanup},
    {NULL, NULL, NULL},
};
