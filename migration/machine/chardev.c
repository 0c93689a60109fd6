#include "migration/machine/chardev.h"

#include "migration/params.h"

#include <string.h>

const char *chardev_tcp_host(const struct params *own)
{
    return strcmp(param_text(own, "chardev_backend"), "tcp_socket") == 0
               ? param_text(own, "chardev_host")
               : NULL;
}

const char *machine_serial_host(const struct device *board)
{
    const struct device *serial = device_of_kind(board, &device_serial);

    return serial != NULL ? device_get(serial->local, "tcp_host") : NULL;
}

/* QEMU looks for the port itself: what is found free here may not be when it comes. */
json_t *chardev_listen_tcp(const struct params *own, const char *host)
{
    uint16_t low = 0, high = 0;
    g_autofree char *port = NULL;
    json_t *address;

    param_ports_read(param_text(own, "chardev_ports"), &low, &high);
    port = g_strdup_printf("%u", low);
    address = json_pack("{s:s, s:s}", "host", host, "port", port);
    if (high > low)
        json_object_set_new(address, "to", json_integer(high));
    return json_pack("{s:{s:s, s:o}, s:b, s:b}", "addr", "type", "inet", "data", address, "server",
                     1, "wait", 0);
}
