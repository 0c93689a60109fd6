/* A fresh folder of our own for sockets: a hypervisor that listens at a path removes whatever lies
 * there. */
#pragma once

#include "migration/move/seat.h"

/* Of mode 0700, in the test's run folder; its path is short enough for a socket in it. Transfer
 * full. */
char *transport_folder_new(const struct seat *seat, GError **err);

/* With the file of this name in it. Frees folder. NULL is fine. */
void transport_folder_free(char *folder, const char *name);
