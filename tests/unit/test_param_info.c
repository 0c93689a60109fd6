#include "cfg/param-info.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct param_info rows[PARAM_KINDS] = {
    [PARAM_STRING] = {.kind = PARAM_STRING, .word_pattern = "^[a-z]+$", .word_rule = "letters"},
    [PARAM_INT] = {.kind = PARAM_INT, .min = 1, .max = 9},
    [PARAM_BOOL] = {.kind = PARAM_BOOL},
    [PARAM_SIZE] = {.kind = PARAM_SIZE, .unit = 1 << 20, .min = 1 << 20, .max = INT64_MAX},
    [PARAM_DURATION] = {.kind = PARAM_DURATION, .min = 0, .max = 60000},
    [PARAM_LIST] = {.kind = PARAM_LIST, .word_pattern = "^[a-z]+$", .word_rule = "a name"},
    [PARAM_WORD] = {.kind = PARAM_WORD,
                    .values = (const char *const[]){"yes", "no", "auto", NULL},
                    .later = (const struct param_later[]){{"soon", "it is not done"}, {NULL, NULL}},
                    .word_pattern = "^[0-9]{4}$",
                    .word_rule = "a year"},
    [PARAM_PORTS] = {.kind = PARAM_PORTS},
    [PARAM_ADDRESS] = {.kind = PARAM_ADDRESS},
    [PARAM_MAC] = {.kind = PARAM_MAC},
    [PARAM_UUID] = {.kind = PARAM_UUID},
    [PARAM_PATH] = {.kind = PARAM_PATH},
    [PARAM_TAIL] = {.kind = PARAM_TAIL},
};

static void good(enum param_kind kind, const char *text)
{
    g_autoptr(GError) err = NULL;

    cr_expect_eq(param_value_check(&rows[kind], text, &err), 0, "%s '%s': %s",
                 param_kind_name(kind), text, err != NULL ? err->message : "");
}

static void bad(enum param_kind kind, const char *text, const char *hint)
{
    g_autoptr(GError) err = NULL;

    cr_expect_eq(param_value_check(&rows[kind], text, &err), -1, "%s '%s'", param_kind_name(kind),
                 text);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE), "%s", text);
    cr_expect_not_null(strstr(err->message, hint), "%s: %s", text, err->message);
}

Test(param_info, each_kind_takes_its_own_form)
{
    good(PARAM_STRING, "abc");
    good(PARAM_INT, " 9 ");
    good(PARAM_BOOL, "Off");
    good(PARAM_SIZE, "1G");
    good(PARAM_SIZE, "1");
    good(PARAM_DURATION, "1m");
    good(PARAM_LIST, "a  b\tc");
    good(PARAM_WORD, "auto");
    good(PARAM_WORD, "TRUE");
    good(PARAM_WORD, "0");
    good(PARAM_WORD, "soon");
    good(PARAM_WORD, "2026");
    good(PARAM_PORTS, "0");
    good(PARAM_PORTS, "65535");
    good(PARAM_PORTS, "5200-5899");
    good(PARAM_PORTS, "7-7");
    good(PARAM_ADDRESS, "192.0.2.1");
    good(PARAM_ADDRESS, "fe80::1%eth0");
    good(PARAM_MAC, "52:54:00:AB:cd:ef");
    good(PARAM_UUID, "9b2a0f7e-6a2c-4c1e-9d55-0d6c1f3b7a10");
    good(PARAM_PATH, "/a b/c");
    good(PARAM_TAIL, ",a=b");
}

Test(param_info, each_kind_refuses_what_is_not_and_says_what_would_be)
{
    bad(PARAM_STRING, "ABC", "letters");
    bad(PARAM_INT, "ten", "a whole number");
    bad(PARAM_INT, "10", "1 to 9");
    bad(PARAM_INT, "0", "1 to 9");
    bad(PARAM_BOOL, "maybe", "yes or no");
    bad(PARAM_SIZE, "lots", "512M");
    bad(PARAM_SIZE, "0", "at least 1048576 bytes");
    bad(PARAM_SIZE, "1023K", "at least");
    bad(PARAM_DURATION, "61", "0 to 60000 ms");
    bad(PARAM_DURATION, "5y", "the unit");
    bad(PARAM_LIST, "a B", "'B' cannot be a name");
    bad(PARAM_WORD, "aut", "did you mean auto? (expected yes, no, auto, or a year)");
    bad(PARAM_WORD, "son", "did you mean soon?");
    bad(PARAM_WORD, "maybe", "no such value (expected");
    bad(PARAM_WORD, "20260", "no such value");
    bad(PARAM_PORTS, "99999", "1 to 65535");
    bad(PARAM_PORTS, "5899-5200", "5200-5899");
    bad(PARAM_PORTS, "0-5", "expected a port");
    bad(PARAM_PORTS, "5-", "expected a port");
    bad(PARAM_PORTS, "-5", "expected a port");
    bad(PARAM_PORTS, "5-6-7", "expected a port");
    bad(PARAM_PORTS, "99999999999999999999999", "expected a port");
    bad(PARAM_ADDRESS, "host1", "numeric address");
    bad(PARAM_ADDRESS, "192.0.2.256", "numeric address");
    bad(PARAM_MAC, "zz", "52:54:00:12:34:56");
    bad(PARAM_MAC, "52:54:00:12:34:5", "52:54:00:12:34:56");
    bad(PARAM_MAC, "52-54-00-12-34-56", "52:54:00:12:34:56");
    bad(PARAM_MAC, "01:00:5e:00:00:01", "multicast");
    bad(PARAM_MAC, "ff:ff:ff:ff:ff:ff", "multicast");
    bad(PARAM_MAC, "00:00:00:00:00:00", "not all zero");
    bad(PARAM_UUID, "zz", "a UUID such as");
    bad(PARAM_PATH, "a\nb", "one line");
    bad(PARAM_TAIL, "a=b", "begins with a comma: ,a=b");
}

Test(param_info, a_blank_value_is_right_and_asks_for_nothing)
{
    for (unsigned kind = 0; kind < PARAM_KINDS; kind++) {
        struct param_info never = rows[kind];

        never.care = PARAM_NOT_SUPPORTED;
        never.why = "it is not done";
        good(kind, "");
        good(kind, " \t");
        cr_expect_null(param_value_unsupported(&never, " "), "%s", param_kind_name(kind));
        cr_expect_not_null(param_value_unsupported(&never, "x"), "%s", param_kind_name(kind));
    }
}

Test(param_info, what_is_done_anyway_is_supported_however_it_is_written)
{
    const struct param_info flag = {.kind = PARAM_BOOL,
                                    .care = PARAM_NOT_SUPPORTED,
                                    .same = (const char *const[]){"no", NULL},
                                    .why = "it is not done"};

    cr_expect_null(param_value_unsupported(&flag, "no"));
    cr_expect_null(param_value_unsupported(&flag, "OFF"));
    cr_expect_null(param_value_unsupported(&flag, "0"));
    cr_expect_str_eq(param_value_unsupported(&flag, "yes"), "it is not done");
    cr_expect_str_eq(param_value_unsupported(&rows[PARAM_WORD], "soon"), "it is not done");
    cr_expect_null(param_value_unsupported(&rows[PARAM_WORD], "auto"));
}

static void expect_refused(const struct param_info *info, const char *text, const char *said)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(param_value_check(info, text, &err), -1);
    cr_expect_str_eq(err->message, said);
}

Test(param_info, words_are_listed_if_they_are_few_or_none_is_near)
{
    static const char *const few[] = {"north", "south", NULL};
    static const char *const many[] = {"ab", "cd", "ef", "gh",   "ij",
                                       "kl", "mn", "op", "east", NULL};
    const struct param_info short_row = {.name = "x", .kind = PARAM_WORD, .values = few};
    const struct param_info long_row = {.name = "x", .kind = PARAM_WORD, .values = many};

    expect_refused(&short_row, "nroth",
                   "no such value; did you mean north? (expected north, south)");
    expect_refused(&long_row, "esat", "no such value; did you mean east?");
    expect_refused(&long_row, "zzz",
                   "no such value (expected ab, cd, ef, gh, ij, kl, mn, op, east)");
}

Test(param_info, values_are_compared_by_what_they_say)
{
    cr_expect(param_value_equal(&rows[PARAM_SIZE], "1G", "1024"));
    cr_expect_not(param_value_equal(&rows[PARAM_SIZE], "1G", "1"));
    cr_expect(param_value_equal(&rows[PARAM_DURATION], "60", "1m"));
    cr_expect(param_value_equal(&rows[PARAM_BOOL], "yes", "1"));
    cr_expect_not(param_value_equal(&rows[PARAM_BOOL], "yes", "0"));
    cr_expect(param_value_equal(&rows[PARAM_INT], "0x10", "16"));
    cr_expect(param_value_equal(&rows[PARAM_LIST], "a b a", " a  b"));
    cr_expect_not(param_value_equal(&rows[PARAM_LIST], "a b", "b a"));
    cr_expect(param_value_equal(&rows[PARAM_MAC], "AA:00:00:00:00:01", "aa:00:00:00:00:01"));
    cr_expect_not(param_value_equal(&rows[PARAM_STRING], "a", "b"));
}

Test(param_info, every_kind_and_class_has_a_name_that_leads_back)
{
    for (unsigned kind = 0; kind < PARAM_KINDS; kind++)
        cr_expect_eq(param_kind_named(param_kind_name(kind)), kind);
    for (unsigned care = 0; care < PARAM_CARES; care++)
        cr_expect_eq(param_care_named(param_care_name(care)), care);
    cr_expect_eq(param_kind_named("nonsense"), PARAM_KINDS);
}
