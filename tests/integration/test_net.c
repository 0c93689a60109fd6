/* Cards on a bridge: taps of a real QEMU, in a network namespace of the test's own. */
#include "migration/net/link.h"
#include "migration/vm/net.h"
#include "node/owned.h"
#include "sync/child.h"

#include "tests/integration/ip_command.h"
#include "tests/integration/vm_bed.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAC "9a:00:00:00:00:01"

TestSuite(net, .timeout = 60);

static bed_fn body; /* of this test */

static int on_bridge(struct bed *bed, GError **err)
{
    if (ip("ip link add br7 type bridge", err) < 0 || ip("ip link set br7 mtu 1400 up", err) < 0)
        return -1;
    bed_set(bed, "mem", "64");
    bed_set(bed, "guest", "jeos");
    bed_set(bed, "nettype", "bridge");
    bed_set(bed, "netdst", "br7");
    bed_set(bed, "mac", MAC);
    return bed_decide(bed, err) < 0 ? -1 : body(bed, err);
}

/* Ports of the bridge br7, a line each. Transfer full. */
static char *ports(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct if_nameindex *all = if_nameindex();

    for (struct if_nameindex *i = all; i->if_index != 0; i++)
        if (link_may_be_ours(i->if_name))
            g_string_append_printf(text, "%s\n", i->if_name);
    if_freenameindex(all);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void run(bed_fn fn)
{
    if (bed_missing() != NULL)
        cr_skip_test("%s", bed_missing());
    if (unshare(CLONE_NEWNET) < 0)
        cr_skip_test("this user can make no network namespace");
    body = fn;
    bed_run(on_bridge);
}

static bool has(const char *text, const char *part)
{
    bool found = text != NULL && strstr(text, part) != NULL;

    if (!found)
        cr_log_error("\"%s\" is not in: %s", part, text);
    return found;
}

/* What `ip -d link` says of the tap. Transfer full. */
static char *describe(const char *name)
{
    const char *const argv[] = {"ip", "-d", "-o", "link", "show", name, NULL};
    char *text = NULL;

    child_run(argv, NULL, SOON, NULL, &text, NULL, NULL);
    return text;
}

static int connects(struct bed *bed, GError **err)
{
    struct seat seat;

    if (vm_net_check(&bed->host, "vm1", bed->params, &(struct vm_boot){.network = true}, err) < 0 ||
        seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    g_autofree char *name = g_strstrip(ports());
    g_autofree char *said = describe(name);
    g_autofree char *owned = g_strdup_printf("%d %s", (int)OWNED_LINK, name);
    check(strlen(name) == LINK_NAME_MAX);
    check(g_hash_table_contains(bed->owned, owned));
    check(has(said, "master br7") && has(said, "mtu 1400") && has(said, ",UP"));
    check(has(said, "fe:00:00:00:00:01"));
    if (seat_close(bed, &seat, err) < 0)
        return -1;
    g_autofree char *left = ports();
    check(*left == '\0');
    return 0;
}

Test(net, a_card_has_a_tap_on_its_bridge_that_goes_with_the_vm)
{
    run(connects);
}

static int several(struct bed *bed, GError **err)
{
    struct seat seat;

    bed_set(bed, "nics", "nic1 nic2 nic3");
    bed_set(bed, "queues_nic1", "4");
    bed_set(bed, "mac_nic2", "9a:00:00:00:00:02");
    bed_set(bed, "nettype_nic3", "user");
    if (seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    g_autofree char *names = ports();
    g_auto(GStrv) lines = g_strsplit(g_strstrip(names), "\n", -1);
    check(g_strv_length(lines) == 2);
    check(vm_endpoint(seat.vm, NULL, GUEST_SSH_PORT,
                      &(struct vm_endpoint){0})); /* of the card on the user network */
    return seat_close(bed, &seat, err);
}

Test(net, a_vm_has_several_cards_with_several_queues_beside_the_user_network)
{
    run(several);
}

static int killed(struct bed *bed, GError **err)
{
    struct seat seat;

    if (seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    kill(vm_pid(seat.vm), SIGKILL);
    if (await_event(vm_exited(seat.vm), SOON, err) < 0)
        return -1;
    g_autofree char *left = ports();
    check(*left == '\0');
    return seat_close(bed, &seat, err);
}

Test(net, a_tap_ends_with_a_hypervisor_that_is_killed)
{
    run(killed);
}

static int not_started(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat seat;

    (void)err;
    bed_set(bed, "extra_params", "-device no-such-device");
    check(seat_open(bed, &seat, false, NULL, &error) < 0);
    g_autofree char *left = ports();
    check(*left == '\0');
    return 0;
}

Test(net, nothing_stays_of_a_hypervisor_that_does_not_start)
{
    run(not_started);
}

/* What the check says of a card. */
static void expect_refusal(struct bed *bed, int code, const char *words)
{
    g_autoptr(GError) error = NULL;

    check(vm_net_check(&bed->host, "vm1", bed->params, &(struct vm_boot){.network = true}, &error) <
          0);
    check(g_error_matches(error, VM_ERROR, code));
    check(has(error != NULL ? error->message : NULL, words));
}

static int refuses(struct bed *bed, GError **err)
{
    bed_set(bed, "netdst", "br8");
    expect_refusal(bed, VM_ERROR_START, "host1: nic1 of vm1: netdst = br8: there is no bridge br8");
    bed_set(bed, "netdst", "lo");
    expect_refusal(bed, VM_ERROR_START, "lo is no bridge");
    bed_set(bed, "netdst", "br7");
    if (ip("ip link set br7 down", err) < 0)
        return -1;
    expect_refusal(bed, VM_ERROR_START, "the bridge br7 is switched off");
    if (ip("ip link set br7 up", err) < 0)
        return -1;
    if (access("/dev/vhost-net", R_OK | W_OK) < 0) {
        bed_set(bed, "vhost", "yes");
        expect_refusal(bed, VM_ERROR_UNSUPPORTED,
                       "vhost is not supported: cannot open /dev/vhost-net");
    }
    return 0;
}

Test(net, what_a_host_has_not_is_told_before_anything_starts)
{
    run(refuses);
}

static int clashes(struct bed *bed, GError **err)
{
    const struct vm_boot boot = {.network = true};
    g_autoptr(GPtrArray) cards = vm_net_cards_new();
    g_autoptr(GError) error = NULL;

    if (vm_net_check_macs(cards, "vm1", bed->params, &boot, err) < 0)
        return -1;
    bed_set(bed, "mac", "9A:00:00:00:00:01");
    check(vm_net_check_macs(cards, "vm2", bed->params, &boot, &error) < 0);
    check(has(error != NULL ? error->message : NULL,
              "mac = 9A:00:00:00:00:01 is that of nic1 of vm1 and of nic1 of vm2, and both are on "
              "br7"));
    bed_set(bed, "netdst", "br8");
    if (vm_net_check_macs(cards, "vm2", bed->params, &boot, err) < 0)
        return -1;
    bed_set(bed, "nettype", "user");
    return vm_net_check_macs(cards, "vm3", bed->params, &boot, err);
}

Test(net, two_cards_with_one_mac_on_a_bridge_are_told_with_both_names)
{
    run(clashes);
}

static int clashes_on_segment(struct bed *bed, GError **err)
{
    const struct vm_boot boot = {.network = true};
    g_autoptr(GPtrArray) cards = vm_net_cards_new();
    g_autoptr(GError) error = NULL;
    struct seat seat;

    if (vm_net_check_macs(cards, "vm1", bed->params, &boot, err) < 0 ||
        vm_net_check_segment(&bed->host, cards, err) < 0 ||
        seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    g_autofree char *tap = g_strstrip(ports());
    g_autofree char *heard =
        g_strdup_printf("bridge fdb replace " MAC " dev %s master dynamic", tap);
    if (ip(heard, err) < 0)
        return -1;
    check(vm_net_check_segment(&bed->host, cards, &error) < 0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_START));
    check(has(error != NULL ? error->message : NULL,
              "host1: nic1 of vm1: mac = " MAC ": the segment of the bridge br7 has a station with "
              "this MAC address already: a VM on this host has it (tap vtmh"));
    if (seat_close(bed, &seat, err) < 0)
        return -1;
    return vm_net_check_segment(&bed->host, cards, err);
}

Test(net, another_vm_with_the_mac_on_the_bridge_is_told_until_it_has_gone)
{
    run(clashes_on_segment);
}

static int remembers(struct bed *bed, GError **err)
{
    const struct vm_boot boot = {.network = true};
    g_autoptr(GPtrArray) new = vm_net_cards_new(), again = vm_net_cards_new();
    g_autoptr(GError) error = NULL;

    if (ip("ip link add up7 type veth peer name far7", err) < 0 ||
        ip("ip link set far7 up", err) < 0 || ip("ip link set up7 master br7", err) < 0 ||
        ip("ip link set up7 up", err) < 0 ||
        ip("bridge fdb replace " MAC " dev up7 master dynamic", err) < 0 ||
        vm_net_check_macs(new, "vm1", bed->params, &boot, err) < 0)
        return -1;
    check(vm_net_check_segment(&bed->host, new, &error) < 0);
    check(has(error != NULL ? error->message : NULL, "it was heard behind the port up7"));
    params_set(bed->params, "mac", MAC, "as in an earlier test");
    if (vm_net_check_macs(again, "vm1", bed->params, &boot, err) < 0)
        return -1;
    return vm_net_check_segment(&bed->host, again, err);
}

Test(net, an_address_that_a_vm_may_have_had_before_may_be_remembered)
{
    run(remembers);
}

static bool reaches(struct vm *vm, uint16_t guest_port, uint16_t port)
{
    struct vm_endpoint at = {0};

    return vm_endpoint(vm, NULL, guest_port, &at) && strcmp(at.address, "127.0.0.1") == 0 &&
           at.port == port;
}

static int takes_ports(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat first, second;

    if (ip("ip link set lo up", err) < 0)
        return -1;
    bed_set(bed, "nettype", "user");
    bed_set(bed, "netdst", "virbr0"); /* the usual one: no bridge is asked for */
    bed_set(bed, "redirs", "remote_shell web");
    bed_set(bed, "guest_port_web", "80");
    bed_set(bed, "redir_ports", "5000-5002");
    if (seat_open(bed, &first, false, NULL, err) < 0)
        return -1;
    check(reaches(first.vm, 22, 5000) && reaches(first.vm, 80, 5001));
    check(!reaches(first.vm, 81, 5002));
    check(seat_open(bed, &second, false, NULL, &error) < 0);
    check(
        has(error != NULL ? error->message : NULL,
            "no port of 127.0.0.1 on host1 is free for port 80 of vm1 (redir_ports = 5000-5002)"));
    bed_set(bed, "redirs", "web");
    if (seat_open(bed, &second, false, NULL, err) < 0)
        return -1;
    check(reaches(second.vm, 80, 5002));
    return seat_close(bed, &second, err) < 0 ? -1 : seat_close(bed, &first, err);
}

Test(net, redirections_take_free_ports_of_a_range_until_it_is_used_up)
{
    run(takes_ports);
}

static int carries(struct bed *bed, GError **err)
{
    struct vm_endpoint at = {0};
    struct seat seat;
    json_auto_t *told = json_pack("{s:s, s:s}", "nic1", "192.0.2.9", "nic2", "not an address");

    bed_set(bed, "nics", "nic1 nic2");
    bed_set(bed, "mac_nic2", "9a:00:00:00:00:02");
    if (seat_open(bed, &seat, true, NULL, err) < 0)
        return -1;
    check(!vm_endpoint(seat.vm, NULL, 22, &at));
    vm_take_addresses(seat.vm, told);
    check(vm_endpoint(seat.vm, NULL, 22, &at) && strcmp(at.address, "192.0.2.9") == 0);
    check(at.port == 22 && !vm_endpoint(seat.vm, "nic2", 22, &at));
    json_auto_t *addresses = vm_addresses(seat.vm);
    check(json_object_size(addresses) == 1);
    if (seat_close(bed, &seat, err) < 0)
        return -1;
    bed_set(bed, "ip_nic2", "192.0.2.10/24");
    if (seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    check(vm_endpoint(seat.vm, NULL, 22, &at) && strcmp(at.address, "192.0.2.10") == 0);
    if (seat_close(bed, &seat, err) < 0)
        return -1;
    bed_set(bed, "flexible_nic_index", "no");
    if (seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    check(!vm_endpoint(seat.vm, NULL, 22, &at));
    return seat_close(bed, &seat, err);
}

Test(net, an_address_comes_with_the_guest_or_is_given)
{
    run(carries);
}

/* So that QEMU can be given one more descriptor, and no second. */
static void let_it_open_one(pid_t pid, struct rlimit *before_out)
{
    struct rlimit limit;
    rlim_t number = 0;

    prlimit(pid, RLIMIT_NOFILE, NULL, before_out);
    for (bool found = false; !found; number++) {
        g_autofree char *path = g_strdup_printf("/proc/%d/fd/%u", (int)pid, (unsigned)number);
        found = readlink(path, (char[1]){0}, 1) < 0;
    }
    limit = (struct rlimit){number, before_out->rlim_max};
    prlimit(pid, RLIMIT_NOFILE, &limit, NULL);
}

static int plug_nic2(struct bed *bed, struct seat *seat, GError **err)
{
    struct vm_boot *boot = guest_boot(&bed->host, bed->params, err);
    const struct vm_spec spec = {.host = &bed->host,
                                 .name = "vm1",
                                 .params = bed->params,
                                 .platform = bed->platform,
                                 .boot = boot};
    int plugged = vm_plug(seat->vm, &spec, "nic", "nic2", SOON, err);

    guest_boot_free(boot);
    return plugged;
}

static int takes_back(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct rlimit before;
    struct seat seat;

    bed_set(bed, "mac_nic2", "9a:00:00:00:00:02");
    bed_set(bed, "queues_nic2", "2");
    if (seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    g_autofree char *first = ports();
    bed_set(bed, "nics", "nic1 nic2");
    let_it_open_one(vm_pid(seat.vm), &before);
    check(plug_nic2(bed, &seat, &error) == -1);
    check(has(error->message, "plugging nic nic2 into vm1 on host1: "));
    prlimit(vm_pid(seat.vm), RLIMIT_NOFILE, &before, NULL);
    g_autofree char *behind = ports();
    check(strcmp(first, behind) == 0); /* else QEMU has the tap's first queue still */
    if (plug_nic2(bed, &seat, err) < 0)
        return -1;
    g_autofree char *both = ports();
    check(strlen(both) > strlen(first));
    return seat_close(bed, &seat, err);
}

Test(net, a_hypervisor_that_cannot_take_all_of_a_plugged_card_keeps_none_of_it)
{
    run(takes_back);
}

static int disposes(struct bed *bed, GError **err)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(owned_free);
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) leaks = g_ptr_array_new_with_free_func(g_free);

    (void)bed;
    if (ip("ip tuntap add dev vtmh0123456789a mode tap", err) < 0)
        return -1;
    owned_add(entries, OWNED_LINK, "vtmh0123456789a", 0);
    owned_dispose(entries, removed, leaks);
    check(leaks->len == 0 && removed->len == 1);
    check(!link_exists("vtmh0123456789a"));
    check(!owned_may_be("/run/vtmh", OWNED_LINK, "br7"));
    check(!owned_may_be("/run/vtmh", OWNED_LINK, "vtmh../x"));
    check(!link_delete("br7") && link_exists("br7"));
    return 0;
}

Test(net, an_interface_that_was_left_is_removed_and_no_other)
{
    run(disposes);
}
