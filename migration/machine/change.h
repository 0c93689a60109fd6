/*
 * A machine that changes while it runs: devices are plugged in and out by their names, and the
 * destination of a migration builds the machine as it is now, not as it was started.
 *
 * Only what travels comes from the source; the destination's own parameters say what is local, so a
 * path or a descriptor of one host never is another's.
 */
#pragma once

#include "migration/machine/device.h"

/*
 * Plugs a device into a machine, as yet without the hypervisor (is_live says so), with what it
 * needs: a SCSI disk may bring a controller. kind: "disk", "nic", …; name: an object of the VM, as
 * the word of `images` that is called so. CFG_ERROR_PARAM_VALUE for one that is there already, and
 * as of machine_new(); UNSUPPORTED for a kind that is not plugged in. Then the machine is as
 * before.
 */
int machine_plug(struct device *board, const struct machine_spec *spec, const char *kind,
                 const char *name, GError **err);

/* What of a machine the destination is to know: machine_to_json() without what is local. Transfer
 * full. */
json_t *machine_travels(const struct device *board);

/*
 * The machine of the spec as it is now at the source, which has sent machine_travels(): what is no
 * longer there is left out, what was plugged in is added, and each device has the place that it has
 * there. VM_ERROR_DIFFERENT, which names device and property, where these parameters make another
 * machine. Transfer full.
 */
struct device *machine_follow(const struct machine_spec *spec, const json_t *there, GError **err);
