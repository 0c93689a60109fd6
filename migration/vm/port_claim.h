/*
 * A TCP port of this host for a program that can neither be handed a socket nor look for a port
 * itself: nobody listens there, and no other VM of any job takes it meanwhile. What holds it is a
 * name in the kernel that goes with this process, as seen by all users of one network namespace.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdint.h>

struct port_claim;

/* The first port of the range that is free on 127.0.0.1. VM_ERROR_START: there is none. Transfer
 * full. */
struct port_claim *port_claim_new(uint16_t low, uint16_t high, GError **err);
uint16_t port_claim_port(const struct port_claim *claim); /* NULL: 0 */
void port_claim_free(struct port_claim *claim);           /* NULL is fine */
AUTOPTR_STRUCT(port_claim, port_claim_free);
