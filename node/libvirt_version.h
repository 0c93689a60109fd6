/* Whether this host has a libvirt that runs QEMU, and which. */
#pragma once

/*
 * Asks the daemon's program, virtqemud or libvirtd, which says so without being run as a daemon: a
 * host whose libvirt is down has it all the same. "9.0.0"; "unknown" where it does not say; ""
 * where there is none. Waits in a fiber, for no longer than a few seconds. Transfer full.
 */
char *libvirt_version_find(void);

/* In what the program says of itself. "" where it is not said. Transfer full. */
char *libvirt_version_parse(const char *text);
