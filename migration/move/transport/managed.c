/*
 * managed: the hosts' managers move the VM by one call, peer to peer (move/managed.h). The source's
 * reaches the destination's at a socket of the node's, whose connections the nodes carry, guarded,
 * so that nothing has to be set up between the managers. The stream goes the same way, from a
 * socket to one of the same path; or, with mig_guard = none, between the hypervisors themselves, to
 * a port at the destination's migration address which is open to whoever comes first.
 *
 *     source's libvirtd -> socket -> relay ====> relay -> destination's libvirtd
 *     source's QEMU     -> socket -> relay ====> relay -> socket -> destination's QEMU
 *
 * Disks that move along have such a way of their own, whatever the guard of the stream is.
 *
 * Cutting the relays ends the call: what is not complete then never will be.
 */
#include "migration/move/options.h"
#include "migration/move/transport/manager_way.h"
#include "migration/move/transport/table.h"
#include "migration/params_tables.h"

#include <string.h>

struct managed {
    struct channel channel;  /* first */
    struct channel *control; /* the managers' way */
    struct channel *stream;  /* the hypervisors'; NULL: their own */
    struct channel *disks;   /* the same for the copies of disks; NULL: none moves along */
    char *address;           /* the destination's */
    json_t *said;            /* destination: what its VM is to be told of (vm_expect()) */
    char *xml;               /* source: of that */
    json_t *theirs;          /* source: what the destination asks of the call (options.h) */
};

static const struct managed *managed(const struct channel *channel)
{
    return (const struct managed *)channel;
}

static int managed_check(const struct seat *seat, GError **err)
{
    if (move_options_check_managed(seat->request.options, err) < 0)
        return -1;
    if (!move_request_moves_disks(&seat->request) || !seat->request.compares_disks)
        return 0;
    g_set_error_literal(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                        "migrate_storage_compare = yes is not supported with mig_protocol = "
                        "managed: libvirt has ended the source, and the copies of its disks, "
                        "before both ends could be compared");
    return -1;
}

static bool is_guarded(const struct seat *seat)
{
    return strcmp(seat->request.transport->guard, "none") != 0;
}

static void managed_close(struct channel *channel)
{
    struct managed *own = (struct managed *)channel;

    if (own->disks != NULL)
        relayed_close(own->disks);
    if (own->stream != NULL)
        relayed_close(own->stream);
    if (own->control != NULL)
        relayed_close(own->control);
    json_decref(own->said);
    json_decref(own->theirs);
    g_free(own->address);
    g_free(own->xml);
    g_free(own);
}

static struct managed *managed_new(struct seat *seat)
{
    struct managed *own = g_new0(struct managed, 1);

    own->channel = (struct channel){seat->request.transport, seat};
    return own;
}

static unsigned streams_of(const struct seat *seat)
{
    return move_options_streams(seat->request.options);
}

static unsigned copies_of(const struct seat *seat)
{
    return g_strv_length(seat->request.disks);
}

static int open_way(struct managed *own, const char *address, GError **err)
{
    struct seat *seat = own->channel.seat;

    own->address = g_strdup(address);
    own->control = manager_way_open(seat, seat->vm, address, err);
    if (own->control == NULL)
        return -1;
    if (is_guarded(seat) &&
        (own->stream = relayed_open_alike(seat, address, streams_of(seat), err)) == NULL)
        return -1;
    if (move_request_moves_disks(&seat->request))
        own->disks = relayed_open_alike(seat, address, copies_of(seat), err);
    return own->disks != NULL || !move_request_moves_disks(&seat->request) ? 0 : -1;
}

static struct channel *managed_listen(struct seat *seat, const char *address, int64_t deadline,
                                      GError **err)
{
    const struct vm_expected expected = {
        .is_held = seat->request.holds,
        .is_postcopy = seat->request.postcopy != NULL,
    };
    struct managed *own = managed_new(seat);

    if (open_way(own, address, err) == 0 &&
        (own->said = vm_expect(seat->vm, &expected, deadline, err)) != NULL)
        return &own->channel;
    managed_close(&own->channel);
    return NULL;
}

static json_t *managed_ticket(const struct channel *channel)
{
    const struct managed *own = managed(channel);
    json_t *call = json_pack("{s:[], s:{}}", "flags", "parameters");

    move_options_call(channel->seat->request.options, MOVE_DESTINATION,
                      json_object_get(call, "flags"), json_object_get(call, "parameters"));
    return json_pack("{s:o, s:o*, s:o*, s:s, s:O, s:o}", "control", direct_ticket(own->control),
                     "stream", own->stream != NULL ? relayed_ticket_alike(own->stream) : NULL,
                     "disks", own->disks != NULL ? relayed_ticket_alike(own->disks) : NULL,
                     "address", own->address, "expected", own->said, "call", call);
}

static int managed_receive(struct channel *channel, int64_t deadline, GError **err)
{
    const struct managed *own = managed(channel);

    if ((own->stream != NULL && relayed_receive(own->stream, deadline, err) < 0) ||
        (own->disks != NULL && relayed_receive(own->disks, deadline, err) < 0))
        return -1;
    return relayed_receive(own->control, deadline, err);
}

/* Beside the managers'. */
static int enter_ways(struct managed *own, const json_t *ticket, const char *peer, GError **err)
{
    struct seat *seat = own->channel.seat;
    const json_t *stream = json_object_get(ticket, "stream");
    const json_t *disks = json_object_get(ticket, "disks");

    if (is_guarded(seat) &&
        (own->stream = relayed_enter_alike(seat, stream, peer, streams_of(seat), err)) == NULL)
        return -1;
    if (move_request_moves_disks(&seat->request))
        own->disks = relayed_enter_alike(seat, disks, peer, copies_of(seat), err);
    return own->disks != NULL || !move_request_moves_disks(&seat->request) ? 0 : -1;
}

static struct channel *managed_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                       int64_t deadline, GError **err)
{
    const char *address = json_string_value(json_object_get(ticket, "address"));
    const char *xml =
        json_string_value(json_object_get(json_object_get(ticket, "expected"), "xml"));
    struct managed *own = managed_new(seat);

    own->address = g_strdup(address);
    own->xml = g_strdup(xml);
    own->theirs = json_incref(json_object_get(ticket, "call"));
    if (address == NULL || xml == NULL)
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "%s did not say what is to come there",
                    peer);
    else
        own->control =
            manager_way_enter(seat, json_object_get(ticket, "control"), peer, deadline, err);
    if (own->control != NULL && enter_ways(own, ticket, peer, err) == 0)
        return &own->channel;
    managed_close(&own->channel);
    return NULL;
}

/* The stream's. Transfer full. */
static char *uri_of(const struct managed *own)
{
    g_autofree char *socket = own->stream != NULL ? relayed_socket(own->stream) : NULL;

    if (socket != NULL)
        return g_strconcat("unix://", socket, NULL);
    return manager_open_stream_uri(own->address);
}

/* MiB/s, upwards: none is 0. */
static json_int_t bandwidth_of(const struct move_request *request)
{
    uint64_t bytes_per_s = request->move[MOVE_SOURCE].max_bandwidth;

    return (json_int_t)((bytes_per_s + MIB - 1) / MIB);
}

/* Which, by the VM's names for them, and which way. */
static void add_disks(const struct managed *own, json_t *call)
{
    json_t *names;

    if (own->disks == NULL)
        return;
    g_autofree char *socket = relayed_socket(own->disks);
    g_autofree char *uri = g_strconcat("unix://", socket, NULL);
    json_object_set_new(json_object_get(call, "parameters"), "disks_uri", json_string(uri));
    names = json_array();
    for (char **name = own->channel.seat->request.disks; *name != NULL; name++)
        json_array_append_new(names, json_string(*name));
    json_object_set_new(call, "disks", names);
}

/* Transfer full. An error of the guest's disks that stops it ends the move (abort_on_error). */
static json_t *call_of(const struct managed *own)
{
    const struct move_request *request = &own->channel.seat->request;
    g_autofree char *manager = manager_way_uri(own->control);
    g_autofree char *stream = uri_of(own);
    json_t *call =
        json_pack("{s:s, s:s, s:s, s:[s,s], s:{}}", "dconnuri", manager, "uri", stream, "dest_xml",
                  own->xml, "flags", "peer2peer", "abort_on_error", "parameters");
    json_t *flags = json_object_get(call, "flags");
    json_t *parameters = json_object_get(call, "parameters");

    if (!request->offline)
        json_array_append_new(flags, json_string("live"));
    if (request->holds)
        json_array_append_new(flags, json_string("paused"));
    if (bandwidth_of(request) > 0)
        json_object_set_new(parameters, "bandwidth", json_integer(bandwidth_of(request)));
    move_options_call(request->options, MOVE_SOURCE, flags, parameters);
    add_disks(own, call);
    json_array_extend(flags, json_object_get(own->theirs, "flags"));
    json_object_update(parameters, json_object_get(own->theirs, "parameters"));
    return call;
}

static int managed_send(struct channel *channel, int64_t deadline, GError **err)
{
    const struct managed *own = managed(channel);
    json_auto_t *call = call_of(own);

    return (own->stream != NULL && relayed_take_over(own->stream, deadline, err) < 0) ||
                   (own->disks != NULL && relayed_take_over(own->disks, deadline, err) < 0) ||
                   relayed_take_over(own->control, deadline, err) < 0
               ? -1
               : vm_begin_managed(channel->seat->vm, call, deadline, err);
}

static int managed_probe(struct channel *channel, int64_t deadline, GError **err)
{
    return direct_probe(managed(channel)->control, deadline, err);
}

static GError *managed_complaint(struct channel *channel)
{
    const struct managed *own = managed(channel);
    GError *error = own->stream != NULL ? relayed_complaint(own->stream) : NULL;

    if (error == NULL && own->disks != NULL)
        error = relayed_complaint(own->disks);
    return error != NULL ? error : relayed_complaint(own->control);
}

static void managed_break_off(struct channel *channel)
{
    const struct managed *own = managed(channel);

    if (own->stream != NULL)
        relayed_break_off(own->stream);
    if (own->disks != NULL)
        relayed_break_off(own->disks);
    relayed_break_off(own->control);
}

/* Of the stream; of the managers' way where that is the hypervisors' own. */
static pid_t managed_carrier(const struct channel *channel)
{
    const struct managed *own = managed(channel);

    return relayed_carrier(own->stream != NULL ? own->stream : own->control);
}

#define MANAGED_MEMBERS                                                                            \
    .name = "managed", .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS | TRANSPORT_MANAGED,        \
    .check = managed_check, .listen = managed_listen, .ticket = managed_ticket,                    \
    .receive = managed_receive, .connect = managed_connect, .send = managed_send,                  \
    .complaint = managed_complaint, .probe = managed_probe, .carrier = managed_carrier,            \
    .break_off = managed_break_off, .close = managed_close

static const struct transport transport_managed_open = {MANAGED_MEMBERS, .guard = "none"};

const struct transport transport_managed = {MANAGED_MEMBERS, .guard = "relay",
                                            .other = &transport_managed_open};
