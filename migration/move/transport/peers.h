/*
 * Who is connected to TCP ports of this host, or was a moment ago, as the kernel tells
 * (/proc/self/net/tcp, tcp6): for a port that somebody else listens on. A connection that was reset
 * is not seen any more.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

/* All that there are now. Transfer full; free with g_ptr_array_unref(). */
GPtrArray *peers_now(void);

/*
 * Somebody who has connected to the port since then and is not at that address, or one more from
 * there than may be: his address. Transfer full; NULL: nobody is seen.
 */
char *peers_find_stranger(const GPtrArray *before, uint16_t port, const char *friends_address,
                          unsigned n_friends);
