/*
 * How the stream of a migration gets from host to host: one file a transport, found by the
 * parameter mig_protocol.
 *
 *     destination                            source
 *     listen()                               .
 *                       "ready": ticket()
 *     .                                      connect(ticket)
 *     receive(): the VM reads                send(): the VM writes
 *     finish()                               finish()         before "moved"
 *     close()                                close()          also after a failure, at any point
 *
 * A channel is this host's end of one stream; a transport's own struct begins with it. Calls wait
 * in a fiber with a deadline; errors are of VM_ERROR or SYNC_ERROR.
 */
#pragma once

#include "migration/move/seat.h"

enum transport_trait {
    TRANSPORT_TWO_WAY = 1 << 0, /* the destination can answer: return path, post-copy */
    TRANSPORT_STREAMS = 1 << 1, /* more than one at a time: multifd, preempt */
    TRANSPORT_OFFLINE = 1 << 2, /* the source writes all of it before the destination reads */
    TRANSPORT_MANAGED = 1 << 3, /* managers move the VM (vm_is_managed()) */
};

struct transport;

struct channel {
    const struct transport *transport;
    struct seat *seat;
};

struct transport {
    const char *name; /* a value of mig_protocol */
    unsigned traits;
    /* What keeps others out of the way in, a value of mig_guard: "token", each connection asks for
     * one; "relay", that, and the nodes carry the bytes; "none", it is open. NULL: nobody listens.
     */
    const char *guard;
    /* Whether it goes with these params; NULL: always. */
    bool (*fits)(const struct params *params);
    const struct transport *other; /* another way of the same name; NULL: there is no more */

    /* Whether this host can: else UNSUPPORTED, before anything starts. NULL: every host can. */
    int (*check)(const struct seat *seat, GError **err);

    /* Destination, before "ready": from now on the other end can come. address: numeric, at which
     * this host receives migrations. Transfer full. */
    struct channel *(*listen)(struct seat *seat, const char *address, int64_t deadline,
                              GError **err);
    /* Destination: what the source must know; nobody else sees it. Transfer full. */
    json_t *(*ticket)(const struct channel *channel);
    /* Destination, from "start" on: waits for the source and hands the stream to the VM. */
    int (*receive)(struct channel *channel, int64_t deadline, GError **err);

    /* Source: goes to the other end. peer: its host's name. Transfer full. */
    struct channel *(*connect)(struct seat *seat, const json_t *ticket, const char *peer,
                               int64_t deadline, GError **err);
    /* Source: hands the stream to the VM, which begins to migrate. */
    int (*send)(struct channel *channel, int64_t deadline, GError **err);

    /* Either end, when its VM has completed, before that is said: is all of it there? NULL: the
     * VM's word is enough. */
    int (*finish)(struct channel *channel, int64_t deadline, GError **err);
    /* Either end, then: how many bytes of the stream have gone through it, which must be as many at
     * the other. NULL: nobody counts. */
    int64_t (*carried)(const struct channel *channel);
    /* The process that carries the stream; 0: none does yet. NULL: never. */
    pid_t (*carrier)(const struct channel *channel);
    /* Either end, when the leg has failed: why, if it was the channel; NULL: it was not, as far as
     * it knows. Transfer full. The member may be NULL. */
    GError *(*complaint)(struct channel *channel);
    /* Source, when no byte has moved for a while: 0 if the other end's host answers. An error for
     * which reach_is_silence() holds: it does not. NULL: nothing can be asked. */
    int (*probe)(struct channel *channel, int64_t deadline, GError **err);
    /* Ends the stream so that a VM which waits for it goes on; its QMP may be silent until then.
     * NULL: nobody but the hypervisors can, or nobody waits. */
    void (*break_off)(struct channel *channel);
    void (*close)(struct channel *channel);
};

/* A ticket with "address" and "port". Transfer full. */
json_t *ticket_of_address(const char *address, uint16_t port);

/* Both of a ticket; *address_out lives as long as it. An error names the peer. */
int ticket_read_address(const json_t *ticket, const char *peer, const char **address_out,
                        uint16_t *port_out, GError **err);

/* The first of that name; NULL if there is none. */
const struct transport *transport_find(const char *name);

/*
 * Of the ways of one name the first that goes with the params, has the traits, and is guarded as
 * asked for ("auto": however it is). NULL: there is none.
 */
const struct transport *transport_choose(const struct transport *first, const struct params *params,
                                         unsigned traits, const char *guard);

/* As the member carried; -1: not known. */
int64_t channel_carried(const struct channel *channel);

/* As the member carrier; 0: there is none. */
pid_t channel_carrier(const struct channel *channel);

/* As the member break_off, if there is one. NULL is fine. */
void channel_break_off(struct channel *channel);

/* NULL is fine. */
void channel_close(struct channel *channel);
