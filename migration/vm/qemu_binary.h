/* Where a host has its QEMU. */
#pragma once

#include "migration/vm/platform.h"

/*
 * The path of a QEMU: as given when it has a slash, else looked up in PATH. One of the usual names
 * (qemu, kvm, qemu-kvm, /usr/libexec/qemu-kvm, qemu-system-x86_64, …) that is not there is found
 * under the first other of them that is. who is for the error, VM_ERROR_START. Transfer full.
 */
char *qemu_find_binary(const char *name, const char *who, GError **err);
