/*
 * Can the source reach the destination's migration address? Tried before any VM starts, so that a
 * wrong mig_address or mig_port is told in a second and by name; and again when a stream stalls, so
 * that a network that was cut is not taken for a failure of the hypervisors.
 */
#pragma once

#include "sync/fiber.h"

/*
 * Opens a TCP listener on address with a port in [low, high] (0, 0: any). The error names address
 * and port. Returns the descriptor (close-on-exec), or -1.
 */
int reach_listen(const char *address, uint16_t low, uint16_t high, uint16_t *port_out,
                 GError **err);

/* A port in [low, high] that is free now, for somebody who cannot be handed a listener. */
int reach_free_port(const char *address, uint16_t low, uint16_t high, uint16_t *port_out,
                    GError **err);

/* Connects once and closes again. The error names address, port and reason. */
int reach_try(const char *address, uint16_t port, int64_t deadline, GError **err);

/*
 * Whether such an error, or one of stream_connect_tcp(), says that no word came back from the other
 * host. A host that refuses is there, and whoever was cancelled knows nothing.
 */
bool reach_is_silence(const GError *error);
