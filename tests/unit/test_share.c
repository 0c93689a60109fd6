#include "orchestrator/share.h"

#include "orchestrator/tests.h"

#include <criterion/criterion.h>
#include <string.h>

/* Tests as they are planned: KEY=VALUE, separated by lines; tests by "--". */
static GPtrArray *plan(const char *text)
{
    g_auto(GStrv) texts = g_strsplit(text, "--\n", -1);
    GPtrArray *tests = g_ptr_array_new();

    for (char **one = texts; *one != NULL; one++) {
        g_auto(GStrv) lines = g_strsplit(*one, "\n", -1);
        struct planned_test *planned = g_new0(struct planned_test, 1);
        planned->params = params_new();
        for (char **line = lines; *line != NULL; line++) {
            g_auto(GStrv) pair = g_strsplit(*line, "=", 2);
            if (g_strv_length(pair) == 2)
                params_set(planned->params, pair[0], pair[1], NULL);
        }
        if (params_get(planned->params, "skip") != NULL)
            planned->skip = g_strdup("it is to be skipped");
        g_ptr_array_add(tests, planned);
    }
    return tests;
}

/* The claims of a host: "ports mig_port=5200 folder …". label: of its line in -M's file, or NULL.
 */
static char *claims_of(const char *text, const char *label, unsigned place)
{
    const struct machine machine = {.labels = (char *[]){(char *)label, NULL}};
    g_autoptr(GPtrArray) tests = plan(text);
    g_autoptr(GPtrArray) claims = share_claims(tests, &machine, 2, place);
    GString *words = g_string_new(NULL);

    for (unsigned i = 0; i < claims->len; i++) {
        const struct share_claim *claim = g_ptr_array_index(claims, i);
        g_string_append_printf(words, "%s%s %s=%s", i > 0 ? " " : "", claim->kind, claim->parameter,
                               claim->value);
    }
    for (unsigned i = 0; i < tests->len; i++) {
        struct planned_test *planned = g_ptr_array_index(tests, i);
        params_unref(planned->params);
        g_free(planned->skip);
        g_free(planned);
    }
    return g_string_free(words, FALSE);
}

static void expect(const char *text, unsigned place, const char *wanted)
{
    g_autofree char *got = claims_of(text, NULL, place);

    cr_expect_str_eq(got, wanted, "place %u of\n%s: %s, not %s", place, text, got, wanted);
}

Test(share, what_is_not_the_default_is_claimed)
{
    expect("mig_port=5200-5899\n", 0, "ports mig_port=5200-5899");
    expect("mig_file_dir=/srv/a\n", 0, "folder mig_file_dir=/srv/a");
    expect("", 0, "");
    expect("mig_port=0\nmig_file_dir=/var/tmp\n", 0, "");
    expect("mig_port= \nmig_protocol=tcp\n", 0, "");
}

Test(share, each_host_claims_its_own)
{
    expect("mig_port=5200\nmig_port_host2=5300\n", 0, "ports mig_port=5200");
    expect("mig_port=5200\nmig_port_host2=5300\n", 1, "ports mig_port=5300");
    expect("mig_port_host2=5300\n", 0, "");
}

Test(share, a_line_of_the_inventory_claims_for_its_host)
{
    g_autofree char *own = claims_of("mem=32\n", "mig_port=5200-5299", 1);
    g_autofree char *over = claims_of("mig_port=5300\n", "mig_port=5200", 0);
    g_autofree char *other = claims_of("mem=32\n", "pool=rack3", 0);

    cr_expect_str_eq(own, "ports mig_port=5200-5299", "%s", own);
    cr_expect_str_eq(over, "ports mig_port=5300", "%s", over);
    cr_expect_str_eq(other, "", "%s", other);
}

Test(share, a_host_whose_place_is_not_known_claims_what_all_places_do)
{
    expect("mig_port=5200\nmig_port_host2=5300\n", SHARE_ANY_PLACE,
           "ports mig_port=5200 ports mig_port=5300");
}

Test(share, each_vm_claims_its_own)
{
    expect("vms=vm1 vm2\nmig_port_vm1=5200\nmig_port_vm2_host1=5300\nmig_port_vm3=5400\n", 0,
           "ports mig_port=5200 ports mig_port=5300");
    expect("vms=vm1 vm2\nmig_port_vm1=5200\nmig_port_vm2_host1=5300\n", 1, "ports mig_port=5200");
}

Test(share, all_tests_that_run_count_and_each_claim_once)
{
    expect("mig_port=5200\n--\nmig_port=5200\n--\nmig_port=5300\n--\nmem=1\n--\nskip=1\n"
           "mig_port=5400\n",
           0, "ports mig_port=5200 ports mig_port=5300");
}
