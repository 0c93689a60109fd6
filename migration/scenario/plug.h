/* What is plugged into a VM, and out of it, between its boot and its first move: plug_block,
 * unplug_block, and likewise of cards, CPUs and memory. */
#pragma once

#include "migration/move/seat.h"

/* On the host where the VM has booted: takes out what is to go, then puts in what is to come, each
 * until the guest has seen it (one that has no shell is not asked). What was not there and is named
 * to go has come by then, and goes. */
int plug_devices(struct seat *seat, GError **err);
