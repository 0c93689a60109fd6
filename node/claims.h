/*
 * What a job keeps for itself on a host while it runs, so that two jobs of whatever users do not
 * get into each other's way: its claims, and where two of them meet. Pure; claim_file.h puts them
 * where the nodes of other jobs see them.
 *
 * A kind of claim is a row in claims.c. Parameters that claim say so in their own rows (.claim,
 * cfg/param-info.h). Nodes of one job share everything.
 *
 * As text:
 *
 *     vtmh-claims 1
 *     job 20261130-034512-1f2e3d
 *     owner 812 alice@desk
 *     node 4711
 *     alone
 *     ports 5200-5899
 *     folder /srv/streams
 *     image /srv/images/debian-12.qcow2
 *
 * What is read back may have been written by anybody who has an account on the host. Nothing of it
 * is believed but that its writer wants it so, and nothing is taken that a terminal would not
 * simply show.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct claim_kind;

struct claim {
    const struct claim_kind *kind;
    char *value;
    char *parameter; /* whose value that is; NULL in what was read */
};

struct claims {
    char *job;
    char *owner;        /* who runs vtmh: alice@desk */
    int64_t owner_pid;  /* of vtmh, there */
    int64_t node_pid;   /* of the node, here */
    bool alone;         /* no other job may be on the host */
    GPtrArray *entries; /* struct claim */
};

/* Characters in job and owner that a claim cannot have become '?'. Transfer full. */
struct claims *claims_new(const char *job, const char *owner, int64_t owner_pid, int64_t node_pid,
                          bool alone);
void claims_free(struct claims *claims);
AUTOPTR_STRUCT(claims, claims_free);

/* Whether there is a kind of that name. */
bool claims_know(const char *kind);

/* Adds a claim, once. A folder or an image: absolute, links resolved by the caller. SYNC_ERROR_SYSTEM: there is
 * no such kind, or the value is none of it. */
int claims_add(struct claims *claims, const char *kind, const char *value, const char *parameter,
               GError **err);

/* Transfer full. */
char *claims_to_text(const struct claims *claims);

/* NULL where text does not say whose claims it is. Lines that it does not know claim nothing.
 * Transfer full. */
struct claims *claims_from_text(const char *text);

/*
 * Why a job cannot have what it claims beside another, whose node runs as that user; a sentence
 * that says what to do. NULL: both can be. Transfer full.
 */
char *claims_clash(const struct claims *ours, const struct claims *theirs, const char *user);
