#include <criterion/criterion.h>

#include "cfg/params.h"

static struct params *make(const char *const *pairs)
{
    struct params *p = params_new();

    for (; *pairs; pairs += 2)
        params_set(p, pairs[0], pairs[1], NULL);
    return p;
}

#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL})

Test(params, keep_the_order_in_which_keys_were_first_set)
{
    g_autoptr(params) p = MAKE("b", "1", "a", "2", "c", "3", "b", "4");
    g_autoptr(GString) seen = g_string_new(NULL);
    struct params_iter it;

    params_delete(p, "a");
    params_set(p, "a", "5", NULL);
    params_iter_init(&it, p);
    while (params_iter_next(&it))
        g_string_append_printf(seen, "%s%s ", it.key, it.value);
    cr_assert_str_eq(seen->str, "b4 c3 a5 ");
    cr_assert_eq(params_count(p), 3);
    cr_assert_not(params_delete(p, "z"));
}

Test(params, tell_absent_from_empty)
{
    g_autoptr(params) p = MAKE("empty", "");
    g_autoptr(GError) err = NULL;

    cr_assert_str_eq(params_get(p, "empty"), "");
    cr_assert_null(params_get(p, "absent"));
    cr_assert_str_eq(params_get_or(p, "absent", "x"), "x");
    cr_assert_null(params_require(p, "absent", &err));
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_MISSING));
    cr_assert_not_null(strstr(err->message, "'absent'"));
}

Test(params, copies_do_not_see_later_changes)
{
    g_autoptr(params) p = MAKE("a", "1");
    g_autoptr(params) copy = NULL;

    params_set_dep(p, (const char *const[]){"x", "y", NULL});
    copy = params_copy(p);
    params_set(p, "a", "2", "f:1");
    params_set_dep(p, NULL);
    cr_assert_str_eq(params_get(copy, "a"), "1");
    cr_assert_null(params_origin(copy, "a"));
    cr_assert_str_eq(params_dep(copy)[1], "y");
    cr_assert_null(params_dep(p)[0]);
}

Test(params, errors_of_types_name_key_value_and_origin)
{
    g_autoptr(params) p = params_new();
    g_autoptr(GError) err = NULL;
    int64_t out = 7;

    params_set(p, "smp", "four", "guest.cfg:12");
    cr_assert_eq(params_int(p, "smp", 1, &out, &err), -1);
    cr_assert_eq(out, 7, "the output is touched on failure");
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_assert_not_null(strstr(err->message, "'smp'"));
    cr_assert_not_null(strstr(err->message, "'four'"));
    cr_assert_not_null(strstr(err->message, "guest.cfg:12"));
}

Test(params, whole_numbers)
{
    static const struct {
        const char *text;
        int64_t number;
        bool wrong;
    } cases[] = {
        {"0", 0, false},
        {" 42 ", 42, false},
        {"-17", -17, false},
        {"+3", 3, false},
        {"0x1f", 31, false},
        {"0o17", 15, false},
        {"0b101", 5, false},
        {"9223372036854775807", INT64_MAX, false},
        {"-9223372036854775808", INT64_MIN, false},
        {"9223372036854775808", 0, true},
        {"-9223372036854775809", 0, true},
        {"", 99, false},
        {"  ", 99, false},
        {"1.5", 0, true},
        {"1x", 0, true},
        {"0x", 0, true},
        {"--1", 0, true},
        {"1 2", 0, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(params) p = MAKE("n", cases[i].text);
        g_autoptr(GError) err = NULL;
        int64_t out = -1;
        int status = params_int(p, "n", 99, &out, &err);

        cr_assert_eq(status, cases[i].wrong ? -1 : 0, "'%s'", cases[i].text);
        if (!cases[i].wrong)
            cr_assert_eq(out, cases[i].number, "'%s' gave %" G_GINT64_FORMAT, cases[i].text, out);
    }
}

Test(params, numbers_outside_their_range_are_refused)
{
    g_autoptr(params) p = MAKE("port", "70000");
    g_autoptr(GError) err = NULL;
    int64_t out = 0;

    cr_assert_eq(params_int_range(p, "port", 1, 65535, 0, &out, &err), -1);
    cr_assert_not_null(strstr(err->message, "from 1 to 65535"));
    cr_assert_eq(params_int_range(p, "absent", 1, 65535, 0, &out, NULL), 0);
    cr_assert_eq(out, 0);
}

Test(params, decimal_numbers)
{
    g_autoptr(params) p = MAKE("a", "-0.25", "b", "nan", "c", "0x10", "d", "1e3");
    double out = 9;

    cr_assert_eq(params_double(p, "a", 0, &out, NULL), 0);
    cr_assert_eq(out, -0.25);
    cr_assert_eq(params_double(p, "b", 0, &out, NULL), -1);
    cr_assert_eq(params_double(p, "c", 0, &out, NULL), -1);
    cr_assert_eq(params_double(p, "d", 0, &out, NULL), 0);
    cr_assert_eq(out, 1000);
}

Test(params, truth)
{
    g_autoptr(params) p =
        MAKE("a", "yes", "b", "OFF", "c", "true", "d", "No", "e", "maybe", "f", "", "g", "1");
    static const struct {
        const char *key;
        int status;
        bool out;
    } cases[] = {{"a", 0, true},  {"b", 0, false}, {"c", 0, true}, {"d", 0, false},
                 {"e", -1, true}, {"f", 0, true},  {"g", 0, true}, {"absent", 0, true}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool out = true;

        cr_assert_eq(params_bool(p, cases[i].key, true, &out, NULL), cases[i].status);
        cr_assert_eq(out, cases[i].out, "%s", cases[i].key);
    }
}

Test(params, sizes_have_units_and_decimals)
{
    static const struct {
        const char *text;
        uint64_t bytes;
        bool wrong;
    } cases[] = {
        {"512", 512u << 20, false},
        {"512M", 512u << 20, false},
        {"1.5g", 3u << 29, false},
        {"100B", 100, false},
        {".5K", 512, false},
        {"1T", UINT64_C(1) << 40, false},
        {"16383T", UINT64_C(16383) << 40, false},
        {"9007199254740993B", UINT64_C(9007199254740993), false},
        {"16777216T", 0, true},
        {"99999999999999999999999", 0, true},
        {"-1", 0, true},
        {"1KB", 0, true},
        {"1X", 0, true},
        {".", 0, true},
        {"M", 0, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(params) p = MAKE("mem", cases[i].text);
        uint64_t out = 5;

        cr_assert_eq(params_size(p, "mem", 1u << 20, 0, &out, NULL), cases[i].wrong ? -1 : 0,
                     "'%s'", cases[i].text);
        cr_assert_eq(out, cases[i].wrong ? 5 : cases[i].bytes, "'%s'", cases[i].text);
    }
}

Test(params, times_are_seconds_unless_they_say_otherwise)
{
    static const struct {
        const char *text;
        int64_t ms;
        bool wrong;
    } cases[] = {
        {"30", 30000, false},
        {"0.25", 250, false},
        {"250ms", 250, false},
        {"1.5m", 90000, false},
        {"2h", 7200000, false},
        {"3d", 259200000, false},
        {"10s", 10000, false},
        {"-1", 0, true},
        {"1 s", 0, true},
        {"5min", 0, true},
        {"999999999999999999d", 0, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(params) p = MAKE("t", cases[i].text);
        int64_t out = 5;

        cr_assert_eq(params_duration_ms(p, "t", 1, &out, NULL), cases[i].wrong ? -1 : 0, "'%s'",
                     cases[i].text);
        cr_assert_eq(out, cases[i].wrong ? 5 : cases[i].ms, "'%s'", cases[i].text);
    }
}

Test(params, texts_from_elsewhere_are_parsed_alike)
{
    g_autoptr(GError) err = NULL;
    int64_t ms = 0;
    uint64_t bytes = 0;

    cr_assert_eq(params_parse_duration_ms("--for", "72h", &ms, NULL), 0);
    cr_assert_eq(ms, INT64_C(259200000));
    cr_assert_eq(params_parse_size("--limit", "2K", 1, &bytes, NULL), 0);
    cr_assert_eq(bytes, 2048);
    cr_assert_eq(params_parse_duration_ms("--for", " ", &ms, &err), -1);
    cr_assert_not_null(strstr(err->message, "--for"));
}

Test(params, objects_are_words_without_duplicates)
{
    g_autoptr(params) p = MAKE("vms", " vm1  vm2\tvm1 vm3 ", "list", "a, b,,a ");
    g_auto(GStrv) vms = params_objects(p, "vms");
    g_auto(GStrv) none = params_objects(p, "absent");
    g_auto(GStrv) list = params_list(p, "list", ",");
    g_autofree char *joined = g_strjoinv("+", vms);
    g_autofree char *items = g_strjoinv("+", list);

    cr_assert_str_eq(joined, "vm1+vm2+vm3");
    cr_assert_null(none[0]);
    cr_assert_str_eq(items, "a+b+a");
}

Test(params, the_specific_value_beats_the_general_one)
{
    g_autoptr(params) p = MAKE("mem_vm1", "1", "mem", "2", "mem_vm11", "3", "mem_ovm1", "4");
    g_autoptr(params) vm1 = params_object_params(p, "vm1");
    g_autoptr(params) vm2 = params_object_params(p, "vm2");

    cr_assert_str_eq(params_get(vm1, "mem"), "1");
    cr_assert_str_eq(params_get(vm1, "mem_vm1"), "1");
    cr_assert_str_eq(params_get(vm2, "mem"), "2");
    cr_assert_str_eq(params_get(p, "mem"), "2");
}

Test(params, only_the_tail_of_a_key_is_its_object)
{
    g_autoptr(params) p = MAKE("a_vm1_b_vm1", "1", "_vm1", "2");
    g_autoptr(params) vm1 = params_object_params(p, "vm1");

    cr_assert_str_eq(params_get(vm1, "a_vm1_b"), "1");
    cr_assert_null(params_get(vm1, "a"));
    cr_assert_null(params_get(vm1, ""));
}

Test(params, objects_chain_from_the_outside_in)
{
    g_autoptr(params) p = MAKE("size", "4", "size_vm1", "3", "size_image1", "2", "size_image1_vm1",
                               "1", "other_vm1", "5", "wrong_vm1_image1", "6", "wrong", "7");
    g_autoptr(params) vm = params_object_params(p, "vm1");
    g_autoptr(params) image = params_object_params(vm, "image1");

    cr_assert_str_eq(params_get(image, "size"), "1");
    cr_assert_str_eq(params_get(image, "other"), "5");
    cr_assert_str_eq(params_get(image, "wrong"), "7");
}

Test(params, an_object_keeps_the_origin_of_its_values)
{
    g_autoptr(params) p = params_new();
    g_autoptr(params) vm = NULL;

    params_set(p, "mem", "1", "a:1");
    params_set(p, "mem_vm1", "2", "b:2");
    vm = params_object_params(p, "vm1");
    cr_assert_str_eq(params_origin(vm, "mem"), "b:2");
    cr_assert_str_eq(params_origin(p, "mem"), "a:1");
}

Test(params, an_update_wins_and_keeps_the_dependencies)
{
    g_autoptr(params) p = MAKE("a", "1", "b", "2");
    g_autoptr(params) over = MAKE("b", "3", "c", "4");

    params_set_dep(p, (const char *const[]){"d", NULL});
    params_update(p, over);
    cr_assert_str_eq(params_get(p, "b"), "3");
    cr_assert_str_eq(params_get(p, "c"), "4");
    cr_assert_str_eq(params_dep(p)[0], "d");
}
