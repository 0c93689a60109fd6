/* libvirt's events, and QEMU's own by way of libvirt, put onto the wire (protocol.h). */
#pragma once

#include <libvirt/libvirt.h>

#define EVENTS_MAX 16

/* Which callbacks a connection has. */
struct events {
    int ids[EVENTS_MAX];
    unsigned count;
    int qemu_id; /* -1: none */
};

/* Has them come from this connection. -1: libvirt's last error. QEMU's own are left out where the
 * hypervisor is another. */
int events_begin(struct events *events, virConnectPtr connection);
void events_end(struct events *events, virConnectPtr connection);
