/*
 * A tap: the host's end of a guest's network card, a port of a bridge. It lives for as long as
 * somebody has one of its descriptors, a queue each: the hypervisor gets them, so that it needs no
 * privileges, and the tap ends with it, however that ends.
 *
 * Needs /dev/net/tun and CAP_NET_ADMIN. Errors: VM_ERROR, with the interface's name.
 */
#pragma once

#include <glib.h>

#define TAP_QUEUES_MAX 16

/* Lets the kernel move the packets of a tap's queue; opened once for each. */
#define TAP_VHOST "/dev/vhost-net"

struct tap_spec {
    const char *name;   /* of the interface; see LINK_PREFIX */
    const char *bridge; /* whose port it becomes */
    const char *mac;    /* the guest's; NULL: not known */
    unsigned queues;    /* 1 … TAP_QUEUES_MAX */
};

/*
 * Makes a tap and puts it on its bridge, with the bridge's MTU, and with another MAC than the
 * guest's, high enough that the bridge does not take it for its own. fds: as many as queues, the
 * caller's to close. START.
 */
int tap_open(const struct tap_spec *spec, int *fds, GError **err);

/* Whether this host lets us make taps: makes one, and lets go of it. UNSUPPORTED. */
int tap_prove(GError **err);

/* Whether there is a bridge of this name that carries frames. START. */
int tap_check_bridge(const char *bridge, GError **err);
