/*
 * What the parameters alone say of a VM's machine, compared between the hosts before anything is
 * started. QEMU says "completed" where machines differ by a device at the destination, by CPU model
 * or by the number of CPUs; the guest is then another one than before.
 */
#pragma once

#include "cfg/error.h"
#include "cfg/params.h"

#include <jansson.h>

/* The parameters that could differ between hosts and must not (param_info.same_everywhere): what
 * travels with the guest, and its work. params: of one VM on this host. Transfer full. */
json_t *machine_params(const struct params *params);

/*
 * Compares what all hosts say (by index; names for the message). CFG_ERROR_PARAM_VALUE: "mem
 * differs: 32 on host1, 48 on host2". The same tables give the same answer on every host.
 */
int machine_params_compare(const json_t *const *tables, const char *const *names, unsigned n,
                           GError **err);
