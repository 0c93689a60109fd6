/* What a guest sees of the devices of its VM: counted in it, by what each kind of device is to a
 * Linux. */
#include "migration/guest/kind.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY "/sys/devices/system/memory"

static const struct sight {
    const char *kind;  /* of device (machine/device.h) */
    const char *what;  /* for people */
    const char *count; /* shell: prints the number */
    const char *take;  /* shell: what has come is put to use where the guest does not by itself */
    bool is_driven;    /* it needs a driver */
} sights[] = {
    {"disk", "disks", "ls /sys/block | grep -vc '^loop\\|^ram'", ":", true},
    {"nic", "network cards", "ls -d /sys/class/net/*/device | wc -l", ":", true},
    {"vcpu", "CPUs", "grep -c '^processor' /proc/cpuinfo",
     "for c in /sys/devices/system/cpu/cpu[0-9]*/online; do grep -qx 1 $c || echo 1 >$c; done",
     false},
    /* In MiB: of as many blocks as the kernel has made of it. Movable: else it never lets go. */
    {"dimm", "MiB of memory",
     "echo $(($(cat " MEMORY "/memory[0-9]*/state | grep -cx online) * "
     "(0x$(cat " MEMORY "/block_size_bytes) >> 20)))",
     "for m in " MEMORY "/memory[0-9]*/state; do grep -qx online $m || echo online_movable >$m; "
     "done",
     false},
};

/* In the guest, as it has the shortest way. What is to go is not put to use again meanwhile. */
#define COUNT                                                                                      \
    "end=$(($(cut -d. -f1 /proc/uptime) + %d)); n() { %s; }; "                                     \
    "while c=$(n); [ $c -ne %u ] && [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do "                 \
    "[ $c -gt %u ] || { %s; %s; } 2>/dev/null; sleep 0.1; done; n; true"

static const struct sight *find_sight(const char *kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sights); i++)
        if (strcmp(sights[i].kind, kind) == 0)
            return &sights[i];
    return NULL;
}

int guest_count(struct guest *guest, const char *kind, unsigned as_many, int64_t wait_ms,
                int64_t deadline, unsigned *count_out, GError **err)
{
    const struct sight *sight = find_sight(kind);
    const char *drivers = sight->is_driven ? guest->kind->take_drivers : NULL;
    g_autofree char *command =
        g_strdup_printf(COUNT, (int)(wait_ms / 1000), sight->count, as_many, as_many, sight->take,
                        drivers != NULL ? drivers : ":");
    g_autofree char *output = NULL;
    int status;

    if (guest_run(guest, command, deadline, &status, &output, err) < 0)
        return -1;
    if (status == 0 && g_ascii_isdigit(output[0])) {
        *count_out = (unsigned)strtoul(output, NULL, 10);
        return 0;
    }
    guest_set_error(guest, err, "does not say how many %s it has: %s", sight->what,
                    g_strchomp(output));
    return -1;
}
