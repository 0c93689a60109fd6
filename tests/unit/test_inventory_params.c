#include "orchestrator/inventory_params.h"

#include <criterion/criterion.h>
#include <string.h>

static struct machine *make(const char *const *labels)
{
    static struct machine machine;

    g_free(machine.text);
    machine = (struct machine){.name = (char *)"a", .file = (char *)"beds", .line = 3};
    machine.labels = (char **)labels;
    machine.text = g_strjoinv(" ", machine.labels);
    return &machine;
}

Test(inventory_params, stand_below_the_configuration_and_above_the_defaults)
{
    static const char *const labels[] = {"pool=x", "qemu_binary=/opt/qemu", NULL};
    const struct machine *machines[] = {make(labels), make(labels)};
    static const struct {
        const char *value, *origin, *expected, *from;
    } cases[] = {
        {NULL, NULL, "/opt/qemu", "beds:3"},
        {"qemu-system-x86_64", "/lib/base.cfg:7", "/opt/qemu", "beds:3"},
        {"qemu-system-x86_64", "mine.cfg:7", "qemu-system-x86_64", "mine.cfg:7"},
        {"/usr/bin/q", "/lib/base.cfg:7", "/usr/bin/q", "/lib/base.cfg:7"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(params) test = params_new();

        if (cases[i].value != NULL)
            params_set(test, "qemu_binary", cases[i].value, cases[i].origin);
        inventory_params_apply(test, machines, 2);
        g_autoptr(params) second = params_object_params(test, "host2");
        cr_expect_str_eq(params_get(second, "qemu_binary"), cases[i].expected, "case %u", i);
        cr_expect_str_eq(params_origin(second, "qemu_binary"), cases[i].from, "case %u", i);
        cr_expect_null(params_get(second, "pool"));
    }
}

Test(inventory_params, are_checked_with_their_place)
{
    static const struct {
        const char *labels[3], *error;
    } cases[] = {
        {{"pool=x", "mig_port=many"}, "beds:3:17: mig_port = many: "},
        {{"pool=x", "test_timeout=3"}, "beds:3:8: test_timeout is of the whole test"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) machines = g_ptr_array_new();
        g_autoptr(GError) error = NULL;

        g_ptr_array_add(machines, make(cases[i].labels));
        cr_assert_eq(inventory_params_check(machines, &error), -1);
        cr_expect(g_str_has_prefix(error->message, cases[i].error), "%s", error->message);
    }
}
