#include "migration/move/transport/direct.h"

#include "migration/evidence.h"
#include "migration/move/reach.h"

#include <sys/socket.h>

#define CONNECT_MS 10000

int direct_open(struct direct *direct, struct seat *seat, const char *address, bool any_port,
                unsigned n_streams, GError **err)
{
    uint16_t low = any_port ? 0 : seat->request.port_low;
    uint16_t high = any_port ? 0 : seat->request.port_high;

    direct->channel = (struct channel){seat->request.transport, seat};
    direct->address = g_strdup(address);
    direct->guard = guard_new(address, low, high, n_streams, err);
    if (direct->guard == NULL) {
        g_prefix_error(err, "the migration of %s to %s: ", seat->name, seat->test->host->name);
        return -1;
    }
    direct->port = guard_port(direct->guard);
    return 0;
}

void direct_clear(struct direct *direct)
{
    g_clear_pointer(&direct->guard, guard_free);
    g_clear_pointer(&direct->stream, stream_close);
    g_clear_pointer(&direct->address, g_free);
}

void direct_note_strangers(const struct direct *direct)
{
    struct test *test = direct->channel.seat->test;

    if (guard_strangers(direct->guard) > 0)
        test_note(test, "%s: strangers connected to the port of a migration and were turned away",
                  test->host->name);
}

int direct_admit(struct direct *direct, int64_t deadline, GError **err)
{
    direct->stream = guard_admit(direct->guard, deadline, err);
    direct_note_strangers(direct);
    return direct->stream != NULL ? 0 : -1;
}

struct stream *direct_way(const struct direct *direct, const char *token, const char *peer,
                          int64_t deadline, GError **err)
{
    const struct host *host = direct->channel.seat->test->host;
    g_autoptr(GError) error = NULL;
    struct stream *stream = guard_enter(direct->address, direct->port, token,
                                        deadline_min(deadline, deadline_in(CONNECT_MS)), &error);

    if (stream != NULL)
        return stream;
    if (reach_is_silence(error) && deadline_left(deadline) > 0)
        g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE, "%s no longer reaches %s: %s", host->name,
                    peer, error->message);
    else
        g_propagate_error(
            err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                                          "migration channel to %s: %s", peer, error->message),
                              VTMH__EVIDENCE__EVIDENCE_PEER, 0));
    return NULL;
}

const char *direct_token(const json_t *ticket, unsigned stream)
{
    const char *token =
        json_string_value(json_array_get(json_object_get(ticket, "tokens"), stream));

    return token != NULL ? token : "";
}

int direct_aim(struct direct *direct, struct seat *seat, const json_t *ticket, const char *peer,
               GError **err)
{
    const char *address;

    direct->channel = (struct channel){seat->request.transport, seat};
    if (ticket_read_address(ticket, peer, &address, &direct->port, err) < 0)
        return -1;
    direct->address = g_strdup(address);
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_DEBUG, "source", seat->name,
             "the destination is reached at %s port %u", address, direct->port);
    return 0;
}

int direct_enter(struct direct *direct, struct seat *seat, const json_t *ticket, const char *peer,
                 int64_t deadline, GError **err)
{
    if (direct_aim(direct, seat, ticket, peer, err) < 0)
        return -1;
    direct->stream = direct_way(direct, direct_token(ticket, 0), peer, deadline, err);
    return direct->stream != NULL ? 0 : -1;
}

struct channel *direct_listen(struct seat *seat, const char *address, int64_t deadline,
                              GError **err)
{
    struct direct *direct = g_new0(struct direct, 1);

    (void)deadline;
    if (direct_open(direct, seat, address, false, 1, err) == 0)
        return &direct->channel;
    direct_close(&direct->channel);
    return NULL;
}

json_t *direct_ticket(const struct channel *channel)
{
    const struct direct *direct = (const struct direct *)channel;

    json_t *ticket = ticket_of_address(direct->address, direct->port);

    json_object_set_new(ticket, "tokens", guard_tokens(direct->guard));
    return ticket;
}

int direct_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct direct *direct = (struct direct *)channel;

    if (direct_admit(direct, deadline, err) < 0 ||
        vm_incoming_fd(channel->seat->vm, stream_fd(direct->stream), deadline, err) < 0)
        return -1;
    /* A copy here would keep the source from seeing that this end was closed. */
    g_clear_pointer(&direct->stream, stream_close);
    return 0;
}

struct channel *direct_connect(struct seat *seat, const json_t *ticket, const char *peer,
                               int64_t deadline, GError **err)
{
    struct direct *direct = g_new0(struct direct, 1);

    if (direct_enter(direct, seat, ticket, peer, deadline, err) == 0)
        return &direct->channel;
    direct_close(&direct->channel);
    return NULL;
}

int direct_send(struct channel *channel, int64_t deadline, GError **err)
{
    struct direct *direct = (struct direct *)channel;

    return vm_migrate_fd(channel->seat->vm, stream_fd(direct->stream), deadline, err);
}

/* The node at the other end listens on until it has the guest. */
int direct_probe(struct channel *channel, int64_t deadline, GError **err)
{
    const struct direct *direct = (const struct direct *)channel;

    return reach_try(direct->address, direct->port, deadline, err);
}

void direct_break_off(struct channel *channel)
{
    struct direct *direct = (struct direct *)channel;

    if (direct->stream != NULL)
        shutdown(stream_fd(direct->stream), SHUT_RDWR);
}

void direct_close(struct channel *channel)
{
    struct direct *direct = (struct direct *)channel;

    direct_clear(direct);
    g_free(direct);
}
