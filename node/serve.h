/* `vtmh-node serve`: becoming a daemon. */
#pragma once

#include <glib.h>
#include <stdint.h>

struct serve_options {
    char *name;
    char *listen;  /* tcp://IP:PORT (0: any), or "ipc": a unix socket in the node's own folder */
    char *address; /* numeric, at which the other hosts reach us; NULL: taken from listen */
    char *guests_dir;
    int64_t grace_ms;
};

/*
 * Reads the key from stdin (SEAL_KEY_HEX digits and LF), goes into the background, and serves. In
 * the foreground process it returns the exit status once the daemon has said on stdout, in one line
 * of JSON, where it listens, or why it cannot:
 *
 *     {"address":"tcp://10.0.0.1:20011","pid":1234,"protocol":1,"version":"0.1.0"}
 *     {"error":"…"}
 */
int serve(const struct serve_options *options);
