/* One host of the job: its node's link, and who listens to it. */
#pragma once

#include "orchestrator/deploy.h"
#include "orchestrator/report/secrets.h"
#include "proto/link.h"

struct peer;

/* Called on the loop for every message of the node but Welcome and Goodbye. */
typedef void (*peer_message_fn)(struct peer *peer, const Vtmh__Envelope *envelope, void *arg);

struct peer {
    const struct machine *machine;
    struct deployed *deployed;
    struct link *link;
    char *boot_id;
    vtmh_envelope *answer;        /* to our Hello */
    const Vtmh__Welcome *welcome; /* in it: what the host is */
    /* Hidden in all that the node says from then on; NULL: nothing. Outlives the peer. */
    const struct secrets *secrets;
    unsigned index; /* in the job's order */
    peer_message_fn on_message;
    void *arg;
    struct event goodbye;   /* the node has said good-bye */
    GPtrArray *final_leaks; /* char *: what it could not remove */
    bool keeps_vms;         /* VMs of earlier tests may live on there: at the end of the last one it
                               has not said that none does */
    bool failed_before;     /* the last test on it has failed */
    bool is_gone;           /* lost for longer than the grace: not asked again */
};

/*
 * Connects to a deployed node and greets it. deployed: transfer full, but on failure it stays the
 * caller's: the node runs, deploy_clean_up() is due. Its messages are then handled in a fiber of
 * scope. Transfer full.
 */
struct peer *peer_connect(struct deployed *deployed, const char *job, struct scope *scope,
                          int64_t deadline, GError **err);

const char *peer_name(const struct peer *peer);

/* Sends a body (the link numbers it). Fails only with LINK_ERROR_TOO_LARGE. */
int peer_send(struct peer *peer, const Vtmh__Envelope *envelope, GError **err);

/* The same with what link_pack() gave. */
void peer_send_packed(struct peer *peer, struct packed *message);

/*
 * Ends the node: good-bye, and its answer. What it could not remove is in final_leaks. TIMEOUT if
 * it does not answer, LINK_ERROR_LOST if it is lost meanwhile: then deploy_clean_up() is due.
 */
int peer_say_goodbye(struct peer *peer, int64_t deadline, GError **err);

/* Call when the scope of its fiber has been closed. NULL is fine. */
void peer_free(struct peer *peer);
