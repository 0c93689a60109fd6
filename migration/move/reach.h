/*
 * Can the source reach the destination's migration address? Tried before any VM starts, so that a
 * wrong mig_address or mig_port is told in a second and by name.
 */
#pragma once

#include "sync/fiber.h"

/*
 * Opens a TCP listener on address with a port in [low, high] (0, 0: any). The error names address
 * and port. Returns the descriptor (close-on-exec), or -1.
 */
int reach_listen(const char *address, uint16_t low, uint16_t high, uint16_t *port_out,
                 GError **err);

/* Connects once and closes again. The error names address, port and reason. */
int reach_try(const char *address, uint16_t port, int64_t deadline, GError **err);
