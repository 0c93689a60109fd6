/*
 * What a guest says and is told through a socket to which its hypervisor connects. The hypervisor
 * of a libvirt domain cannot be handed descriptors, and at a destination it is started when libvirt
 * likes to: so we listen, before there is a domain, and the stream is there from the beginning.
 */
#pragma once

#include "sync/stream.h"

struct libvirt_line;

/*
 * Listens at path, which must not exist. *ours_out: what is said there, and where to answer; at its
 * end when the hypervisor has gone; transfer full. The first who connects is the hypervisor: nobody
 * else is listened to, and the path is gone then. SYNC_ERROR_SYSTEM. Transfer full.
 */
struct libvirt_line *libvirt_line_open(const char *path, struct stream **ours_out, GError **err);

/* Hears no more, and removes the path. Whoever has the stream reads its end. NULL is fine. */
void libvirt_line_close(struct libvirt_line *line);
