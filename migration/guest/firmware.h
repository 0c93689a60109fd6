/* What the firmware says of the disks that a guest is to boot from (`image_verify_bootable`). */
#pragma once

#include "migration/guest/guest.h"

/* Its words, in a line, if they match `image_unbootable_pattern`: "Booting from Hard Disk... / Boot
 * failed: not a bootable disk". NULL: it has not complained, or is not asked. For who has waited in
 * vain for the guest, since a disk that another one follows may well be passed over. Transfer full.
 */
char *firmware_complaint(struct guest *guest);
