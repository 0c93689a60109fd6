/* Where a guest's address stands written down. */
#include "migration/guest/leases.h"

#include <criterion/criterion.h>

#define NOW 1800000000
#define MAC "52:54:00:AB:cd:01"

static const char dnsmasq[] = "1800000500 52:54:00:ab:cd:01 192.0.2.7 guest ff:01\n"
                              "1800000900 52:54:00:ab:cd:01 192.0.2.8 guest ff:01\n"
                              "1700000000 52:54:00:ab:cd:02 192.0.2.9 * *\n"
                              "0 52:54:00:ab:cd:03 192.0.2.10 * *\n"
                              "1800000900 52:54:00:ab:cd:03 192.0.2.11 * *\n"
                              "duid 00:01:00:01:2c:00:00:00:52:54:00:ff:ff:ff\n"
                              "1800000900 11259137 2001:db8::7 guest "
                              "00:01:00:01:2c:11:22:33:52:54:00:ab:cd:01\n";

static const char libvirt[] =
    "[{\"ip-address\": \"192.0.2.7\", \"mac-address\": \"52:54:00:ab:cd:01\","
    "  \"expiry-time\": 1800000500},"
    " {\"ip-address\": \"192.0.2.8\", \"mac-address\": \"52:54:00:ab:cd:01\","
    "  \"expiry-time\": 1800000900},"
    " {\"ip-address\": \"2001:db8::7\", \"mac-address\": \"52:54:00:ab:cd:01\","
    "  \"expiry-time\": 1800000100}, {\"ip-address\": 7}, null]\n";

static void expect(const char *text, const char *mac, bool is_ipv6, const char *address)
{
    g_autofree char *found = leases_find(text, mac, is_ipv6, NOW);

    cr_expect_eq(g_strcmp0(found, address), 0, "%s: %s, not %s", mac, found, address);
}

Test(leases, are_found_by_the_mac_and_the_one_that_lasts_longest_counts)
{
    expect(dnsmasq, MAC, false, "192.0.2.8");
    expect(dnsmasq, MAC, true, "2001:db8::7");
    expect(libvirt, MAC, false, "192.0.2.8");
    expect(libvirt, MAC, true, "2001:db8::7");
}

Test(leases, that_have_ended_are_none_and_those_without_end_are)
{
    expect(dnsmasq, "52:54:00:ab:cd:02", false, NULL);
    expect(dnsmasq, "52:54:00:ab:cd:03", false, "192.0.2.10");
    expect(dnsmasq, "52:54:00:ab:cd:04", false, NULL);
}

Test(leases, of_which_nothing_can_be_read_are_none)
{
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "{",
                                        "[]",
                                        "[1]",
                                        "x y z",
                                        "1 " MAC,
                                        "1800000900 " MAC " nonsense * *",
                                        "1800000900 " MAC " ; * *"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        expect(texts[i], MAC, false, NULL);
}

static void expect_interface(const char *text, bool is_ipv6, const char *address)
{
    json_auto_t *interfaces = json_loads(text, 0, NULL);
    g_autofree char *found = interfaces_find(interfaces, MAC, is_ipv6);

    cr_expect_eq(g_strcmp0(found, address), 0, "%s, not %s", found, address);
}

Test(leases, an_agent_says_the_addresses_of_its_interfaces)
{
    static const char said[] =
        "[{\"name\": \"lo\", \"ip-addresses\": [{\"ip-address\": \"127.0.0.1\"}]},"
        " {\"name\": \"eth1\", \"hardware-address\": \"52:54:00:ab:cd:02\","
        "  \"ip-addresses\": [{\"ip-address\": \"192.0.2.6\"}]},"
        " {\"name\": \"eth0\", \"hardware-address\": \"52:54:00:ab:cd:01\", \"ip-addresses\": ["
        "  {\"ip-address\": \"fe80::1\", \"ip-address-type\": \"ipv6\", \"prefix\": 64},"
        "  {\"ip-address\": \"169.254.3.4\"}, {\"ip-address\": 7},"
        "  {\"ip-address\": \"192.0.2.7\", \"ip-address-type\": \"ipv4\", \"prefix\": 24},"
        "  {\"ip-address\": \"2001:db8::7\"}]}]";

    expect_interface(said, false, "192.0.2.7");
    expect_interface(said, true, "2001:db8::7");
    expect_interface("[]", false, NULL);
    expect_interface("{\"hardware-address\": 1}", false, NULL);
}
