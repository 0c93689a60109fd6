/*
 * A machine to deploy to: a real sshd on a free port of 127.0.0.1 that outlives a loop, with keys,
 * known_hosts and a cache folder of its own. The user's own SSH configuration plays no part: an
 * `ssh` that reads only ours is put in front in PATH. Leaves nothing behind but /run/sshd, which
 * OpenSSH wants for root.
 */
#pragma once

#include <stdint.h>

/* Why no sshd can be had here, or NULL. */
const char *bed_missing(void);

struct bed {
    char *folder; /* all of it; logins find it in $VTMH_TEST */
    char *cache;  /* XDG_CACHE_HOME of logins */
    uint16_t port;
    int pid; /* of sshd */
};

/* All of these are for Criterion tests: what fails, fails the test. */
struct bed *bed_start(void);
void bed_stop(struct bed *bed);

/* Ends sshd alone, so that connections are refused. */
void bed_end_sshd(struct bed *bed);

/* Writes a file below the folder, making folders above it. */
void bed_make_file(const struct bed *bed, const char *name, const char *text, int mode);

/* Reads one; fails the test if it is not there. Transfer full. */
char *bed_read_file(const struct bed *bed, const char *name);

/* Runs a shell command in the folder. */
void bed_shell(const struct bed *bed, const char *command);

/* Enters the host key into our known_hosts. */
void bed_trust(const struct bed *bed);
