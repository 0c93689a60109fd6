#include "orchestrator/where.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const labels[] = {"pool=rack3", "arch=x86_64", NULL};
static const struct machine machine = {.name = "a", .labels = (char **)labels};

Test(where, is_answered_by_labels_and_facts)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"pool=rack3", NULL},
        {"pool!=rack3", "it has pool=rack3"},
        {"pool=rack?", NULL},
        {"pool=rack", "it has pool=rack3"},
        {"pool=rack3,kernel=5.10", NULL},
        {"kernel!=5.10", "it has kernel=5.10.0-30-amd64"},
        {"kernel=5.1", "it has kernel=5.10.0-30-amd64"},
        {"kernel=*amd64", NULL},
        {"cpus=8", NULL},
        {"cpus=80", "it has cpus=8"},
        {"libvirt=9", NULL},
        {"libvirt=*", NULL},
        {"libvirt=8.*", "it has libvirt=9.0.0"},
        {"memory_bytes=*", "it has no memory_bytes"},
        {"rack=1", "it has no rack"},
        {"rack!=1", NULL},
        {"arch=aarch64", "it has arch=x86_64"}, /* the label, not the fact */
    };
    json_t *facts = json_pack("{s:s, s:i, s:s, s:s, s:n}", "kernel", "5.10.0-30-amd64", "cpus", 8,
                              "arch", "aarch64", "libvirt", "9.0.0", "memory_bytes");

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(where) where = where_parse(cases[i].text, NULL);
        g_autofree char *why = where_refuses(where, &machine, facts);

        cr_expect_eq(g_strcmp0(why, cases[i].why), 0, "%s: %s", cases[i].text, why);
    }
    json_decref(facts);
}

Test(where, waits_for_facts_that_are_not_known_yet)
{
    g_autoptr(GPtrArray) machines = g_ptr_array_new();
    g_autoptr(where) where = where_parse("pool=rack3,kernel=6.1", NULL);
    g_autoptr(where) of_labels = where_parse("arch=x86_64", NULL);
    g_autofree char *why = where_refuses(where, &machine, NULL);

    g_ptr_array_add(machines, (gpointer)&machine);
    cr_expect_null(why, "%s", why);
    cr_expect(where_asks_facts(where, machines));
    cr_expect_not(where_asks_facts(of_labels, machines), "a label answers");
}

Test(where, says_what_is_wrong)
{
    static const char *const wrong[] = {"", "pool", "=x", "!=x", "pool=", "pool=a,,b=c"};
    g_autoptr(GPtrArray) machines = g_ptr_array_new();
    g_autoptr(where) strange = where_parse("pool=rack3,pol=rack3", NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        cr_expect_null(where_parse(wrong[i], &error), "%s was taken", wrong[i]);
        cr_expect_not_null(error);
    }
    g_ptr_array_add(machines, (gpointer)&machine);
    cr_expect_str_eq(where_strange(strange, machines), "pol");
}
