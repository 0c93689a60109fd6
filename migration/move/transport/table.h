/* The transports' tables, one a file. */
#pragma once

#include "migration/move/transport/transport.h"

extern const struct transport transport_tcp, transport_unix, transport_exec, transport_fd;
extern const struct transport transport_exec_commands;
/* Whether a port of an RDMA device has one of the link layers; NULL or none: any device will do.
 * devices: /sys/class/infiniband. *has_out: "mlx5_0 port 1: Ethernet, …", what there is. Transfer
 * full. */
bool rdma_has_link(const char *devices, const char *const *layers, char **has_out);

/* tcp:ADDRESS:LOW[,to=HIGH], as QEMU listens there. Transfer full. */
char *tcp_uri(const char *address, uint16_t low, uint16_t high);

extern const struct transport transport_file, transport_rdma, transport_x_rdma, transport_managed;
