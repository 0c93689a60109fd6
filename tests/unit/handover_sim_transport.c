/* The simulated transport. Its channel goes nowhere, as the copies know each other; its source gets
 * through when the destination receives. */
#include "tests/unit/handover_world_private.h"

#include <string.h>

#define CONNECT_MS 10000

static const struct transport sim_transport, sim_managed_transport;

/* Outlives the seat's hold on the copy. */
struct sim_channel {
    struct channel base; /* first */
    struct copy *copy;
};

static struct channel *open_channel_of(struct seat *seat, const struct transport *transport)
{
    struct sim_channel *channel = g_new(struct sim_channel, 1);
    *channel = (struct sim_channel){{transport, seat}, copy_of(seat->vm)};
    channel->copy->n_channels++;
    return &channel->base;
}

static struct channel *open_channel(struct seat *seat)
{
    return open_channel_of(seat, &sim_transport);
}

static struct copy *copy_at(const struct channel *channel)
{
    return ((const struct sim_channel *)channel)->copy;
}

static struct channel *sim_listen(struct seat *seat, const char *address, int64_t deadline,
                                  GError **err)
{
    (void)address, (void)deadline;
    return await_turn(err) < 0 ? NULL : open_channel(seat);
}

static json_t *sim_ticket(const struct channel *channel)
{
    (void)channel;
    return json_object();
}

static int sim_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct copy *copy = copy_at(channel);
    if (copy_is_broken(copy) && await_event(&copy->receives, deadline, err) < 0)
        return -1;
    return vm_incoming_fd(channel->seat->vm, -1, deadline, err);
}

static struct channel *sim_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                   int64_t deadline, GError **err)
{
    struct copy *copy = copy_of(seat->vm);
    struct copy *other = copy_other(copy);
    (void)ticket;
    if (other == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "nobody listens on %s", peer);
        return NULL;
    }
    /* A stream that takes another's place is awaited by the node there. */
    if (!copy_is_broken(copy) && await_event(&other->receives, deadline, err) < 0)
        return NULL;
    g_autoptr(GError) error = NULL;
    if (await_event(&copy->world->way_is_free, deadline_min(deadline, deadline_in(CONNECT_MS)),
                    &error) == 0) {
        copy_connect(copy, other);
        return open_channel(seat);
    }
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE, "nobody answers on %s", peer);
    else
        g_propagate_error(err, g_steal_pointer(&error));
    return NULL;
}

static int sim_send(struct channel *channel, int64_t deadline, GError **err)
{
    return vm_migrate_fd(channel->seat->vm, -1, deadline, err);
}

static int sim_probe(struct channel *channel, int64_t deadline, GError **err)
{
    struct world *world = copy_at(channel)->world;
    if (await_event(&world->way_is_free, deadline, NULL) == 0)
        return 0;
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_UNREACHABLE, "nobody answers there");
    return -1;
}

static void sim_break_off(struct channel *channel)
{
    copy_break_stream(copy_at(channel));
}

static void sim_close(struct channel *channel)
{
    copy_close_channel(copy_at(channel));
    g_free(channel);
}

static const struct transport sim_transport = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS,
    .guard = "token",
    .listen = sim_listen,
    .ticket = sim_ticket,
    .receive = sim_receive,
    .connect = sim_connect,
    .send = sim_send,
    .probe = sim_probe,
    .break_off = sim_break_off,
    .close = sim_close,
};

static struct channel *managed_listen(struct seat *seat, const char *address, int64_t deadline,
                                      GError **err)
{
    const struct vm_expected expected = {.is_held = seat->request.holds};
    (void)address;
    json_auto_t *said = vm_expect(seat->vm, &expected, deadline, err);
    return said == NULL ? NULL : open_channel_of(seat, &sim_managed_transport);
}

static int managed_receive(struct channel *channel, int64_t deadline, GError **err)
{
    (void)channel, (void)deadline;
    return await_turn(err);
}

static struct channel *managed_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                       int64_t deadline, GError **err)
{
    (void)ticket, (void)peer, (void)deadline;
    return await_turn(err) < 0 ? NULL : open_channel_of(seat, &sim_managed_transport);
}

static int managed_send(struct channel *channel, int64_t deadline, GError **err)
{
    json_auto_t *call = json_object();
    return vm_begin_managed(channel->seat->vm, call, deadline, err);
}

static const struct transport sim_managed_transport = {
    .name = "managed",
    .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS | TRANSPORT_MANAGED,
    .guard = "relay",
    .listen = managed_listen,
    .ticket = sim_ticket,
    .receive = managed_receive,
    .connect = managed_connect,
    .send = managed_send,
    .probe = sim_probe,
    .break_off = sim_break_off,
    .close = sim_close,
};

/* The world's own table, in place of transport/transport.c. */
const struct transport *transport_find(const char *name)
{
    if (strcmp(name, sim_managed_transport.name) == 0)
        return &sim_managed_transport;
    return strcmp(name, sim_transport.name) == 0 ? &sim_transport : NULL;
}
