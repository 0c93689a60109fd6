/* The yardstick of the link's round trip: an echo over a bare link (bare_link.h), not sealed. */
#pragma once

#include <glib.h>
#include <stddef.h>

#define BARE_NODE_OPTION "--bare-node"

struct bare_echo;

/* Starts the other process, for messages of so many bytes (at least one). In a fiber. Transfer
 * full. */
struct bare_echo *bare_echo_start(size_t size, GError **err);

/* Round trips for so long: their times in ns. Blocks. Transfer full. */
GArray *bare_echo_measure(struct bare_echo *echo, double for_s);

/* Ends the other process. In a fiber. NULL is fine. */
void bare_echo_free(struct bare_echo *echo);

/* The body of main() in the other process: called when argv[1] is BARE_NODE_OPTION. */
int bare_echo_node(void);
