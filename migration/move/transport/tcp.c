/*
 * tcp: one connection between the nodes, guarded (guard.h), whose descriptors the hypervisors get.
 * Connecting is ours, since QEMU's own cannot be cancelled for minutes; we keep our copies of the
 * descriptors, since shutting them down is what frees a QEMU that waits for the other end.
 */
#include "migration/evidence.h"
#include "migration/move/reach.h"
#include "migration/move/transport/guard.h"
#include "migration/move/transport/table.h"

#include <sys/socket.h>

#define CONNECT_MS 10000

struct tcp {
    struct channel channel; /* first */
    struct guard *guard;    /* destination */
    struct stream *stream;
    char *address; /* the destination's */
    uint16_t port;
    char *peer; /* source: the other host's name */
};

static struct tcp *tcp_new(struct seat *seat, const char *address)
{
    struct tcp *tcp = g_new0(struct tcp, 1);

    tcp->channel = (struct channel){&transport_tcp, seat};
    tcp->address = g_strdup(address);
    return tcp;
}

static void tcp_close(struct channel *channel)
{
    struct tcp *tcp = (struct tcp *)channel;

    guard_free(tcp->guard);
    stream_close(tcp->stream);
    g_free(tcp->address);
    g_free(tcp->peer);
    g_free(tcp);
}

static struct channel *tcp_listen(struct seat *seat, const char *address, int64_t deadline,
                                  GError **err)
{
    struct tcp *tcp = tcp_new(seat, address);

    (void)deadline;
    tcp->guard = guard_new(address, seat->request.port_low, seat->request.port_high, err);
    if (tcp->guard == NULL) {
        g_prefix_error(err, "the migration of %s to %s: ", seat->name, seat->test->host->name);
        tcp_close(&tcp->channel);
        return NULL;
    }
    tcp->port = guard_port(tcp->guard);
    return &tcp->channel;
}

static json_t *tcp_ticket(const struct channel *channel)
{
    const struct tcp *tcp = (const struct tcp *)channel;

    return json_pack("{s:s, s:i, s:s}", "address", tcp->address, "port", (int)tcp->port, "token",
                     guard_token(tcp->guard));
}

static int tcp_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct tcp *tcp = (struct tcp *)channel;
    const struct seat *seat = channel->seat;
    unsigned strangers = 0;

    tcp->stream = guard_admit(tcp->guard, &strangers, deadline, err);
    if (strangers > 0)
        test_note(seat->test,
                  "%s: strangers connected to the port of a migration and were turned "
                  "away",
                  seat->test->host->name);
    if (tcp->stream == NULL)
        return -1;
    return vm_incoming_fd(seat->vm, stream_fd(tcp->stream), deadline, err);
}

static struct channel *tcp_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                   int64_t deadline, GError **err)
{
    const char *address = json_string_value(json_object_get(ticket, "address"));
    const char *token = json_string_value(json_object_get(ticket, "token"));
    json_int_t port = json_integer_value(json_object_get(ticket, "port"));
    g_autoptr(GError) error = NULL;

    if (address == NULL || token == NULL || port <= 0 || port > UINT16_MAX) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "%s did not say where it listens", peer);
        return NULL;
    }

    struct tcp *tcp = tcp_new(seat, address);
    tcp->port = (uint16_t)port;
    tcp->peer = g_strdup(peer);
    tcp->stream = guard_enter(address, tcp->port, token,
                              deadline_min(deadline, deadline_in(CONNECT_MS)), &error);
    if (tcp->stream != NULL)
        return &tcp->channel;
    tcp_close(&tcp->channel);
    if (reach_is_silence(error) && deadline_left(deadline) > 0)
        g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE, "%s no longer reaches %s: %s",
                    seat->test->host->name, peer, error->message);
    else
        g_propagate_error(
            err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                                          "migration channel to %s: %s", peer, error->message),
                              VTMH__EVIDENCE__EVIDENCE_PEER, 0));
    return NULL;
}

static int tcp_send(struct channel *channel, int64_t deadline, GError **err)
{
    struct tcp *tcp = (struct tcp *)channel;

    return vm_migrate_fd(channel->seat->vm, stream_fd(tcp->stream), deadline, err);
}

/* The node at the other end listens on until it has the guest. */
static int tcp_probe(struct channel *channel, int64_t deadline, GError **err)
{
    const struct tcp *tcp = (const struct tcp *)channel;

    return reach_try(tcp->address, tcp->port, deadline, err);
}

static void tcp_break_off(struct channel *channel)
{
    struct tcp *tcp = (struct tcp *)channel;

    if (tcp->stream != NULL)
        shutdown(stream_fd(tcp->stream), SHUT_RDWR);
}

const struct transport transport_tcp = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY,
    .listen = tcp_listen,
    .ticket = tcp_ticket,
    .receive = tcp_receive,
    .connect = tcp_connect,
    .send = tcp_send,
    .probe = tcp_probe,
    .break_off = tcp_break_off,
    .close = tcp_close,
};
