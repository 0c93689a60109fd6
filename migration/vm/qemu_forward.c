/* Ports of the host that the user network forwards to the guest: chosen by QEMU, or here out of a
 * range. */
#include "migration/vm/qemu_shared.h"

#include <stdio.h>

/*
 * Lines look like
 *   TCP[HOST_FORWARD]   3       127.0.0.1 37873       10.0.2.15    22     0     0
 */
uint16_t qemu_usernet_port(const char *text, uint16_t guest_port)
{
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        char host_address[64], guest_address[64];
        unsigned from, to;

        if (sscanf(*line, " TCP[HOST_FORWARD] %*d %63s %u %63s %u", host_address, &from,
                   guest_address, &to) == 4 &&
            to == guest_port && from > 0 && from <= UINT16_MAX)
            return (uint16_t)from;
    }
    return 0;
}

/* The card that has the forwarded ports; NULL: none has. */
static const struct device *forwarding_card(const struct device *device)
{
    if (json_array_size(json_object_get(device->local, "forwards")) > 0)
        return device;
    for (unsigned i = 0; i < device->children->len; i++) {
        const struct device *found = forwarding_card(g_ptr_array_index(device->children, i));

        if (found != NULL)
            return found;
    }
    return NULL;
}

/* Transfer full; NULL with err. */
static char *ask_human(struct vm *vm, const char *line, int64_t deadline, GError **err)
{
    json_auto_t *text = NULL;

    if (vm_ask(vm, "human-monitor-command", json_pack("{s:s}", "command-line", line), deadline,
               &text, err) < 0)
        return NULL;
    return g_strdup(json_is_string(text) ? json_string_value(text) : "");
}

/* From the first port of the range that QEMU can take; one that is taken it says so of. */
static int forward_one(struct vm *vm, const struct device *card, uint16_t guest_port,
                       int64_t deadline, GError **err)
{
    int low = (int)device_get_int(card->local, "low_port");
    int high = (int)device_get_int(card->local, "high_port");

    for (int port = low; port <= high; port++) {
        g_autofree char *line =
            g_strdup_printf("hostfwd_add %s tcp:127.0.0.1:%d-:%d",
                            device_get(card->local, "netdev"), port, guest_port);
        g_autofree char *said = ask_human(vm, line, deadline, err);

        if (said == NULL)
            return -1;
        if (*said == '\0')
            return 0;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "no port of 127.0.0.1 on %s is free for port %d of %s (redir_ports = %d-%d)",
                vm->host->name, guest_port, vm->name, low, high);
    return -1;
}

int qemu_find_forwards(struct vm *vm, const struct device *board, int64_t deadline, GError **err)
{
    const struct device *card = forwarding_card(board);
    const json_t *ports = card != NULL ? json_object_get(card->local, "forwards") : NULL;
    const json_t *port;
    size_t i;

    if (ports == NULL)
        return 0;
    if (device_get_int(card->local, "low_port") > 0)
        json_array_foreach ((json_t *)ports, i, port)
            if (forward_one(vm, card, (uint16_t)json_integer_value(port), deadline, err) < 0)
                return -1;
    g_autofree char *usernet = ask_human(vm, "info usernet", deadline, err);
    if (usernet == NULL)
        return -1;
    json_array_foreach ((json_t *)ports, i, port) {
        uint16_t guest_port = (uint16_t)json_integer_value(port);

        vm_net_forward(vm->net, guest_port, qemu_usernet_port(usernet, guest_port));
    }
    return 0;
}
