/* Who has a MAC address on a bridge: real bridges, in a network namespace of the test's own. */
#include "migration/net/fdb.h"
#include "migration/net/link.h"
#include "migration/net/station.h"

#include "tests/integration/ip_command.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>

#define MAC "52:54:00:00:00:07"

TestSuite(station, .timeout = 60);

/* br7 with the port near0, at whose other end the interface far0 has the address; that is off. */
static int begin(GError **err)
{
    static const char *const commands[] = {
        "ip link add br7 type bridge mcast_snooping 0",
        "ip link set br7 up",
        "ip link add near0 type veth peer name far0",
        "ip link set near0 master br7",
        "ip link set near0 up",
        "ip link set far0 address " MAC,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        if (ip(commands[i], err) < 0)
            return -1;
    return 0;
}

/*
 * The bridge learns that it is behind near0. It refuses while the port does not forward yet, and
 * the kernel lets it forward a moment after the link came up.
 */
static int remember(GError **err)
{
    g_autoptr(GError) refusal = NULL;
    int64_t until = deadline_in(10000);

    while (ip("bridge fdb replace " MAC " dev near0 master dynamic", &refusal) < 0) {
        if (!g_str_has_suffix(g_strchomp(refusal->message), "Operation not permitted") ||
            deadline_in(0) > until) {
            g_propagate_error(err, g_steal_pointer(&refusal));
            return -1;
        }
        g_clear_error(&refusal);
        if (await_deadline(deadline_in(10), err) < 0)
            return -1;
    }
    return 0;
}

/* What is said of the address. Transfer full; NULL: nobody has it. */
static char *look(const char *mac, const char *address, bool asks)
{
    struct station station = {.bridge = "br7", .address = address, .asks = asks};
    g_autoptr(GError) error = NULL;
    unsigned which = 7;

    check(link_parse_mac(mac, station.mac));
    if (stations_look(&station, 1, &which, &error) == 0)
        return NULL;
    check(which == 0);
    return g_strdup(error->message);
}

static bool nobody(const char *address, bool asks)
{
    g_autofree char *said = look(MAC, address, asks);

    if (said != NULL)
        cr_log_error("%s", said);
    return said == NULL;
}

static bool somebody(const char *address, bool asks, const char *how)
{
    g_autofree char *said = look(MAC, address, asks);
    g_autofree char *whole =
        g_strdup_printf("the segment of the bridge br7 has a station with this "
                        "MAC address already: %s",
                        how);
    bool is_so = said != NULL && g_str_has_prefix(said, whole);

    if (!is_so)
        cr_log_error("\"%s\" is not: %s", whole, said);
    return is_so;
}

static void run(int (*body)(void *arg, GError **err))
{
    if (unshare(CLONE_NEWNET) < 0)
        cr_skip_test("this user can make no network namespace");
    expect_run(body, NULL);
}

static int answers_by_ipv6(void *arg, GError **err)
{
    (void)arg;
    if (begin(err) < 0)
        return -1;
    check(nobody(NULL, true));
    /* Its address is its own at once, and it says nothing by itself. */
    if (ip("sysctl -qw net.ipv6.conf.far0.accept_dad=0", err) < 0 ||
        ip("ip link set far0 up", err) < 0)
        return -1;
    check(somebody(NULL, true, "it was heard on the bridge itself") ||
          somebody(NULL, true, "it was heard behind the port near0"));
    if (ip("ip link set far0 down", err) < 0)
        return -1;
    check(nobody(NULL, true));
    return 0;
}

Test(station, that_answers_is_found_and_one_that_is_off_is_not)
{
    run(answers_by_ipv6);
}

static int answers_by_arp(void *arg, GError **err)
{
    (void)arg;
    if (begin(err) < 0 || ip("sysctl -qw net.ipv6.conf.far0.disable_ipv6=1", err) < 0 ||
        ip("ip address add 192.0.2.7/24 dev far0", err) < 0 || ip("ip link set far0 up", err) < 0)
        return -1;
    check(nobody("192.0.2.8", true));
    check(nobody(NULL, true));
    check(somebody("192.0.2.7", true, "it was heard"));
    return 0;
}

Test(station, without_ipv6_is_asked_for_the_address_that_is_known_of_it)
{
    run(answers_by_arp);
}

static int is_remembered(void *arg, GError **err)
{
    (void)arg;
    if (begin(err) < 0 || ip("sysctl -qw net.ipv6.conf.far0.disable_ipv6=1", err) < 0 ||
        ip("ip link set far0 up", err) < 0 || remember(err) < 0)
        return -1;
    check(nobody(NULL, true));
    check(somebody(NULL, false, "it was heard behind the port near0, "));
    return 0;
}

Test(station, that_a_bridge_merely_remembers_counts_only_against_an_address_that_is_made_up)
{
    run(is_remembered);
}

static int is_own(void *arg, GError **err)
{
    (void)arg;
    if (begin(err) < 0 || ip("ip link set br7 address " MAC, err) < 0)
        return -1;
    check(somebody(NULL, true, "it is the interface br7 of this host"));
    check(somebody(NULL, false, "it is the interface br7 of this host"));
    return 0;
}

Test(station, may_be_an_interface_of_this_host)
{
    run(is_own);
}

static int other_bridge(void *arg, GError **err)
{
    guint8 mac[6];
    struct fdb_entry entry;

    (void)arg;
    if (begin(err) < 0 || ip("ip link set far0 up", err) < 0 ||
        ip("ip link add br8 type bridge", err) < 0 || remember(err) < 0)
        return -1;
    check(link_parse_mac(MAC, mac));
    check(fdb_find("br7", mac, &entry) && !entry.is_own && entry.heard_ms < 5000);
    check(!fdb_find("br8", mac, &entry));
    check(!fdb_find("br9", mac, &entry));
    return 0;
}

Test(station, of_another_bridge_is_none)
{
    run(other_bridge);
}
