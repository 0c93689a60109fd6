/* Two ends of a stream on one host: one for a hypervisor, the other for what carries its bytes. */
#pragma once

#include <glib.h>

/* A pair of connected sockets, close-on-exec. */
int pair_open(int *one, int *other, GError **err);

/* Closes a descriptor unless it is -1, and makes it that. */
void pair_close(int *fd);
