/*
 * The cache of bundles on a machine, ${XDG_CACHE_HOME:-~/.cache}/vtmh: shell scripts that look into
 * it and put into it, for `/bin/sh -s`, and what they print. Pure text; deploy_ssh.c runs them.
 *
 * A bundle is in use only under its final name, and only after every file of it was checked by its
 * hash. It comes there by a rename from a folder of its uploader alone, so a broken or half upload is
 * never used, and several uploaders do not disturb each other: the first wins, the others see that theirs
 * is there. A damaged bundle is moved aside, not written into.
 */
#pragma once

#include "orchestrator/bundle.h"

#include <sys/types.h>

struct remote_cache_state {
    char *cache;          /* absolute path of the cache there */
    char *arch;           /* `uname -m` */
    char *libc;           /* "glibc 2.36"; "" when there is no such thing */
    char *server_address; /* where the machine itself was reached, numeric; "" if it does not know */
    uint64_t free_bytes;
    bool *has;            /* for each bundle asked for: whether it is there and undamaged */
};

/*
 * The script of the first look. token: of this upload alone, of letters and digits. If something is
 * missing, the folders to upload into are made: see remote_cache_incoming().
 */
char *remote_cache_probe_script(struct bundle *const *bundles, unsigned n, const char *token);

/*
 * Reads what it printed. DEPLOY_ERROR_HOST with the machine's words when it cannot hold a cache. Clear
 * with remote_cache_state_clear().
 */
int remote_cache_read_state(const char *out, struct bundle *const *bundles, unsigned n,
                            struct remote_cache_state *state, GError **err);
void remote_cache_state_clear(struct remote_cache_state *state);

/* Whether the machine can run the bundle and has room for it. DEPLOY_ERROR_HOST. */
int remote_cache_check_fit(const struct remote_cache_state *state, const struct bundle *bundle,
                           bool must_upload, GError **err);

/* Where the bundle's files are uploaded to. Transfer full. */
char *remote_cache_incoming(const struct remote_cache_state *state, const char *token,
                            const struct bundle *bundle);

/* The script that unpacks, checks and puts in place what was uploaded: the bundles that has says lack. */
char *remote_cache_install_script(const struct remote_cache_state *state,
                                  struct bundle *const *bundles, unsigned n, const char *token);

/* Reads what it printed. DEPLOY_ERROR_UPLOAD. */
int remote_cache_read_install(const char *out, const char *errors, GError **err);

/* The script that runs the node program's `cleanup` for a node; its exit status is the program's. */
char *remote_cache_clean_up_script(const struct bundle *node, pid_t pid);
