/*
 * The two ways of putting a node on a machine, for deploy.c only: as a child process here, and over
 * SSH. Both run in a fiber and wait until the deadline at most.
 */
#pragma once

#include "orchestrator/deploy.h"

struct deploy_way {
    /* Starts the node with deployed->key; fills in the addresses, the version and the pid. */
    int (*start)(struct deployed *deployed, const struct deploy_options *options, int64_t deadline,
                 GError **err);
    /* Runs `vtmh-node cleanup` for deployed->pid. */
    int (*clean_up)(const struct deployed *deployed, const struct deploy_options *options,
                    int64_t deadline, GError **err);
    /* Cleans deployed->machine, on which no node was put. Transfer full. */
    struct purged *(*purge)(const struct deployed *deployed, const struct deploy_options *options,
                            bool with_cache, int64_t deadline, GError **err);
};

extern const struct deploy_way deploy_local;
extern const struct deploy_way deploy_ssh;

/* Tells the display a state, such as "connecting"; NULL: ready. */
void deploy_say(const struct deployed *deployed, const struct deploy_options *options,
                const char *state);

/*
 * Puts "NAME: doing: " in front of the message; doing may be NULL. The name is said once, in front,
 * even if the layer below had said it.
 */
void deploy_prefix(const struct machine *machine, const char *doing, GError **err);
