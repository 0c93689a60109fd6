#include <criterion/criterion.h>

#include "cfg/jsonl.h"

static void expect_escaped(const char *text, size_t size, const char *expected)
{
    g_autofree char *out = g_malloc(JSONL_ESCAPED_MAX(size) + 1);
    size_t n = jsonl_escape(out, text, size);

    cr_assert_leq(n, JSONL_ESCAPED_MAX(size));
    out[n] = '\0';
    cr_assert_str_eq(out, expected);
}

Test(jsonl, escapes_what_json_asks_for_and_nothing_else)
{
    expect_escaped("", 0, "\"\"");
    expect_escaped("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
    expect_escaped("\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\"");
    expect_escaped("\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\"");
    expect_escaped("x\0y", 3, "\"x\\u0000y\"");
    expect_escaped("\xc3\xa4\xe2\x80\xa8", 5, "\"\xc3\xa4\xe2\x80\xa8\"");
}

Test(jsonl, escapes_at_every_position_of_a_long_text)
{
    for (size_t at = 0; at < 50; at++) {
        g_autofree char *text = g_strnfill(50, 'x');
        g_autoptr(GString) expected = g_string_new("\"");

        text[at] = '"';
        for (size_t i = 0; i < 50; i++)
            g_string_append(expected, i == at ? "\\\"" : "x");
        g_string_append_c(expected, '"');
        expect_escaped(text, 50, expected->str);
    }
}

Test(jsonl, sorts_the_keys_of_params)
{
    g_autoptr(params) p = params_new();
    g_autoptr(GString) out = g_string_new("before ");

    params_set(p, "z", "1", NULL);
    params_set(p, "Z", "2", NULL);
    params_set(p, "name", "a.b", NULL);
    params_set(p, "", "3", NULL);
    params_set_dep(p, (const char *const[]){"x", "y", NULL});
    jsonl_append_params(out, p);
    cr_assert_str_eq(out->str, "before {\"\":\"3\",\"Z\":\"2\",\"dep\":[\"x\",\"y\"],"
                               "\"name\":\"a.b\",\"shortname\":\"\",\"z\":\"1\"}\n");
}

/* Texts without escapes are copied in pieces of 16 and 64 bytes, the last one overlapping. */
Test(jsonl, finds_an_escape_at_any_place_of_any_length)
{
    for (size_t size = 1; size < 200; size++)
        for (size_t at = 0; at <= size; at++) {
            g_autofree char *text = g_strnfill(size, 'x');
            g_autofree char *expected = g_strnfill(size + 3, 'x');
            g_autofree char *out = g_malloc(JSONL_ESCAPED_MAX(size));
            size_t length = size + 2 + (at < size);

            expected[0] = expected[length - 1] = '"';
            if (at < size) {
                text[at] = '\n';
                memcpy(expected + 1 + at, "\\n", 2);
            }
            cr_assert_eq(jsonl_escape(out, text, size), length);
            cr_assert_arr_eq(out, expected, length);
        }
}
