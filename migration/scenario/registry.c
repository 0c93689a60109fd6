#include "migration/scenario/registry.h"

#include <string.h>

const struct scenario scenarios[] = {
    {
        .type = "migration_multi_host",
        .summary =
            "one migration from the first host to the second, with work going on in the guest",
        .migrate_count = 1,
        .knows_next = true,
        .run = scenario_legs,
    },
    {
        .type = "migration_multi_host_ping_pong",
        .summary =
            "the guest goes to and fro migrate_count times, its memory checked after each leg",
        .migrate_count = 10,
        .knows_next = true,
        .run = scenario_legs,
    },
    {
        .type = "example",
        .summary =
            "vm1 and vm2 move together with a command running, then in two migrations at once",
        .migrate_count = 1,
        .run = scenario_example,
    },
    {
        .type = "three_hosts",
        .summary =
            "vm1 and vm2 among three hosts, two migrations at once, also in opposite directions",
        .migrate_count = 1,
        .min_hosts = 3,
        .run = scenario_three_hosts,
    },
    {
        .type = "one_by_one",
        .summary =
            "the VMs move one after the other, then back at once, with a limit of the bandwidth of "
            "that migration's own",
        .migrate_count = 1,
        .asks = one_by_one_asks,
        .run = scenario_one_by_one,
    },
    {.type = NULL},
};

const struct scenario *scenario_find(const char *type, GError **err)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (const struct scenario *s = scenarios; s->type != NULL; s++) {
        if (strcmp(s->type, type) == 0)
            return s;
        g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", s->type);
    }
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "no test type is called '%s'; there are: %s",
                type, known->str);
    return NULL;
}
