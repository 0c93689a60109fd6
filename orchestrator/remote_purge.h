/*
 * The shell script with which `vtmh cleanup` cleans a machine, for `/bin/sh -s`, there or here, and
 * what it prints. Pure text; deploy_ssh.c and deploy_local.c run it.
 */
#pragma once

#include "orchestrator/deploy.h"

struct remote_purge {
    const char *program; /* the node program to use, a path there; NULL: one of the cache */
    const char *folder;  /* of the cache's bundles the one to try first; NULL: the newest */
    bool with_cache;     /* remove the bundles and guests of the cache too */
};

/* Transfer full. */
char *remote_purge_script(const struct remote_purge *purge);

/*
 * Reads what the script left: its stdout, its stderr and how it ended (NULL: it succeeded). Fails
 * with DEPLOY_ERROR_START when the clean-up failed and did not say what is left. Transfer full.
 */
struct purged *remote_purge_read(const char *out, const char *errors, const char *ending,
                                 GError **err);
