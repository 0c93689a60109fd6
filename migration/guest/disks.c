#include "migration/guest/kind.h"

#include <stdlib.h>

/* In the guest, as it has the shortest way. */
#define COUNT                                                                                      \
    "end=$(($(cut -d. -f1 /proc/uptime) + %d)); n() { ls /sys/block | grep -vc '^loop\\|^ram'; "   \
    "}; "                                                                                          \
    "while [ $(n) -ne %u ] && [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do { %s; } 2>/dev/null; "  \
    "sleep 0.1; done; n; true"

int guest_count_disks(struct guest *guest, unsigned as_many, int64_t wait_ms, int64_t deadline,
                      unsigned *count_out, GError **err)
{
    const char *drivers = guest->kind->take_drivers;
    g_autofree char *command =
        g_strdup_printf(COUNT, (int)(wait_ms / 1000), as_many, drivers != NULL ? drivers : ":");
    g_autofree char *output = NULL;
    int status;

    if (guest_run(guest, command, deadline, &status, &output, err) < 0)
        return -1;
    if (status == 0 && g_ascii_isdigit(output[0])) {
        *count_out = (unsigned)strtoul(output, NULL, 10);
        return 0;
    }
    guest_set_error(guest, err, "does not say how many disks it has: %s", g_strchomp(output));
    return -1;
}
