#include "migration/params.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(params_table, .timeout = 10);

Test(params_table, every_default_is_of_its_own_type)
{
    g_autoptr(params) empty = params_new();
    size_t count;
    const struct param_info *const *infos = param_infos(&count);

    for (size_t i = 0; i < count; i++) {
        const struct param_info *info = infos[i];
        const char *name = info->name;
        g_autoptr(GError) err = NULL;
        g_auto(GStrv) words = NULL;
        int64_t number;
        uint64_t bytes;
        bool flag;

        switch (info->kind) {
        case PARAM_LIST:
            words = param_list(empty, name);
            cr_expect(info->fallback == NULL || words[0] != NULL, "%s", name);
            break;
        case PARAM_INT:
            cr_expect_eq(param_int(empty, name, &number, &err), 0, "%s", name);
            break;
        case PARAM_BOOL:
            cr_expect_eq(param_bool(empty, name, &flag, &err), 0, "%s", name);
            break;
        case PARAM_SIZE:
            cr_expect_eq(param_size(empty, name, &bytes, &err), 0, "%s", name);
            cr_expect_gt(info->unit, 0, "%s", name);
            break;
        case PARAM_DURATION:
            cr_expect_eq(param_duration_ms(empty, name, &number, &err), 0, "%s", name);
            break;
        default:
            cr_expect_eq(param_text(empty, name), info->fallback);
        }
        cr_expect_null(err);
        if (info->fallback != NULL)
            cr_expect_eq(param_value_check(info, info->fallback, &err), 0, "%s: %s", name,
                         err != NULL ? err->message : "");
    }
}

static void expect_sentence(const char *name, const char *text)
{
    cr_expect(text != NULL && *text != '\0', "%s", name);
    cr_expect(text == NULL || !g_str_has_suffix(text, "."), "%s: %s", name, text);
}

Test(params_table, every_row_says_what_it_must)
{
    for (const struct param_info *const *row = param_infos(NULL); *row != NULL; row++) {
        const struct param_info *info = *row;

        cr_expect_eq(param_info(info->name), info, "%s", info->name);
        cr_expect_not_null(info->section, "%s", info->name);
        expect_sentence(info->name, info->doc);
        cr_expect(info->values != NULL || info->kind != PARAM_WORD, "%s", info->name);
        cr_expect_eq(info->word_pattern != NULL, info->word_rule != NULL, "%s", info->name);
        if (info->care != PARAM_HONOURED || info->why != NULL)
            expect_sentence(info->name, info->why);
        cr_expect(info->care != PARAM_HONOURED || info->same == NULL, "%s", info->name);
        for (const struct param_later *l = info->later; l != NULL && l->word != NULL; l++)
            expect_sentence(info->name, l->why);
        for (const char *const *name = info->only_with; name != NULL && *name != NULL; name++)
            cr_expect_not_null(param_info(*name), "%s counts only with %s", info->name, *name);
        for (const char *const *same = info->same; same != NULL && *same != NULL; same++)
            cr_expect_eq(param_value_check(info, *same, NULL), 0, "%s = %s", info->name, *same);
    }
}

Test(params_table, what_must_be_the_same_everywhere_could_be_another_somewhere)
{
    for (const struct param_info *const *row = param_infos(NULL); *row != NULL; row++)
        cr_expect(!(*row)->same_everywhere || (*row)->scopes & PARAM_PER_HOST, "%s", (*row)->name);
}

Test(params_table, a_historic_name_is_no_row_and_its_current_name_is_one)
{
    for (const struct param_alias *alias = param_aliases(); alias->name != NULL; alias++) {
        const struct param_info *current = param_info(alias->current);

        cr_expect_null(param_info(alias->name), "%s", alias->name);
        cr_assert_not_null(current, "%s", alias->current);
        for (const struct param_alias_value *v = alias->values; v != NULL && v->from != NULL; v++)
            cr_expect(v->to == NULL || param_value_check(current, v->to, NULL) == 0, "%s = %s",
                      alias->name, v->from);
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

Test(params_table, blank_value_is_the_default_but_a_blank_list_is_empty)
{
    g_autoptr(params) params = params_new();
    g_auto(GStrv) nics = NULL;
    g_auto(GStrv) vms = param_list(params, "vms");

    params_set(params, "machine_type", " ", NULL);
    params_set(params, "nics", "", NULL);
    nics = param_list(params, "nics");
    cr_assert_str_eq(param_text(params, "machine_type"), "pc");
    cr_assert_null(nics[0]);
    cr_assert_str_eq(vms[0], "vm1");
    cr_assert_not(param_is_set(params, "machine_type"));
}

Test(params_table, a_word_reads_as_its_row_spells_it)
{
    g_autoptr(params) params = params_new();

    params_set(params, "enable_kvm", "OFF", NULL);
    cr_expect_str_eq(param_text(params, "enable_kvm"), "no");
    params_set(params, "enable_kvm", " 1", NULL);
    cr_expect_str_eq(param_text(params, "enable_kvm"), "yes");
    params_set(params, "enable_kvm", "maybe", NULL);
    cr_expect_str_eq(param_text(params, "enable_kvm"), "maybe");
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
    cr_expect_eq(param_check_word("dep", "any/thing", NULL), 0, "this row has no pattern");
}
