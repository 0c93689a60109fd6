/* A connection between this process and one that it starts. */
#pragma once

#include <glib.h>

/*
 * Ours in pair[0], the other's in pair[1], which nobody else has. Of TCP sockets of this host's
 * address, in between of which nobody listens any more; tcp_host NULL: of Unix sockets.
 * VM_ERROR_START. Transfer full.
 */
int line_pair(const char *tcp_host, int pair[2], GError **err);
