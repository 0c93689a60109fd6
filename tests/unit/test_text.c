#include "orchestrator/report/text.h"

#include <criterion/criterion.h>

static void expect(char *actual, const char *expected)
{
    cr_expect_str_eq(actual, expected, "\"%s\" is not \"%s\"", actual, expected);
    g_free(actual);
}

Test(text, in_ascii_keeps_its_meaning)
{
    expect(text_ascii("STOP→RESUME …"), "STOP->RESUME ...");
    expect(text_ascii("日 \xf0\x9f\x90\xa7"), "\\u65e5 \\U0001f427");
    expect(text_ascii("plain\033[0m"), "plain\033[0m");
}

Test(text, prints_times_in_utc_with_milliseconds)
{
    expect(text_time(0), "1970-01-01T00:00:00.000Z");
    expect(text_time(1795302000123999), "2026-11-21T23:00:00.123Z");
    expect(text_time(G_MAXINT64), "-");
}

Test(text, lets_no_control_character_through)
{
    /* U+202E: what follows is read from right to left. */
    static const char turned[] = {'t', 'u', 'r', 'n', 'e', 'd', ' ', '\xe2', '\x80', '\xae', '\0'};

    expect(text_printable("plain é \\ text"), "plain é \\ text");
    expect(text_printable("two\nlines\r\tand \x1b[2Jmore\x7f"),
           "two\\nlines\\r\\tand \\x1b[2Jmore\\x7f");
    expect(text_printable("c1 \xc2\x9b"
                          "2J"),
           "c1 \\x9b2J");
    expect(text_printable(turned), "turned \\u202e");
    expect(text_printable("bad \xff byte"), "bad \xef\xbf\xbd byte");
}

Test(text, cuts_bytes_at_whole_characters)
{
    expect(text_cut_bytes("abcd", 4), "abcd");
    expect(text_cut_bytes("abcd", 3), "abc");
    expect(text_cut_bytes("abé", 3), "ab");
    expect(text_cut_bytes("abé", 4), "abé");
    expect(text_cut_bytes("é", 1), "");
}

Test(text, cuts_columns_and_says_so)
{
    expect(text_cut_columns("abcdef", 6, "…"), "abcdef");
    expect(text_cut_columns("abcdef", 5, "…"), "abcd…");
    expect(text_cut_columns("abcdef", 1, "…"), "…");
    expect(text_cut_columns("abcdef", 0, "…"), "");
    expect(text_cut_columns("abcdef", 5, "..."), "ab...");
    expect(text_cut_columns("abcdef", 2, "..."), "");
    expect(text_cut_columns("日本語", 5, "…"), "日本…");
    expect(text_cut_columns("日本語", 4, "…"), "日…");
    cr_expect_eq(text_columns("日本e\xcc\x81"), 5);
}

Test(text, gives_sizes_and_durations_units)
{
    expect(text_bytes(0), "0 B");
    expect(text_bytes(1023), "1023 B");
    expect(text_bytes(1024), "1.0 KiB");
    expect(text_bytes(1024 * 1024 - 1), "1.0 MiB");
    expect(text_bytes(38797312), "37.0 MiB");
    expect(text_bytes(1.5 * (1L << 30)), "1.5 GiB");
    expect(text_duration(0.04), "0.0 s");
    expect(text_duration(59.94), "59.9 s");
    expect(text_duration(59.96), "1 min 00 s");
    expect(text_duration(125), "2 min 05 s");
    expect(text_duration(3599.7), "1 h 00 min");
    expect(text_duration(3720), "1 h 02 min");
}

Test(text, milliseconds_have_groups_of_digits_and_no_more_than_is_meant)
{
    static const struct {
        double ms;
        const char *text;
    } cases[] = {{0, "0 ms"},
                 {20, "20 ms"},
                 {0.5, "0.5 ms"},
                 {100, "100 ms"},
                 {31.4821, "31.482 ms"},
                 {1219, "1,219 ms"},
                 {999999.6, "1,000,000 ms"}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = text_ms(cases[i].ms);

        cr_expect_str_eq(text, cases[i].text);
    }
}
