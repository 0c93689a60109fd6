#include "tests/unit/cmdline_help.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(qemu_cmdline, .timeout = 10);

static const struct vm_boot tick = {.firmware = "/guests/tick.rom"};
static const struct vm_boot jeos = {.kernel = "/g/vmlinuz",
                                    .initrd = "/g/initrd",
                                    .append = "console=ttyS0 quiet",
                                    .network = true,
                                    .entropy = true};

static bool has_panic_device; /* of the platform, in this test's process */

/* Transfer full; NULL with err. */
static char *line_of(const struct params *params, const struct vm_boot *boot, bool kvm,
                     bool incoming, GError **err)
{
    const struct asked asked = {.name = "vm1",
                                .params = params,
                                .boot = boot,
                                .kvm = kvm,
                                .pvpanic = has_panic_device,
                                .incoming = incoming};
    g_auto(GStrv) words = words_of(&asked, err);

    return words != NULL ? g_strjoinv(" ", words) : NULL;
}

Test(qemu_cmdline, tick_under_tcg)
{
    g_autoptr(params) params = params_new();
    g_autofree char *line = line_of(params, &tick, false, false, NULL);

    cr_assert_str_eq(line, "/usr/bin/qemu -name vm1,debug-threads=on -nodefaults -no-user-config "
                           "-display none -vga none -S -chardev socket,id=qmp,fd=3 "
                           "-mon chardev=qmp,mode=control "
                           "-machine pc-i440fx-7.2,accel=tcg -cpu qemu64,+sse3 -m 262136k "
                           "-rtc base=utc,clock=host,driftfix=none -smp 1 -bios /guests/tick.rom "
                           "-chardev socket,id=serial0,fd=4 -serial chardev:serial0");
}

Test(qemu_cmdline, destination_differs_from_the_source_only_by_incoming)
{
    g_autoptr(params) params = params_new();
    g_autofree char *source = line_of(params, &jeos, true, false, NULL);
    g_autofree char *destination = line_of(params, &jeos, true, true, NULL);
    g_autofree char *expected = g_strconcat(source, " -incoming defer", NULL);

    cr_assert_str_eq(destination, expected);
    cr_assert(strstr(source, "accel=kvm ") != NULL);
}

Test(qemu_cmdline, guest_with_a_network_has_a_forwarded_port_and_the_mac_of_its_card)
{
    g_autoptr(params) params = params_new();
    g_autofree char *line = NULL;

    params_set(params, "mac_nic1", "9a:00:00:00:00:01", NULL);
    params_set(params, "nics", "nic1 nic2", NULL);
    params_set(params, "nic_model_nic2", "e1000", NULL);
    line = line_of(params, &jeos, false, false, NULL);
    cr_assert(strstr(line, "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:0-:22 "
                           "-device virtio-net-pci,id=nic1,netdev=net0,romfile=,"
                           "mac=9a:00:00:00:00:01 "
                           "-netdev user,id=net1,net=10.0.3.0/24 "
                           "-device e1000,id=nic2,netdev=net1,romfile=") != NULL,
              "%s", line);
    cr_assert(strstr(line, "-kernel /g/vmlinuz -initrd /g/initrd -append console=ttyS0 quiet ") !=
              NULL);
}

Test(qemu_cmdline, there_is_a_channel_to_an_agent_where_it_is_a_way_into_the_guest)
{
    g_autoptr(params) params = params_new();
    g_autofree char *without = NULL, *source = NULL, *destination = NULL;

    params_set(params, "login_ways", "ssh serial", NULL);
    without = line_of(params, &jeos, false, false, NULL);
    cr_assert_null(strstr(without, "virtserialport"), "%s", without);
    params_set(params, "login_ways", "ssh agent", NULL);
    source = line_of(params, &jeos, false, false, NULL);
    destination = line_of(params, &jeos, false, true, NULL);
    for (char **line = (char *[]){source, destination, NULL}; *line != NULL; line++)
        cr_assert(strstr(*line, " -device virtio-serial-pci,id=virtio-serial0 "
                                "-chardev socket,id=agent0-socket,fd=5 "
                                "-device virtserialport,id=agent0,bus=virtio-serial0.0,"
                                "chardev=agent0-socket,name=org.qemu.guest_agent.0 "),
                  "%s", *line);
}

static void expect_in_line(const struct params *params, const char *text)
{
    g_autofree char *line = line_of(params, &jeos, false, false, NULL);

    cr_assert(strstr(line, text) != NULL, "%s", line);
}

Test(qemu_cmdline, a_card_on_a_bridge_gets_descriptors_of_its_tap)
{
    g_autoptr(params) params = params_new();

    params_set(params, "nics", "nic1 nic2 nic3", NULL);
    params_set(params, "nettype_nic1", "bridge", NULL);
    params_set(params, "nettype_nic2", "network", NULL);
    params_set(params, "queues_nic2", "2", NULL);
    params_set(params, "vhost_nic2", "force", NULL);
    params_set(params, "mac_nic1", "9a:00:00:00:00:01", NULL);
    expect_in_line(params, "-netdev tap,id=net0,fd=64 -device virtio-net-pci,id=nic1,netdev=net0,"
                           "romfile=,mac=9a:00:00:00:00:01 "
                           "-netdev tap,id=net1,fds=65:66,vhost=on,vhostforce=on,vhostfds=67:68 "
                           "-device virtio-net-pci,id=nic2,netdev=net1,romfile=,mq=on,vectors=6 "
                           "-netdev user,id=net2,net=10.0.4.0/24,hostfwd=tcp:127.0.0.1:0-:22 "
                           "-device virtio-net-pci,id=nic3,netdev=net2,romfile= ");
}

Test(qemu_cmdline, a_bridge_is_for_those_cards_of_a_vm_that_are_on_one)
{
    g_autoptr(params) params = params_new();

    params_set(params, "nics", "nic1 nic2", NULL);
    params_set(params, "nettype_nic2", "bridge", NULL);
    params_set(params, "netdst", "br0", NULL);
    expect_in_line(params, "-netdev user,id=net0,hostfwd=");
}

Test(qemu_cmdline, qemu_opens_vhost_itself_where_it_is_to)
{
    g_autoptr(params) params = params_new();

    params_set(params, "nettype", "bridge", NULL);
    params_set(params, "vhost", "vhost=on", NULL);
    params_set(params, "enable_vhostfd", "no", NULL);
    expect_in_line(params, "-netdev tap,id=net0,fd=64,vhost=on -device ");
}

Test(qemu_cmdline, each_redirection_has_a_port_of_the_host)
{
    g_autoptr(params) params = params_new();

    params_set(params, "redirs", "remote_shell file_transfer web", NULL);
    params_set(params, "guest_port_web", "8080", NULL);
    expect_in_line(params, "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:0-:22,"
                           "hostfwd=tcp:127.0.0.1:0-:8080 ");
    params_set(params, "redir_ports", "5000-5899", NULL);
    expect_in_line(params, "-netdev user,id=net0 ");
    params_set(params, "redirs", "", NULL);
    expect_in_line(params, "-netdev user,id=net0 ");
}

Test(qemu_cmdline, entropy_comes_from_the_host_where_the_guest_asks_for_it)
{
    g_autoptr(params) params = params_new();
    g_autofree char *with = line_of(params, &jeos, false, false, NULL);
    g_autofree char *without = line_of(params, &tick, false, false, NULL);

    cr_assert(strstr(with, "-object rng-builtin,id=entropy0 "
                           "-device virtio-rng-pci,id=rng0,rng=entropy0") != NULL,
              "%s", with);
    cr_assert(strstr(without, "rng") == NULL, "%s", without);
}

Test(qemu_cmdline, a_panic_device_is_in_where_the_platform_has_it)
{
    g_autoptr(params) params = params_new();
    g_autofree char *without = line_of(params, &tick, false, false, NULL);

    cr_assert(strstr(without, "pvpanic") == NULL, "%s", without);
    has_panic_device = true;
    g_autofree char *with = line_of(params, &tick, false, false, NULL);
    cr_assert(strstr(with, " -device pvpanic") != NULL, "%s", with);
}

Test(qemu_cmdline, params_find_their_place)
{
    g_autoptr(params) params = params_new();
    g_autofree char *line = NULL;

    params_set(params, "smp", "4", NULL);
    params_set(params, "vcpu_sockets", "2", NULL);
    params_set(params, "vcpu_cores", "2", NULL);
    params_set(params, "uuid", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", NULL);
    params_set(params, "rtc_base", "localtime", NULL);
    params_set(params, "machine_type_extra_params", ",hpet=off", NULL);
    params_set(params, "extra_params", "-device 'virtio-rng-pci,id=a b'", NULL);
    line = line_of(params, &tick, false, true, NULL);
    cr_assert(strstr(line, "-machine pc-i440fx-7.2,accel=tcg,hpet=off ") != NULL);
    cr_assert(strstr(line, "-smp 4,sockets=2,cores=2 ") != NULL);
    cr_assert(strstr(line, "-uuid 6f9619ff-8b86-d011-b42d-00cf4fc964ff ") != NULL);
    cr_assert(strstr(line, "-rtc base=localtime,") != NULL);
    cr_assert(g_str_has_suffix(line, "-incoming defer -device virtio-rng-pci,id=a b"));
}

Test(qemu_cmdline, a_qemu_that_is_only_asked_has_no_machine)
{
    const struct qemu_cmdline input = {.binary = "/usr/bin/qemu", .accel = "tcg:kvm", .qmp_fd = 3};
    g_auto(GStrv) words = qemu_cmdline_build(&input);
    g_autofree char *line = g_strjoinv(" ", words);

    cr_assert_str_eq(line, "/usr/bin/qemu -nodefaults -no-user-config -display none -vga none -S "
                           "-chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control "
                           "-machine none,accel=tcg:kvm -incoming defer");
}

static void refuses(const char *key, const char *value, GQuark domain, int code)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) err = NULL;

    params_set(params, key, value, NULL);
    cr_assert_null(line_of(params, &jeos, false, false, &err));
    cr_assert(g_error_matches(err, domain, code), "%s", err->message);
    cr_assert(strstr(err->message, key) != NULL, "%s", err->message);
}

Test(qemu_cmdline, what_cannot_be_built_is_refused_by_name)
{
    refuses("nettype", "macvtap", VM_ERROR, VM_ERROR_UNSUPPORTED);
    refuses("vhost", "yes", VM_ERROR, VM_ERROR_UNSUPPORTED);
    refuses("queues", "2", VM_ERROR, VM_ERROR_UNSUPPORTED);
    refuses("ip_version", "ipv6", VM_ERROR, VM_ERROR_UNSUPPORTED);
    refuses("netdst", "br0", VM_ERROR, VM_ERROR_UNSUPPORTED);
    refuses("ip", "192.0.2.7/24", VM_ERROR, VM_ERROR_UNSUPPORTED);
    refuses("uuid", "random", VM_ERROR, VM_ERROR_UNSUPPORTED);
    refuses("extra_params", "-device 'open", CFG_ERROR, CFG_ERROR_PARAM_VALUE);
    refuses("smp", "0", CFG_ERROR, CFG_ERROR_PARAM_VALUE);
}
