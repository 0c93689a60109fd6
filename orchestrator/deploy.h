/*
 * Putting a node on a machine: connect, upload what is missing, start it, hand it its key.
 *
 * The node's bundle and the guests' images are content-addressed: uploaded once into
 * ~/.cache/vtmh on the machine, verified by their hash, used again. The key goes over the node's
 * stdin. The node answers with one JSON line (see node/serve.h) and detaches.
 */
#pragma once

#include "orchestrator/inventory.h"
#include "proto/seal.h"
#include "sync/fiber.h"

#define DEPLOY_ERROR (deploy_error_quark())
GQuark deploy_error_quark(void);

enum deploy_error {
    DEPLOY_ERROR_BUNDLE, /* our own build lacks the node or the guests: what to run */
    DEPLOY_ERROR_HOST,   /* the machine cannot run a node: libc too old, other architecture, no room
                          */
    DEPLOY_ERROR_UPLOAD, /* a copy failed or did not verify */
    DEPLOY_ERROR_START,  /* the node did not start; its own words */
};

struct deploy_options {
    bool accept_new_host_keys;
    const char *command_hint; /* our command line, to say what would accept a key */
    const char *const
        *guests; /* which guests' images are needed: "tick", "jeos"; NULL-terminated */
    /* called with a short state for the display; NULL state: ready */
    void (*progress)(const struct machine *machine, const char *state, void *arg);
    void *arg;
};

struct deployed {
    const struct machine *machine;
    char *address;      /* numeric, at which other hosts reach it */
    char *link_address; /* for link_connect() */
    char *version;      /* of the node */
    uint8_t key[SEAL_KEY_BYTES];
    pid_t pid; /* of the node, on its machine */
};

/* Puts a node on one machine. Run one fiber a machine for all at once. Transfer full. */
struct deployed *deploy_node(const struct machine *machine, const struct deploy_options *options,
                             int64_t deadline, GError **err);
void deployed_free(struct deployed *deployed);

/* Waits until the process of a node on this machine is gone; elsewhere there is nothing to see. */
void deploy_await_end(const struct deployed *deployed, int64_t deadline);

/*
 * Connects again and runs `vtmh-node cleanup` for the given dead or lost node: ends it and removes
 * all that it owned.
 */
int deploy_clean_up(const struct deployed *deployed, const struct deploy_options *options,
                    int64_t deadline, GError **err);

/* What `vtmh cleanup` found on a machine; lines for the user, as the machine gave them. */
struct purged {
    GPtrArray *removed; /* char *: "process 12 (qemu-system-x86_64)", "path /run/vtmh/node-…" */
    GPtrArray *live;    /* nodes with a job, not touched: "node 1234 (host2)" */
    GPtrArray *left;    /* what could not be removed */
};
struct purged *purged_new(void);
void purged_free(struct purged *purged);
AUTOPTR_STRUCT(purged, purged_free);

/*
 * Removes what dead nodes left on a machine, by the node program in its cache; a machine without
 * one has nothing to clean. with_cache: also all bundles and guests in its cache (of this computer
 * never the user's own guests), unless a node lives there or something is left. Transfer full; what
 * could not be removed is in the result, err says why the machine could not be cleaned at all. Run
 * one fiber a machine for all at once, but one only for all local: machines.
 */
struct purged *deploy_purge(const struct machine *machine, const struct deploy_options *options,
                            bool with_cache, int64_t deadline, GError **err);
