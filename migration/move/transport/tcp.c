/*
 * tcp: the nodes connect, the hypervisors get the descriptors (direct.h). More than one stream
 * (multifd, preempt) a hypervisor takes only at a port of its own: then that is bound to the one
 * migration address, and open from "ready" to the first byte. What has nothing to do with the
 * migration and connects there makes it fail; the result says which way was taken.
 */
#include "migration/move/options.h"
#include "migration/move/transport/direct.h"
#include "migration/move/transport/table.h"

#include <string.h>

struct tcp {
    struct direct direct; /* first; its port is the one to ask whether the host is there */
    bool is_open;         /* the hypervisor listens, and connects, itself */
    uint16_t open_port;
};

static void tcp_close(struct channel *channel)
{
    struct tcp *tcp = (struct tcp *)channel;

    direct_clear(&tcp->direct);
    g_free(tcp);
}

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

static int listen_openly(struct tcp *tcp, const char *address, int64_t deadline, GError **err)
{
    const struct seat *seat = tcp->direct.channel.seat;
    g_autofree char *uri = make_uri(address, seat->request.port_low, seat->request.port_high);

    tcp->is_open = true;
    test_note(seat->test,
              "%s: the migration's port is QEMU's own, open to whoever comes first (more than one "
              "stream)",
              seat->test->host->name);
    return vm_incoming_uri(seat->vm, uri, &tcp->open_port, deadline, err);
}

static struct channel *tcp_listen(struct seat *seat, const char *address, int64_t deadline,
                                  GError **err)
{
    struct tcp *tcp = g_new0(struct tcp, 1);
    bool is_open = move_options_need(seat->request.options, TRANSPORT_STREAMS);

    tcp->direct.channel = (struct channel){seat->request.transport, seat};
    /* The range of ports is for the one that the stream comes to. */
    if ((!is_open || listen_openly(tcp, address, deadline, err) == 0) &&
        direct_open(&tcp->direct, seat, address, is_open, err) == 0)
        return &tcp->direct.channel;
    tcp_close(&tcp->direct.channel);
    return NULL;
}

static json_t *tcp_ticket(const struct channel *channel)
{
    const struct tcp *tcp = (const struct tcp *)channel;
    json_t *ticket = direct_ticket(channel);

    if (tcp->is_open)
        json_object_set_new(ticket, "open_port", json_integer(tcp->open_port));
    return ticket;
}

static int tcp_receive(struct channel *channel, int64_t deadline, GError **err)
{
    const struct tcp *tcp = (const struct tcp *)channel;

    return tcp->is_open ? 0 : direct_receive(channel, deadline, err);
}

static struct channel *tcp_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                   int64_t deadline, GError **err)
{
    struct tcp *tcp = g_new0(struct tcp, 1);
    json_int_t open_port = json_integer_value(json_object_get(ticket, "open_port"));

    tcp->is_open = open_port > 0 && open_port <= UINT16_MAX;
    tcp->open_port = (uint16_t)open_port;
    if (direct_enter(&tcp->direct, seat, ticket, peer, deadline, err) == 0)
        return &tcp->direct.channel;
    tcp_close(&tcp->direct.channel);
    return NULL;
}

static int tcp_send(struct channel *channel, int64_t deadline, GError **err)
{
    const struct tcp *tcp = (const struct tcp *)channel;

    if (!tcp->is_open)
        return direct_send(channel, deadline, err);
    g_autofree char *uri = make_uri(tcp->direct.address, tcp->open_port, 0);
    return vm_migrate_uri(channel->seat->vm, uri, deadline, err);
}

const struct transport transport_tcp = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS | TRANSPORT_NAMED,
    .listen = tcp_listen,
    .ticket = tcp_ticket,
    .receive = tcp_receive,
    .connect = tcp_connect,
    .send = tcp_send,
    .probe = direct_probe,
    .break_off = direct_break_off,
    .close = tcp_close,
};
