/*
 * Who is connected to TCP ports of this host, or was a moment ago, as the kernel tells
 * (/proc/self/net/tcp, tcp6): for a port that somebody else listens on. A connection that was reset
 * is not seen any more.
 */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/socket.h>

/* Nobody. Transfer full; free with g_ptr_array_unref(). */
GPtrArray *peers_new(void);

/*
 * Those of a text as the kernel writes it, each once: it is written a page at a time, and says a
 * connection twice when others came and went between two pages.
 */
void peers_add(GPtrArray *peers, const char *text);

/* All that there are now. Transfer full. */
GPtrArray *peers_now(void);

/* An address as it stands among them: without the interface, a mapped IPv4 address as such. Empty:
 * of another family. Transfer full. */
char *peers_address(const struct sockaddr_storage *address);

/*
 * Somebody who has connected to this address and port since then and is not at the friends'
 * address, or one more from there than may be: his address. Addresses as of peers_address() (a
 * program of this host may call out from the same port at another address). Transfer full; NULL:
 * nobody is seen.
 */
char *peers_find_stranger(const GPtrArray *before, const char *address, uint16_t port,
                          const char *friends_address, unsigned n_friends);
