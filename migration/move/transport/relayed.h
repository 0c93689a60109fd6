/*
 * The way through relays: each hypervisor has a socket in a folder of its own on its host
 * (unix:PATH), and the nodes carry each connection that is made there to the other host. There each
 * has a place of its own behind the guard, so that they arrive in the order in which they were
 * made: a hypervisor takes the first for the main one.
 *
 *     source's VM -> socket -> relay ====> relay -> socket -> destination's VM
 */
#pragma once

#include "migration/move/transport/direct.h"

/* The members of struct transport. */
struct channel *relayed_listen(struct seat *seat, const char *address, int64_t deadline,
                               GError **err);
int relayed_receive(struct channel *channel, int64_t deadline, GError **err);
struct channel *relayed_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                int64_t deadline, GError **err);
int relayed_send(struct channel *channel, int64_t deadline, GError **err);
GError *relayed_complaint(struct channel *channel);
pid_t relayed_carrier(const struct channel *channel);
void relayed_break_off(struct channel *channel);
void relayed_close(struct channel *channel);

/*
 * The same for what a hypervisor does at its socket beside the migration (disks.c), in so many
 * connections at most. Destination: opens the way; once a server of the hypervisor's is at the
 * socket, relayed_receive() lets the source in. Source: goes there; from relayed_take_over() on
 * what connects to its socket is carried. Transfer full, and relayed_close() is the end of it.
 */
struct channel *relayed_open(struct seat *seat, const char *address, unsigned n_streams,
                             GError **err);
struct channel *relayed_enter(struct seat *seat, const json_t *ticket, const char *peer,
                              unsigned n_streams, int64_t deadline, GError **err);
int relayed_take_over(struct channel *channel, int64_t deadline, GError **err);

/*
 * The same for the stream of a hypervisor that a manager tells where it listens and connects: at
 * the destination's socket, whose path the ticket names, and which the source's node has, too
 * (transport_folder_alike()). The source goes to the destination when its hypervisor connects, not
 * before: nobody listens there until then.
 */
struct channel *relayed_open_alike(struct seat *seat, const char *address, unsigned n_streams,
                                   GError **err);
json_t *relayed_ticket_alike(const struct channel *channel);
struct channel *relayed_enter_alike(struct seat *seat, const json_t *ticket, const char *peer,
                                    unsigned n_streams, GError **err);

/* Waits until a connection that is carried has ended. */
int relayed_await_end(struct channel *channel, int64_t deadline, GError **err);

/* Destination, of one that was opened: the source is let in to a server at this path instead. */
void relayed_lead_to(struct channel *channel, const char *path);

/* The path of the socket. Transfer full. */
char *relayed_socket(const struct channel *channel);

#define RELAYED_MEMBERS                                                                            \
    .guard = "relay", .listen = relayed_listen, .ticket = direct_ticket,                           \
    .receive = relayed_receive, .connect = relayed_connect, .send = relayed_send,                  \
    .complaint = relayed_complaint, .probe = direct_probe, .carrier = relayed_carrier,             \
    .break_off = relayed_break_off, .close = relayed_close
