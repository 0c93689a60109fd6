/* Sockets of serial lines and monitors: read by chardev.c. */
#include "migration/params_tables.h"

#define SOCKET(name_) .name = (name_), .section = "VM"

const struct param_info chardev_params[] = {
    {SOCKET("chardev_backend"), .kind = PARAM_WORD, .fallback = "unix_socket",
     .values = WORDS("unix_socket", "tcp_socket"), .scopes = PARAM_OF_SERIAL | PARAM_PER_MONITOR,
     .doc = "what a serial line or monitor is on the host; tcp_socket: what is the test's own is "
            "connected before QEMU starts, at the others QEMU listens, and the log names where. "
            "Not for the main monitor, which hands sockets to QEMU"},
    {SOCKET("chardev_host"), .kind = PARAM_ADDRESS, .fallback = "127.0.0.1",
     .scopes = PARAM_OF_SERIAL | PARAM_PER_MONITOR, .example = "127.0.0.1",
     .doc = "address of the host for such a socket (chardev_backend = tcp_socket). Nobody is asked "
            "who he is there: whoever reaches a monitor rules the VM, and reads what QEMU can"},
    {SOCKET("chardev_ports"), .kind = PARAM_PORTS, .fallback = "0", .scopes = PARAM_OF_VM,
     .claim = "ports", .example = "5000-5999",
     .doc = "ports of which QEMU takes the first free one for such a socket, or 0 for any; "
            "avocado-vt takes 5000-6000"},
    {.name = NULL},
};
