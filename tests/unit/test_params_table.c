#include "migration/params.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(params_table, .timeout = 10);

Test(params_table, every_default_is_of_its_own_type)
{
    g_autoptr(params) empty = params_new();
    size_t count;
    const struct param_info *infos = param_infos(&count);

    for (size_t i = 0; i < count; i++) {
        const char *name = infos[i].name;
        g_autoptr(GError) err = NULL;
        g_auto(GStrv) words = NULL;
        int64_t number;
        uint64_t bytes;
        bool flag;

        switch (infos[i].kind) {
        case PARAM_STRING:
            cr_expect_eq(param_text(empty, name), infos[i].fallback);
            break;
        case PARAM_LIST:
            words = param_list(empty, name);
            cr_expect(infos[i].fallback == NULL || words[0] != NULL, "%s", name);
            break;
        case PARAM_INT:
            cr_expect_eq(param_int(empty, name, &number, &err), 0, "%s", name);
            break;
        case PARAM_BOOL:
            cr_expect_eq(param_bool(empty, name, &flag, &err), 0, "%s", name);
            break;
        case PARAM_SIZE:
            cr_expect_eq(param_size(empty, name, &bytes, &err), 0, "%s", name);
            cr_expect_gt(infos[i].unit, 0, "%s", name);
            break;
        case PARAM_DURATION:
            cr_expect_eq(param_duration_ms(empty, name, &number, &err), 0, "%s", name);
            break;
        }
        cr_expect_null(err);
    }
}

Test(params_table, no_name_is_there_twice_and_each_has_a_sentence)
{
    size_t count;
    const struct param_info *infos = param_infos(&count);

    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(param_info(infos[i].name), &infos[i], "%s is there twice", infos[i].name);
        cr_expect(infos[i].doc != NULL && infos[i].section != NULL, "%s", infos[i].name);
        cr_expect_neq(infos[i].doc[strlen(infos[i].doc) - 1], '.', "%s", infos[i].name);
    }
}

Test(params_table, bare_numbers_count_the_unit_of_the_row)
{
    g_autoptr(params) params = params_new();
    uint64_t bytes;
    int64_t ms;

    params_set(params, "mem", "512", NULL);
    params_set(params, "mig_downtime", "0.02", NULL);
    cr_assert_eq(param_size(params, "mem", &bytes, NULL), 0);
    cr_assert_eq(bytes, (uint64_t)512 << 20);
    params_set(params, "mem", "64K", NULL);
    cr_assert_eq(param_size(params, "mem", &bytes, NULL), 0);
    cr_assert_eq(bytes, 65536);
    cr_assert_eq(param_duration_ms(params, "mig_downtime", &ms, NULL), 0);
    cr_assert_eq(ms, 20);
}

Test(params_table, blank_value_is_the_default)
{
    g_autoptr(params) params = params_new();
    g_auto(GStrv) nics = NULL;

    params_set(params, "machine_type", " ", NULL);
    params_set(params, "nics", "", NULL);
    nics = param_list(params, "nics");
    cr_assert_str_eq(param_text(params, "machine_type"), "pc");
    cr_assert_str_eq(nics[0], "nic1");
    cr_assert_not(param_is_set(params, "machine_type"));
}

Test(params_table, number_out_of_range_is_an_error)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) err = NULL;
    int64_t cpus = 5;

    params_set(params, "smp", "0", "a.cfg:3");
    cr_assert_eq(param_int(params, "smp", &cpus, &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_assert_eq(cpus, 5);
}

Test(params_table, a_word_of_a_list_must_match_the_pattern_of_its_row)
{
    static const char *const bad[] = {"",    "../../x", "-vm1", ".vm",      "vm 1",
                                      "vm/", "vm1\n",   "vm:1", "k\xc3\xb6"};
    g_autofree char *longest = g_strnfill(32, 'v');
    g_autofree char *too_long = g_strnfill(33, 'v');
    g_autoptr(GError) err = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        cr_expect_eq(param_check_word("vms", bad[i], NULL), -1, "%s", bad[i]);
    cr_expect_eq(param_check_word("vms", "vm1", NULL), 0);
    cr_expect_eq(param_check_word("vms", "1_a.B-c", NULL), 0);
    cr_expect_eq(param_check_word("vms", longest, NULL), 0);
    cr_expect_eq(param_check_word("vms", too_long, &err), -1);
    cr_expect(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_not_null(strstr(err->message, "cannot be a VM's name"), "%s", err->message);
    cr_expect_eq(param_check_word("nics", "any/thing", NULL), 0, "this row has no pattern");
}
