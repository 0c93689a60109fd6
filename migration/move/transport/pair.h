/* Two ends of a stream on one host: one for a hypervisor, the other for what carries its bytes. */
#pragma once

#include "migration/vm/vm.h"

/* A pair of connected sockets, close-on-exec. */
int pair_open(int *one, int *other, GError **err);

/* Closes a descriptor unless it is -1, and makes it that. */
void pair_close(int *fd);

/* Source, destination: gives the VM its end, and keeps none. A copy here would keep what is at the
 * other end from seeing that the hypervisor has closed its own. */
int pair_send(struct vm *vm, int *fd, int64_t deadline, GError **err);
int pair_receive(struct vm *vm, int *fd, int64_t deadline, GError **err);
