/*
 * Command lines as they were recorded before they were rendered from a tree of devices: word for
 * word what QEMU has been started with. A line that changes here changes for every user.
 */
#include "tests/unit/cmdline_help.h"

#include <criterion/criterion.h>
#include <string.h>

/* What begins each line. */
#define FRAME                                                                                      \
    "/usr/bin/qemu|-name|vm,,1,debug-threads=on|-nodefaults|-no-user-config|-display|none|-vga|"   \
    "none|-S|-chardev|socket,id=qmp,fd=3|-mon|chardev=qmp,mode=control"

static const struct vm_boot tick = {.firmware = "/guests/a,b/tick.rom"};
static const struct vm_boot jeos = {.kernel = "/g/vmlinuz",
                                    .initrd = "/g/initrd",
                                    .append = "console=ttyS0 a=b,c",
                                    .network = true,
                                    .entropy = true};

static const struct recorded {
    const char *about;
    const char *params; /* "KEY = VALUE", a line each */
    const struct vm_boot *boot;
    bool kvm, pvpanic, incoming;
    const char *line; /* its words between bars */
} recorded[] = {
    {.about = "a bare tick",
     .boot = &tick,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1"
                   "|-bios|/guests/a,b/tick.rom|-chardev|socket,id=serial0,fd=4"
                   "|-serial|chardev:serial0"},
    {.about = "a bare tick that is received, with a panic device",
     .boot = &tick,
     .pvpanic = true,
     .incoming = true,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1"
                   "|-bios|/guests/a,b/tick.rom|-chardev|socket,id=serial0,fd=4"
                   "|-serial|chardev:serial0|-device|pvpanic|-incoming|defer"},
    {.about = "a jeos under KVM",
     .params = "mac_nic1 = 9a:00:00:00:00:01\n",
     .boot = &jeos,
     .kvm = true,
     .pvpanic = true,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=kvm|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1|-kernel|/g/vmlinuz"
                   "|-initrd|/g/initrd|-append|console=ttyS0 a=b,c"
                   "|-chardev|socket,id=serial0,fd=4|-serial|chardev:serial0"
                   "|-netdev|user,id=net0,hostfwd=tcp:127.0.0.1:0-:22"
                   "|-device|virtio-net-pci,id=nic1,netdev=net0,romfile=,mac=9a:00:00:00:00:01"
                   "|-object|rng-builtin,id=entropy0"
                   "|-device|virtio-rng-pci,id=rng0,rng=entropy0|-device|pvpanic"},
    {.about = "a jeos that is received",
     .params = "mac_nic1 = 9a:00:00:00:00:01\n",
     .boot = &jeos,
     .kvm = true,
     .pvpanic = true,
     .incoming = true,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=kvm|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1|-kernel|/g/vmlinuz"
                   "|-initrd|/g/initrd|-append|console=ttyS0 a=b,c"
                   "|-chardev|socket,id=serial0,fd=4|-serial|chardev:serial0"
                   "|-netdev|user,id=net0,hostfwd=tcp:127.0.0.1:0-:22"
                   "|-device|virtio-net-pci,id=nic1,netdev=net0,romfile=,mac=9a:00:00:00:00:01"
                   "|-object|rng-builtin,id=entropy0"
                   "|-device|virtio-rng-pci,id=rng0,rng=entropy0|-device|pvpanic"
                   "|-incoming|defer"},
    {.about = "three cards of other models",
     .params = "nics = nic1 wan z.3\n"
               "nic_model_wan = e1000\n"
               "nic_model_z.3 = rtl8139\n"
               "mac_wan = 52:54:00:12:34:56\n"
               "netdev_extra_params_z.3 = ,restrict=on\n"
               "nic_extra_params = ,mq=on\n",
     .boot = &jeos,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1|-kernel|/g/vmlinuz"
                   "|-initrd|/g/initrd|-append|console=ttyS0 a=b,c"
                   "|-chardev|socket,id=serial0,fd=4|-serial|chardev:serial0"
                   "|-netdev|user,id=net0,hostfwd=tcp:127.0.0.1:0-:22"
                   "|-device|virtio-net-pci,id=nic1,netdev=net0,romfile=,mq=on"
                   "|-netdev|user,id=net1,net=10.0.3.0/24"
                   "|-device|e1000,id=wan,netdev=net1,romfile=,mac=52:54:00:12:34:56,mq=on"
                   "|-netdev|user,id=net2,net=10.0.4.0/24,restrict=on"
                   "|-device|rtl8139,id=z.3,netdev=net2,romfile=,mq=on"
                   "|-object|rng-builtin,id=entropy0"
                   "|-device|virtio-rng-pci,id=rng0,rng=entropy0"},
    {.about = "a guest with a network and no card",
     .params = "nics =\n",
     .boot = &jeos,
     .pvpanic = true,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1|-kernel|/g/vmlinuz"
                   "|-initrd|/g/initrd|-append|console=ttyS0 a=b,c"
                   "|-chardev|socket,id=serial0,fd=4|-serial|chardev:serial0"
                   "|-object|rng-builtin,id=entropy0"
                   "|-device|virtio-rng-pci,id=rng0,rng=entropy0|-device|pvpanic"},
    {.about = "cards of a guest without a network",
     .params = "nics = nic1 nic2\n"
               "mac = 52:54:00:12:34:56\n",
     .boot = &tick,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1"
                   "|-bios|/guests/a,b/tick.rom|-chardev|socket,id=serial0,fd=4"
                   "|-serial|chardev:serial0"},
    {.about = "a topology in full",
     .params = "smp = 8\n"
               "vcpu_sockets = 2\n"
               "vcpu_cores = 2\n"
               "vcpu_threads = 2\n",
     .boot = &tick,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none"
                   "|-smp|8,sockets=2,cores=2,threads=2|-bios|/guests/a,b/tick.rom"
                   "|-chardev|socket,id=serial0,fd=4|-serial|chardev:serial0"},
    {.about = "a topology in part, with a zero",
     .params = "smp = 6\n"
               "vcpu_sockets = 0\n"
               "vcpu_threads = 3\n",
     .boot = &tick,
     .kvm = true,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=kvm|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|6,threads=3"
                   "|-bios|/guests/a,b/tick.rom|-chardev|socket,id=serial0,fd=4"
                   "|-serial|chardev:serial0"},
    {.about = "identity and clock",
     .params = "uuid = 6f9619ff-8b86-d011-b42d-00cf4fc964ff\n"
               "rtc_base = 2026-01-31T12:00:00\n"
               "rtc_clock = vm\n"
               "rtc_drift = slew\n",
     .boot = &tick,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-uuid|6f9619ff-8b86-d011-b42d-00cf4fc964ff"
                   "|-rtc|base=2026-01-31T12:00:00,clock=vm,driftfix=slew|-smp|1"
                   "|-bios|/guests/a,b/tick.rom|-chardev|socket,id=serial0,fd=4"
                   "|-serial|chardev:serial0"},
    {.about = "words in capitals and blanks around",
     .params = "rtc_base = UTC\n"
               "rtc_clock =  RT \n"
               "uuid =   \n",
     .boot = &tick,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=UTC,clock= RT ,driftfix=none|-smp|1"
                   "|-bios|/guests/a,b/tick.rom|-chardev|socket,id=serial0,fd=4"
                   "|-serial|chardev:serial0"},
    {.about = "tails and words of the user",
     .params = "machine_type_extra_params = ,hpet=off,usb=off\n"
               "extra_params = -device 'virtio-rng-pci,id=a b' -global  \"x=y z\" ''\n",
     .boot = &jeos,
     .pvpanic = true,
     .incoming = true,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg,hpet=off,usb=off"
                   "|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1|-kernel|/g/vmlinuz"
                   "|-initrd|/g/initrd|-append|console=ttyS0 a=b,c"
                   "|-chardev|socket,id=serial0,fd=4|-serial|chardev:serial0"
                   "|-netdev|user,id=net0,hostfwd=tcp:127.0.0.1:0-:22"
                   "|-device|virtio-net-pci,id=nic1,netdev=net0,romfile="
                   "|-object|rng-builtin,id=entropy0"
                   "|-device|virtio-rng-pci,id=rng0,rng=entropy0|-device|pvpanic"
                   "|-incoming|defer|-device|virtio-rng-pci,id=a b|-global|x=y z|"},
    {.about = "blank tails and words",
     .params = "machine_type_extra_params =\n"
               "extra_params =  \n"
               "nic_extra_params =\n",
     .boot = &jeos,
     .line = FRAME "|-machine|pc-i440fx-7.2,accel=tcg|-cpu|qemu64,+sse3|-m|262136k"
                   "|-rtc|base=utc,clock=host,driftfix=none|-smp|1|-kernel|/g/vmlinuz"
                   "|-initrd|/g/initrd|-append|console=ttyS0 a=b,c"
                   "|-chardev|socket,id=serial0,fd=4|-serial|chardev:serial0"
                   "|-netdev|user,id=net0,hostfwd=tcp:127.0.0.1:0-:22"
                   "|-device|virtio-net-pci,id=nic1,netdev=net0,romfile="
                   "|-object|rng-builtin,id=entropy0"
                   "|-device|virtio-rng-pci,id=rng0,rng=entropy0"},
};

static struct params *params_of(const char *lines)
{
    g_auto(GStrv) each = g_strsplit(lines != NULL ? lines : "", "\n", -1);
    struct params *params = params_new();

    for (char **line = each; *line != NULL && **line != '\0'; line++) {
        g_auto(GStrv) sides = g_strsplit(*line, " =", 2);

        params_set(params, sides[0], sides[1] + (*sides[1] == ' '), NULL);
    }
    return params;
}

Test(qemu_lines, are_word_for_word_what_they_were, .timeout = 10)
{
    for (size_t i = 0; i < G_N_ELEMENTS(recorded); i++) {
        const struct recorded *one = &recorded[i];
        g_autoptr(params) params = params_of(one->params);
        g_autoptr(GError) error = NULL;
        const struct asked asked = {.name = "vm,1",
                                    .params = params,
                                    .boot = one->boot,
                                    .kvm = one->kvm,
                                    .pvpanic = one->pvpanic,
                                    .incoming = one->incoming};
        g_auto(GStrv) words = words_of(&asked, &error);

        cr_assert_not_null(words, "%s: %s", one->about, error != NULL ? error->message : "");
        g_autofree char *line = g_strjoinv("|", words);
        cr_expect_str_eq(line, one->line, "%s:\n%s\n%s", one->about, line, one->line);
    }
}
