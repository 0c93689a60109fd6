/*
 * What a guest says and is told through a socket to which its hypervisor connects. The hypervisor
 * of a libvirt domain cannot be handed descriptors, and at a destination it is started when libvirt
 * likes to: so we listen, before there is a domain, and the stream is there from the beginning.
 */
#pragma once

#include "sync/stream.h"

#include <sys/types.h>

struct libvirt_line;

/* Who has connected, by SO_PEERCRED; 0: its process is not seen from here. On the loop's stack. */
typedef void (*libvirt_line_met_fn)(pid_t pid, void *arg);

/*
 * Listens at path, which must not exist. *ours_out: what is said there, and where to answer; at its
 * end when the hypervisor has gone; transfer full. The first who connects is the hypervisor: nobody
 * else is listened to, and the path is gone then. met: told once of it, not after
 * libvirt_line_close(); may be NULL. SYNC_ERROR_SYSTEM. Transfer full.
 */
struct libvirt_line *libvirt_line_open(const char *path, libvirt_line_met_fn met, void *arg,
                                       struct stream **ours_out, GError **err);

/* Hears no more, and removes the path. Whoever has the stream reads its end. NULL is fine. */
void libvirt_line_close(struct libvirt_line *line);
