/* What the libvirt driver would start, without a libvirtd. */
#pragma once

#include "migration/vm/vm.h"

/*
 * {"machine": as machine_to_json(), "domain": its XML, "past_libvirt": [{"what": …, "why": …}] of
 * what goes in QEMU's words}. Where a job gives names (the domain, sockets), they are made up.
 * Errors as of vm_show(). Transfer full.
 */
json_t *libvirt_show(const struct vm_spec *spec, GError **err);
