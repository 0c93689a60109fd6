/* A line of text on which a guest may say what it likes. */
#include "migration/guest/console.h"

#include <criterion/criterion.h>
#include <string.h>

#define MANY 8192

TestSuite(console, .timeout = 10);

Test(console, keeps_the_last_of_what_a_guest_says_without_end)
{
    struct console console = {.heard = g_string_new(NULL)};
    char bytes[MANY];

    memset(bytes, 'x', sizeof bytes);
    bytes[0] = '\0';
    for (unsigned i = 0; i < 1024; i++)
        console_take(&console, bytes, sizeof bytes);
    console_take(&console, "login: ", strlen("login: "));
    cr_expect_leq(console.heard->len, (gsize)1 << 20);
    cr_expect(g_str_has_suffix(console.heard->str, "xxlogin: "));
    cr_expect_eq(strlen(console.heard->str), console.heard->len);
    g_string_free(console.heard, TRUE);
}
