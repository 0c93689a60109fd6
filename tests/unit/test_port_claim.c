/* Ports that no two VMs have at a time. */
#include "migration/vm/platform.h"
#include "migration/vm/port_claim.h"

#include <criterion/criterion.h>

#define LOW 28000
#define HIGH 28002

TestSuite(port_claim, .timeout = 10);

Test(port_claim, a_port_is_one_owners_until_it_is_given_back)
{
    g_autoptr(port_claim) first = port_claim_new(LOW, HIGH, NULL);
    g_autoptr(port_claim) second = port_claim_new(LOW, HIGH, NULL);

    cr_assert_not_null(first);
    cr_assert_not_null(second);
    cr_expect_neq(port_claim_port(first), port_claim_port(second));
    uint16_t port = port_claim_port(first);
    port_claim_free(g_steal_pointer(&first));
    first = port_claim_new(port, port, NULL);
    cr_expect_eq(port_claim_port(first), port);
}

Test(port_claim, a_range_that_is_used_up_is_an_error_that_names_it)
{
    g_autoptr(port_claim) only = port_claim_new(LOW + 10, LOW + 10, NULL);
    g_autoptr(GError) error = NULL;

    cr_assert_not_null(only);
    cr_assert_null(port_claim_new(LOW + 10, LOW + 10, &error));
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_START));
    cr_expect_str_eq(error->message, "none of the ports 28010 to 28010 is free on 127.0.0.1");
}
