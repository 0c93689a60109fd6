/*
 * A node whose hypervisor is simulated: all of vtmh-node but its tables of drivers, transports and
 * guests (migration/vm/drivers.c, migration/move/transport/transport.c, migration/guest/kinds.c),
 * which stand here. It costs what vtmh costs, and no more: for benches and tests of what a job does
 * with very many legs.
 *
 * A guest is a struct in the node's process; it moves as one datagram from node to node. Its rows
 * answer to the names that vtmh knows (vm_type = qemu, guest = tick, mig_protocol = tcp); in the
 * results the driver is "simulated". It never fails, and nothing is ever wrong with it.
 */
#pragma once

#include "migration/guest/kind.h"
#include "migration/move/transport/transport.h"
#include "migration/vm/driver.h"

#define SIM_RAM_BYTES (INT64_C(16) << 20)
#define SIM_LINK_BYTES 16 /* a unix socket's name, as text */

/* A simulated VM. */
struct sim_vm {
    struct vm base;
    int line; /* the guest's end of its serial line */
    struct event exited;
    struct event moved;      /* the migration has ended here */
    uint32_t beats;          /* of the guest, on whatever host */
    struct stream *stream;   /* the destination's, while it receives; the channel's */
    char to[SIM_LINK_BYTES]; /* the source's: where it sends to */
};

struct sim_vm *sim_vm_of(struct vm *vm);
