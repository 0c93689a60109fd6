#include "orchestrator/command/configuration.h"

#include "orchestrator/description.h"
#include "orchestrator/result.h"
#include "orchestrator/tests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *message)
{
    fprintf(stderr, "vtmh: %s\n", message);
    return EXIT_BIT_USAGE;
}

int reading_parse(const struct arguments *arguments, int argc, char **argv, struct reading *reading)
{
    g_autoptr(GError) error = NULL;
    int outcome;

    selection_init(&reading->selection);
    outcome = arguments_parse(arguments, argc, argv, reading, &error);
    if (outcome > ARGUMENTS_PARSED) {
        arguments_print(arguments, outcome);
        return reading_end(NULL);
    }
    if (outcome < 0)
        return fail(error->message);
    if (reading->selection.file == NULL) {
        fprintf(stderr, "vtmh: no configuration file\nusage: %s\n", arguments->usage);
        return EXIT_BIT_USAGE;
    }
    return -1;
}

void reading_clear(struct reading *reading)
{
    selection_clear(&reading->selection);
}

struct cfg *reading_open(const struct reading *reading, GError **err)
{
    return tests_open(reading->selection.file, reading->selection.extra,
                      &(struct cfg_options){
                          .defaults = reading->selection.defaults,
                          .expand = (const char *const *)reading->selection.expand,
                          .keep_suffixes = reading->keep_suffixes,
                      },
                      err);
}

int reading_check_guest(const struct reading *reading, struct cfg *cfg, GError **err)
{
    if (!reading->selection.has_guest)
        return 0;
    g_autoptr(params) test = cfg_test_params(cfg, err);
    if (test == NULL)
        return -1;
    const char *guest = params_get(test, "guest");
    if (guest == NULL || param_value_check(description_parameter("guest"), guest, err) == 0)
        return 0;
    g_prefix_error(err, "guest = %s: ", guest);
    return -1;
}

int reading_end(const GError *error)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "vtmh: cannot write standard output: %s\n", g_strerror(errno));
        return EXIT_BIT_USAGE;
    }
    return error != NULL ? fail(error->message) : 0;
}
