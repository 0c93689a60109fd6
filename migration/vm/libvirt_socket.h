/*
 * Which socket of this host leads to the libvirt that a URI means: libvirtd's, or that of
 * virtqemud, the daemon for QEMU alone that newer hosts run in its place. They speak the same.
 */
#pragma once

#include <glib.h>

/*
 * Looks and connects, which waits for nothing; a daemon that answers nobody (SIGSTOP) is found,
 * too.
 *
 * uri, as libvirt understands it: qemu:///system, qemu:///session, with +unix or not, with
 * ?socket=PATH or ?mode=direct (virtqemud alone), ?mode=legacy (libvirtd alone). Where both daemons
 * are, it is virtqemud, as for libvirt itself; but a socket that nobody listens at any more is
 * passed over for the other.
 *
 * The path, transfer full. Else NULL and VM_ERROR:
 *   UNSUPPORTED  it is not a URI of this host, or there is no such socket: no libvirt is here
 *   START        there is one, but nobody listens, or it is not for us
 */
char *libvirt_socket_find(const char *uri, GError **err);

/* The same among the sockets in a folder, such as /run/libvirt. mode: as above, or NULL. */
char *libvirt_socket_find_in(const char *folder, const char *mode, GError **err);
