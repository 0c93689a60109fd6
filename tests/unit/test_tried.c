/* What is said by who gives up to log in. */
#include "migration/guest/tried.h"

#include <criterion/criterion.h>

Test(tried, says_what_each_place_said_last_and_how_often_it_was_tried)
{
    g_autoptr(tried) tried = tried_new();
    g_autofree char *text = NULL;

    for (unsigned i = 0; i < 13; i++)
        tried_note(tried, "ssh", "10.0.0.7", 22, "ssh root@10.0.0.7:22: no route");
    tried_note(tried, "ssh", "10.0.0.7", 22, "ssh root@10.0.0.7:22: refused");
    tried_note(tried, "serial", NULL, 0, "serial root: nobody answers");
    tried_note(tried, "ssh", "10.0.0.8", 22, "ssh root@10.0.0.8:22: refused");
    text = tried_text(tried);
    cr_expect_str_eq(text, "ssh root@10.0.0.7:22: refused, 14 tries; serial root: nobody answers; "
                           "ssh root@10.0.0.8:22: refused");
}

Test(tried, remembers_the_last_of_a_guest_that_has_another_address_each_time)
{
    g_autoptr(tried) tried = tried_new();
    g_autofree char *text = NULL;

    for (unsigned i = 0; i < 1000; i++) {
        g_autofree char *address = g_strdup_printf("10.0.%u.%u", i / 250, i % 250);

        tried_note(tried, "ssh", address, 22, address);
    }
    cr_expect_eq(tried_places(tried), TRIED_MAX);
    text = tried_text(tried);
    cr_expect(g_str_has_suffix(text, "; 10.0.3.249"), "%s", text);
}
