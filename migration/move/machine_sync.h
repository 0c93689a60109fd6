/*
 * A machine that changed since its start: its destination must be built as it is now, or QEMU
 * refuses the stream at its end, or worse, takes it.
 *
 * With migration_sync_vms = yes the source says what the VM is now before the destination starts;
 * without it a VM that something was plugged into, or out of, does not move at all.
 */
#pragma once

#include "migration/move/handover.h"

/* Both ends, before the destination's hypervisor starts. VM_ERROR_DIFFERENT before a byte moves for
 * a machine that changed and is not told. */
int machine_sync(struct handover *h, GError **err);
