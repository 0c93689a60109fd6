/*
 * jeos has two kernels: the clouds' own, which boots fast and drives what they have, and the one
 * for any computer. Each lies in a folder of its own with its initramfs and keys.
 */
#pragma once

#include "migration/guest/guest.h"

/* The folder of the kernel that the VM's devices need (jeos_kernel). UNSUPPORTED, with the device's
 * name, for one that neither kernel drives. Transfer none. */
const char *jeos_folder(const struct params *params, GError **err);

/* The folder that not every jeos needs. */
extern const struct guest_folder jeos_full;
