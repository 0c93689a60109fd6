/*
 * The cache of bundles on a machine, ${XDG_CACHE_HOME:-~/.cache}/vtmh: shell scripts that look into
 * it and put into it, for `/bin/sh -s`, and what they print. Pure text; deploy_ssh.c runs them.
 *
 * A bundle is in use only under its final name, and only after every file of it was checked by its
 * hash. It comes there by a rename from a folder of its uploader alone, so a broken or half upload
 * is never used, and several uploaders do not disturb each other: the first wins, the others see
 * that theirs is there. A damaged bundle is moved aside, not written into.
 */
#pragma once

#include "orchestrator/bundle.h"

#include <sys/types.h>

/* Lines for us begin so; what a login shell's start files print does not. */
#define REMOTE_CACHE_MARK "vtmh:"

/*
 * What all scripts begin with: $cache; say WORDS, a line for us; fail WORDS, which ends it; and has
 * FOLDER, whether all files are there that its stdin lists, undamaged.
 */
extern const char remote_cache_prologue[];

/* A line of shell: uploads that were cut off long ago. */
#define REMOTE_CACHE_REMOVE_OLD_UPLOADS                                                            \
    "find \"$cache\" -maxdepth 1 -name '.new-*' -mtime +0 -exec rm -rf {} + 2>/dev/null\n"

struct remote_cache_state {
    char *cache; /* absolute path of the cache there */
    char *arch;  /* `uname -m` */
    char *libc;  /* "glibc 2.36"; "" when there is no such thing */
    char
        *server_address; /* where the machine itself was reached, numeric; "" if it does not know */
    uint64_t free_bytes;
    bool *has; /* for each bundle asked for: whether it is there and undamaged */
};

/*
 * The script of the first look. token: of this upload alone, of letters and digits. If nothing is
 * missing, it goes on with `then`, more lines of shell, in which $cache is the cache. Otherwise it
 * makes the folders to upload into (see remote_cache_incoming()) and ends.
 */
char *remote_cache_probe_script(struct bundle *const *bundles, unsigned n, const char *token,
                                const char *then);

/*
 * Reads what it printed. DEPLOY_ERROR_HOST with the machine's words when it cannot hold a cache.
 * Clear with remote_cache_state_clear().
 */
int remote_cache_read_state(const char *out, struct bundle *const *bundles, unsigned n,
                            struct remote_cache_state *state, GError **err);
void remote_cache_state_clear(struct remote_cache_state *state);

/* Whether the machine can run the bundle and has room for it. DEPLOY_ERROR_HOST. */
int remote_cache_check_fit(const struct remote_cache_state *state, const struct bundle *bundle,
                           bool must_upload, GError **err);

/* Where the bundle's tar is uploaded to. Transfer full. */
char *remote_cache_incoming(const struct remote_cache_state *state, const char *token,
                            const struct bundle *bundle);

/*
 * The script that unpacks, checks and puts in place what was uploaded, the bundles that `has` says
 * lack, and goes on with `then`.
 */
char *remote_cache_install_script(const struct remote_cache_state *state,
                                  struct bundle *const *bundles, unsigned n, const char *token,
                                  const char *then);

/* Reads what it printed. DEPLOY_ERROR_UPLOAD. */
int remote_cache_read_install(const char *out, const char *errors, GError **err);

/* What `then` printed, within out. Transfer none. */
const char *remote_cache_after(const char *out);

/*
 * The lines that start the node, for `then`. It listens on the address at which the machine itself
 * was reached (SSH_CONNECTION), not on all. The key comes to its stdin from a builtin of the shell,
 * which itself has it from its own stdin: it is in no command line and no environment.
 */
struct remote_cache_start {
    const struct bundle *node, *guests; /* guests: NULL if none are needed */
    const char *name;                   /* of the machine, in the job */
    const char *key;                    /* hex */
    const char *reached; /* the address that we reached, numeric; "" behind a proxy */
};
char *remote_cache_start_lines(const struct remote_cache_start *start);

/* The script that runs the node program's `cleanup` for a node; its exit status is the
 * program's. */
char *remote_cache_clean_up_script(const struct bundle *node, pid_t pid);
