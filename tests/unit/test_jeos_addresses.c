/* What jeos is told of the addresses of its cards. */
#include "migration/guest/jeos_addresses.h"

#include "tests/unit/params_help.h"

#include <criterion/criterion.h>

TestSuite(jeos_addresses, .timeout = 10);

static void expect(const char *words, const char *settings)
{
    g_autoptr(params) params = params_of(settings);
    g_autofree char *said = jeos_addresses(params);
    cr_expect_str_eq(said, words);
}

Test(jeos_addresses, of_the_user_network_nothing_is_said)
{
    expect("", "nics=nic1 nic2;ip=192.0.2.7");
}

Test(jeos_addresses, a_card_on_a_bridge_has_the_one_that_is_given_or_asks)
{
    expect(" vtmh.ip=192.0.2.7/24", "nettype=bridge;ip=192.0.2.7");
    expect(" vtmh.ip=192.0.2.7/16", "nettype=bridge;ip=192.0.2.7/16");
    expect(" vtmh.ip=fd00::5/64", "nettype=network;ip_nic1=fd00::5");
    expect(" vtmh.ip=dhcp", "nettype=bridge");
}

Test(jeos_addresses, each_card_has_a_word_of_its_own)
{
    expect(" vtmh.ip=192.0.2.7/24 vtmh.ip2=dhcp",
           "nics=a b c;nettype=bridge;nettype_b=user;ip_a=192.0.2.7");
}
