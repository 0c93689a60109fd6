/* Machines to start nodes on, all of them this one: an sshd of its own for each, with keys, a
 * known_hosts and a cache of nodes apart from the user's. For benches. */
#pragma once

#include <glib.h>
#include <stdint.h>

struct ssh_hosts {
    char *folder; /* with user_key, known_hosts, cache/ */
    unsigned n;
    uint16_t *ports;
    int *pids; /* of the sshds */
};

/* Starts n. From then on `ssh` in PATH reads only a configuration of the folder. Transfer full: end
 * with ssh_hosts_stop(), which NULL is fine for. */
struct ssh_hosts *ssh_hosts_start(unsigned n, GError **err);
void ssh_hosts_stop(struct ssh_hosts *hosts);
