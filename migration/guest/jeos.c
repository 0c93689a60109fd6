/* jeos: a small Linux that is logged in to by ssh, with a key of its own and a pinned host key. */
#include "migration/guest/kind.h"

#include "migration/guest/jeos_addresses.h"
#include "migration/guest/jeos_kernel.h"
#include "migration/guest/loads.h"
#include "migration/guest/way.h"
#include "migration/params.h"

#include <string.h>

/* The kernel's command line lies beside the kernel: words that spare an emulated boot some work. */
static char *command_line(const struct host *host, const char *folder, GError **err)
{
    g_autofree char *path = guest_file(host, folder, "command_line", err);
    char *words = NULL;

    if (path == NULL || !g_file_get_contents(path, &words, NULL, err))
        return NULL;
    return g_strchomp(words);
}

/* With acpi=noirq, which spares it some work, the kernel does not find a second CPU, nor what comes
 * into a root port. */
static int keep_irqs(const struct params *params, char **words, GError **err)
{
    int64_t cpus, ports;
    GString *without;

    if (param_int(params, "smp", &cpus, err) < 0 ||
        param_int(params, "pcie_extra_root_port", &ports, err) < 0)
        return -1;
    if (cpus < 2 && ports == 0 && !param_is_set(params, "vcpu_devices"))
        return 0;
    without = g_string_new(*words);
    g_string_replace(without, " acpi=noirq", "", 0);
    g_free(*words);
    *words = g_string_free(without, FALSE);
    return 0;
}

static struct vm_boot *jeos_boot(const struct host *host, const struct params *params, GError **err)
{
    const char *more = param_text(params, "kernel_params");
    const char *folder = jeos_folder(params, err);
    g_autofree char *kernel = folder != NULL ? guest_file(host, folder, "vmlinuz", err) : NULL;
    g_autofree char *initrd = kernel != NULL ? guest_file(host, folder, "initrd", err) : NULL;
    g_autofree char *words = initrd != NULL ? command_line(host, folder, err) : NULL;
    struct vm_boot *boot;

    if (words == NULL || keep_irqs(params, &words, err) < 0)
        return NULL;
    boot = g_new0(struct vm_boot, 1);
    boot->kernel = g_steal_pointer(&kernel);
    boot->initrd = g_steal_pointer(&initrd);
    g_autofree char *addresses = jeos_addresses(params);
    boot->append = g_strconcat(words, addresses, more != NULL ? " " : "", more, NULL);
    boot->network = guest_jeos.has_network;
    boot->entropy = true;
    return boot;
}

static int jeos_know_login(struct guest *guest, struct login *login, GError **err)
{
    const char *folder = jeos_folder(guest->params, err);
    g_autofree char *key_file = NULL;

    if (guest->identity == NULL && folder != NULL)
        guest->identity = guest_file(guest->host, folder, "id_ed25519", err);
    if (guest->identity == NULL)
        return -1;
    login->identity = guest->identity;
    if (guest->host_key != NULL)
        return 0;
    key_file = guest_file(guest->host, folder, "host_key.pub", err);
    if (key_file == NULL || !g_file_get_contents(key_file, &guest->host_key, NULL, err))
        return -1;
    g_strstrip(guest->host_key);
    return 0;
}

static int jeos_start_work(struct guest *guest, int64_t deadline, GError **err)
{
    return guest_start_loads(guest, deadline, err) < 0
               ? -1
               : guest_start_background(guest, deadline, err);
}

static int jeos_check_work(struct guest *guest, int64_t deadline, GError **err)
{
    return guest_await_beat(guest, deadline, err) < 0
               ? -1
               : guest_check_background(guest, deadline, err);
}

/* Those of PCI bring the virtio bus, as in its init. */
#define TAKE_DRIVERS                                                                               \
    "modprobe -aqb $(cat /sys/bus/pci/devices/*/modalias); "                                       \
    "modprobe -aqb $(cat /sys/bus/virtio/devices/*/modalias); "                                    \
    "[ ! -e /sys/class/scsi_host/host0 ] || modprobe -aqb sd_mod sr_mod"

const struct guest_kind guest_jeos = {
    .name = "jeos",
    .beat_period_ms = 20,
    .has_network = true,
    .folder = &jeos_full,
    .boot = jeos_boot,
    .know_login = jeos_know_login,
    .take_drivers = TAKE_DRIVERS,
    .start_work = jeos_start_work,
    .check_work = jeos_check_work,
    .verify = guest_verify_loads,
    .spoil = guest_spoil_load,
};
