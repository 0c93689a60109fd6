/*
 * One connection between the nodes, guarded (guard.h), whose descriptors the hypervisors get (fd:).
 * Connecting is ours, since QEMU's own cannot be cancelled for minutes; the source keeps its copy
 * of the descriptor, since shutting it down is what frees a QEMU that waits for the other end.
 *
 * Transports that go another way at their ends embed it as the way between the hosts.
 */
#pragma once

#include "migration/move/transport/guard.h"
#include "migration/move/transport/transport.h"

struct direct {
    struct channel channel; /* first */
    struct guard *guard;    /* destination */
    struct stream *stream;  /* to the other node; NULL before both have met */
    char *address;          /* the destination's */
    uint16_t port;
};

/*
 * For what embeds it: the destination begins to listen (at any port, or at one of mig_port) for so
 * many streams; the source has come in, for the first; the source goes to the destination, with the
 * first; what these made is given up.
 */
int direct_open(struct direct *direct, struct seat *seat, const char *address, bool any_port,
                unsigned n_streams, GError **err);
int direct_admit(struct direct *direct, int64_t deadline, GError **err);
int direct_aim(struct direct *direct, struct seat *seat, const json_t *ticket, const char *peer,
               GError **err); /* where that is, without going there */
int direct_enter(struct direct *direct, struct seat *seat, const json_t *ticket, const char *peer,
                 int64_t deadline, GError **err);
void direct_clear(struct direct *direct);

/* One more connection to the destination, and what it must say; transfer full. */
struct stream *direct_way(const struct direct *direct, const char *token, const char *peer,
                          int64_t deadline, GError **err);
const char *direct_token(const json_t *ticket, unsigned stream);

/* Tells of those who were turned away until now. */
void direct_note_strangers(const struct direct *direct);

/* The members of struct transport. */
struct channel *direct_listen(struct seat *seat, const char *address, int64_t deadline,
                              GError **err);
json_t *direct_ticket(const struct channel *channel);
int direct_receive(struct channel *channel, int64_t deadline, GError **err);
struct channel *direct_connect(struct seat *seat, const json_t *ticket, const char *peer,
                               int64_t deadline, GError **err);
int direct_send(struct channel *channel, int64_t deadline, GError **err);
int direct_probe(struct channel *channel, int64_t deadline, GError **err);
void direct_break_off(struct channel *channel);
void direct_close(struct channel *channel);
