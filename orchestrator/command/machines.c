#include "orchestrator/command/machines.h"

#include "orchestrator/inventory.h"
#include "orchestrator/result.h"

#include <stdio.h>

void machines_init(struct machines *machines)
{
    *machines = (struct machines){.list = inventory_new(), .known = inventory_new()};
}

void machines_clear(struct machines *machines)
{
    g_clear_pointer(&machines->list, g_ptr_array_unref);
    g_clear_pointer(&machines->known, g_ptr_array_unref);
}

int machines_take_list(const char *value, void *target, GError **err)
{
    const struct machines *machines = target;

    return inventory_add(machines->list, value, err);
}

int machines_take_file(const char *value, void *target, GError **err)
{
    const struct machines *machines = target;

    return inventory_read_file(value, machines->known, err);
}

int machines_parse(const struct arguments *arguments, int argc, char **argv,
                   struct machines *machines)
{
    g_autoptr(GError) error = NULL;
    int outcome = arguments_parse(arguments, argc, argv, machines, &error);

    if (outcome > ARGUMENTS_PARSED) {
        arguments_print(arguments, outcome);
        return 0;
    }
    if (outcome == ARGUMENTS_PARSED)
        outcome = inventory_join(machines->list, machines->known, &error);
    if (outcome < 0) {
        fprintf(stderr, "vtmh: %s\n", error->message);
        return EXIT_BIT_USAGE;
    }
    if (machines->list->len == 0) {
        fprintf(stderr, "vtmh: no hosts; name them with -m host1,host2\nusage: %s\n",
                arguments->usage);
        return EXIT_BIT_USAGE;
    }
    return -1;
}
