/*
 * tcp: the nodes connect, the hypervisors get the descriptors (direct.h). More than one stream
 * (multifd, preempt) a hypervisor takes only at an address of its own: at a port of its own
 * (below), or behind the nodes' relays (relayed.h).
 *
 * The port of its own is bound to the one migration address, and opened when the source has said
 * its token to the node, which then tells it the port: so it is open for the moment in which the
 * source's hypervisor connects, and no longer.
 */
#include "migration/evidence.h"
#include "migration/move/transport/relayed.h"
#include "migration/move/transport/table.h"

#include <string.h>

#define LINE_BYTES 16

/* tcp:ADDRESS:LOW[,to=HIGH]. Transfer full. */
static char *make_uri(const char *address, uint16_t low, uint16_t high)
{
    bool is_ipv6 = strchr(address, ':') != NULL;
    g_autoptr(GString) uri = g_string_new("tcp:");

    g_string_append_printf(uri, is_ipv6 ? "[%s]:%u" : "%s:%u", address, low);
    if (high > low)
        g_string_append_printf(uri, ",to=%u", high);
    return g_string_free(g_steal_pointer(&uri), FALSE);
}

/* The range of ports is for the one that the stream comes to. */
static struct channel *open_listen(struct seat *seat, const char *address, int64_t deadline,
                                   GError **err)
{
    struct direct *direct = g_new0(struct direct, 1);

    (void)deadline;
    test_note(seat->test, "%s: the migration's port is QEMU's own, open to whoever comes first",
              seat->test->host->name);
    if (direct_open(direct, seat, address, true, 1, err) == 0)
        return &direct->channel;
    direct_close(&direct->channel);
    return NULL;
}

static int let_vm_listen(const struct direct *direct, uint16_t *port_out, int64_t deadline,
                         GError **err)
{
    const struct seat *seat = direct->channel.seat;
    g_autofree char *uri =
        make_uri(direct->address, seat->request.port_low, seat->request.port_high);

    DOING(BLAME_TESTBED, "opening a port for %s", seat->name);
    return vm_incoming_uri(seat->vm, uri, port_out, deadline, err);
}

static int open_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct direct *direct = (struct direct *)channel;
    char line[LINE_BYTES];
    uint16_t port;

    if (direct_admit(direct, deadline, err) < 0 || let_vm_listen(direct, &port, deadline, err) < 0)
        return -1;
    g_snprintf(line, sizeof(line), "%u\n", port);
    return stream_write(direct->stream, line, strlen(line), deadline, err);
}

/* Which port was opened for us. */
static int read_port(struct direct *direct, uint16_t *port_out, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line = stream_read_line(direct->stream, LINE_BYTES, deadline, &error);
    guint64 port = 0;

    if (line != NULL && g_ascii_string_to_unsigned(line, 10, 1, UINT16_MAX, &port, &error)) {
        *port_out = (uint16_t)port;
        return 0;
    }
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED))
        g_propagate_error(err, g_steal_pointer(&error));
    else
        g_propagate_error(
            err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                                          "the destination has opened no port: %s", error->message),
                              VTMH__EVIDENCE__EVIDENCE_PEER, 0));
    return -1;
}

static int open_send(struct channel *channel, int64_t deadline, GError **err)
{
    struct direct *direct = (struct direct *)channel;
    uint16_t port;

    if (read_port(direct, &port, deadline, err) < 0)
        return -1;
    g_autofree char *uri = make_uri(direct->address, port, 0);
    return vm_migrate_uri(channel->seat->vm, uri, deadline, err);
}

static void open_break_off(struct channel *channel)
{
    (void)channel; /* QEMU's own connections */
}

static const struct transport transport_tcp_relayed = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS,
    RELAYED_MEMBERS,
};

static const struct transport transport_tcp_open = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS,
    .guard = "none",
    .other = &transport_tcp_relayed,
    .listen = open_listen,
    .ticket = direct_ticket,
    .receive = open_receive,
    .connect = direct_connect,
    .send = open_send,
    .probe = direct_probe,
    .break_off = open_break_off,
    .close = direct_close,
};

const struct transport transport_tcp = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY,
    .guard = "token",
    .other = &transport_tcp_open,
    .listen = direct_listen,
    .ticket = direct_ticket,
    .receive = direct_receive,
    .connect = direct_connect,
    .send = direct_send,
    .probe = direct_probe,
    .break_off = direct_break_off,
    .close = direct_close,
};
