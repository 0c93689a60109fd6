/* The transports' tables, one a file. */
#pragma once

#include "migration/move/transport/transport.h"

extern const struct transport transport_tcp, transport_unix, transport_exec, transport_fd;
extern const struct transport transport_exec_commands;
/* tcp:ADDRESS:LOW[,to=HIGH], as QEMU listens there. Transfer full. */
char *tcp_uri(const char *address, uint16_t low, uint16_t high);

extern const struct transport transport_file, transport_rdma, transport_x_rdma;
