/*
 * A libvirtd of the test's own on this computer: the program tests/integration/libvirtd, which ends
 * it, its domains and its files when the test ends, however it does. About 3 s; needs no fiber.
 */
#pragma once

#include <sys/types.h>

struct libvirt_bed {
    char *uri;    /* qemu+unix:///system?socket=… */
    char *socket; /* the path in it */
    int to, from; /* stdin, stdout of the program */
    pid_t pid;    /* its own, not libvirtd's */
};

/* Why none can be had here, or NULL. Transfer none. */
const char *libvirt_bed_missing(void);

/* Both fail the test where they do not work. */
struct libvirt_bed *libvirt_bed_start(void);
void libvirt_bed_stop(struct libvirt_bed *bed);

/* "stop", "kill", "start", "freeze" or "thaw": does it to libvirtd (deploy/lab.d/libvirtd says what
 * they are) and returns when it is done. Its URI stays. */
void libvirt_bed_do(struct libvirt_bed *bed, const char *command);
