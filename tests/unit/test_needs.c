/* Versions that a test is for. */
#include "migration/scenario/process/needs.h"

#include <criterion/criterion.h>

static void expect(const char *interval, const char *version, bool expected)
{
    g_autoptr(GError) error = NULL;
    bool is_in = !expected;
    cr_expect_eq(needs_version("v", interval, version, &is_in, &error), 0, "%s", interval);
    cr_expect_eq(is_in, expected, "%s in %s", version, interval);
}

Test(needs, a_version_is_in_an_interval_or_not)
{
    expect("[6.1, 7.0)", "6.1.0-57-cloud-amd64", true);
    expect("[6.1, 7.0)", "7.0.0", false);
    expect("[6.1,7.0]", "7.0", true);
    expect("(6.1,7.0]", "6.1", false);
    expect("(6.1,7.0]", "6.1.0.1", true);
    expect("[5.10,)", "5.9.100", false);
    expect("[5.10,)", "5.10", true);
    expect("(,9.0)", "10.0.0", false);
    expect("( , )", "10.0.0", true);
}

Test(needs, what_is_no_interval_is_an_error)
{
    static const char *const none[] = {"6.1", "[6.1", "[6.1]", "[a, b]", "", "[1,2,3]"};
    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(GError) error = NULL;
        bool is_in;
        cr_expect_eq(needs_version("v", none[i], "1", &is_in, &error), -1, "%s", none[i]);
        cr_expect(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    }
}
