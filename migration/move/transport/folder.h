/* A fresh folder of our own for sockets: a hypervisor that listens at a path removes whatever lies
 * there. */
#pragma once

#include "migration/move/seat.h"

/* Of mode 0700, in the test's run folder; its path is short enough for a socket in it. Transfer
 * full. */
char *transport_folder_new(const struct seat *seat, GError **err);

/*
 * One that has the same path on both hosts, as the managers' call names only one: the destination
 * chooses it (path NULL), the source makes it there. In the folder of the user's nodes, and in the
 * node's ledger. UNSUPPORTED where it is there already, since the hosts share a file system.
 * Transfer full; free with transport_folder_disown().
 */
char *transport_folder_alike(const struct seat *seat, const char *path, GError **err);

/* As transport_folder_free(), and out of the ledger. NULL is fine. */
void transport_folder_disown(const struct seat *seat, char *folder, const char *name);

/* With the file of this name in it. Frees folder. NULL is fine. */
void transport_folder_free(char *folder, const char *name);
