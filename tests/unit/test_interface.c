#include "migration/move/interface.h"

#include <criterion/criterion.h>
#include <string.h>

Test(interface, has_an_address_of_the_family_that_is_wanted)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *address = interface_address("lo", "192.0.2.1", &error);

    cr_assert_str_eq(address, "127.0.0.1", "%s", error != NULL ? error->message : "");
}

Test(interface, that_is_not_there_is_named)
{
    g_autoptr(GError) error = NULL;

    cr_assert_null(interface_address("nonesuch0", "192.0.2.1", &error));
    cr_expect_str_eq(error->message, "there is no interface nonesuch0");
}
