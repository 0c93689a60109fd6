/* Devices that come and go while a domain runs. */
#pragma once

#include "migration/vm/libvirt.h"

int libvirt_plug(struct vm *vm, const struct vm_spec *spec, const char *kind, const char *name,
                 int64_t deadline, GError **err);
int libvirt_unplug(struct vm *vm, const char *kind, const char *name, int64_t deadline,
                   GError **err);

/* As of vm.h: with the places that libvirt has found. */
json_t *libvirt_machine(struct vm *vm, int64_t deadline, GError **err);

/* DEVICE_REMOVED, or that the guest keeps it: on the loop's stack. */
void libvirt_plug_on_left(struct libvirt_vm *vm, const json_t *data, bool is_kept);
