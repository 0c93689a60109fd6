/*
 * tcp: the nodes connect, the hypervisors get the descriptors (direct.h). More than one stream
 * (multifd, preempt) a hypervisor takes only at an address of its own: at a port of its own
 * (below), or behind the nodes' relays (relayed.h).
 *
 * The port of its own is bound to the one migration address, and opened when the source has said
 * its token to the node, which then tells it the port: so it is open for the moment in which the
 * source's hypervisor connects, and no longer. A stranger who comes in that moment is taken for a
 * part of the source; if the leg fails then, that is the testbed's fault.
 */
#include "migration/evidence.h"
#include "migration/move/options.h"
#include "migration/move/transport/peers.h"
#include "migration/move/transport/relayed.h"
#include "migration/move/transport/table.h"

#include <string.h>
#include <sys/socket.h>

#define LINE_BYTES 16

struct open {
    struct direct direct; /* first: how the source says that it is there, and is told the port */

    /* Destination. */
    uint16_t port;
    char *source;      /* where the source comes from; NULL: it has not come */
    char *here;        /* where it came to */
    GPtrArray *before; /* the host's connections when the port was opened */
};

static void open_close(struct channel *channel)
{
    struct open *open = (struct open *)channel;

    direct_clear(&open->direct);
    g_clear_pointer(&open->before, g_ptr_array_unref);
    g_free(open->source);
    g_free(open->here);
    g_free(open);
}

char *tcp_uri(const char *address, uint16_t low, uint16_t high)
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
    struct open *open = g_new0(struct open, 1);

    (void)deadline;
    test_note(seat->test, "%s: the migration's port is QEMU's own, open to whoever comes first",
              seat->test->host->name);
    if (direct_open(&open->direct, seat, address, true, 1, err) == 0)
        return &open->direct.channel;
    open_close(&open->direct.channel);
    return NULL;
}

/* Of that end of the socket for which the call asks. Transfer full. */
static char *address_of(int fd, int (*get_name)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(address);

    get_name(fd, (struct sockaddr *)&address, &size);
    return peers_address(&address);
}

static int let_vm_listen(struct open *open, int64_t deadline, GError **err)
{
    const struct seat *seat = open->direct.channel.seat;
    g_autofree char *uri =
        tcp_uri(open->direct.address, seat->request.port_low, seat->request.port_high);

    DOING(BLAME_TESTBED, "opening a port");
    open->before = peers_now();
    return vm_incoming_uri(seat->vm, uri, &open->port, deadline, err);
}

static int open_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct open *open = (struct open *)channel;
    char line[LINE_BYTES];

    if (direct_admit(&open->direct, deadline, err) < 0)
        return -1;
    open->source = address_of(stream_fd(open->direct.stream), getpeername);
    open->here = address_of(stream_fd(open->direct.stream), getsockname);
    if (let_vm_listen(open, deadline, err) < 0)
        return -1;
    g_snprintf(line, sizeof(line), "%u\n", open->port);
    return stream_write(open->direct.stream, line, strlen(line), deadline, err);
}

/* QEMU does not know whom it listens to; the kernel does. */
static GError *open_complaint(struct channel *channel)
{
    const struct open *open = (const struct open *)channel;
    const struct seat *seat = channel->seat;

    if (open->port == 0)
        return NULL;
    g_autofree char *stranger =
        peers_find_stranger(open->before, open->here, open->port, open->source,
                            move_options_streams(seat->request.options));
    if (stranger == NULL)
        return NULL;
    DOING(BLAME_TESTBED, "receiving");
    return evidence_set(
        g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                    "a stranger, %s, has connected to port %u of %s, QEMU's own, while %s moved "
                    "there: the leg proves nothing (mig_guard = relay keeps strangers out)",
                    stranger, open->port, seat->test->host->name, seat->name),
        VTMH__EVIDENCE__EVIDENCE_KILLED, 0);
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

static struct channel *open_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                    int64_t deadline, GError **err)
{
    struct open *open = g_new0(struct open, 1);

    if (direct_enter(&open->direct, seat, ticket, peer, deadline, err) == 0)
        return &open->direct.channel;
    open_close(&open->direct.channel);
    return NULL;
}

static int open_send(struct channel *channel, int64_t deadline, GError **err)
{
    struct direct *direct = (struct direct *)channel;
    uint16_t port;

    if (read_port(direct, &port, deadline, err) < 0)
        return -1;
    g_autofree char *uri = tcp_uri(direct->address, port, 0);
    return vm_migrate_uri(channel->seat->vm, uri, deadline, err);
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
    .connect = open_connect,
    .send = open_send,
    .complaint = open_complaint,
    .probe = direct_probe,
    .close = open_close,
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
