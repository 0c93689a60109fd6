#include "migration/machine/xml.h"

#include "migration/vm/platform.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(xml, .timeout = 10);

static void expect_text(const struct xml *root, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = xml_print(root, &error);

    cr_assert_not_null(text, "%s", error != NULL ? error->message : "");
    cr_expect_str_eq(text, expected);
}

Test(xml, is_a_tree_that_is_filled_in_any_order)
{
    g_autoptr(xml) root = xml_new("a");
    struct xml *own = xml_new("d");

    xml_text_int(xml_get(root, "b"), -7);
    xml_set_int(xml_set(xml_add(root, "c"), "x", "1"), "y", 2);
    xml_set(xml_set(xml_get(root, "b"), "x", "old"), "x", "new");
    xml_set(xml_get(root, "b"), "z", NULL);
    xml_adopt(root, own);
    expect_text(root, "<a>\n  <b x=\"new\">-7</b>\n  <c x=\"1\" y=\"2\"/>\n  <d/>\n</a>\n");
}

Test(xml, a_value_is_read_as_it_was_written)
{
    g_autoptr(xml) root = xml_new("a");

    xml_text(xml_set(root, "x", "<\"&'>\n\t\r"), "]]> & \xc3\xa9\r");
    expect_text(
        root, "<a x=\"&lt;&quot;&amp;&apos;&gt;&#10;&#9;&#13;\">]]&gt; &amp; \xc3\xa9&#13;</a>\n");
}

Test(xml, what_no_xml_has_is_refused_with_the_element)
{
    static const char *const values[] = {"\x01", "\x1b[0m", "\xff", "\xef\xbf\xbe"};

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(xml) root = xml_new("a");
        g_autoptr(GError) error = NULL;

        xml_set(xml_add(root, "b"), "x", values[i]);
        cr_assert_null(xml_print(root, &error));
        cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
        cr_expect_not_null(strstr(error->message, "<b>"), "%s", error->message);
    }
}
