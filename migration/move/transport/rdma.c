/*
 * rdma, x-rdma: QEMU's own, at both ends. Where a host has no RDMA device the test is skipped, with
 * that sentence, before anything starts.
 */
#include "migration/move/reach.h"
#include "migration/move/transport/table.h"

#define DEVICES "/sys/class/infiniband"

struct rdma {
    struct channel channel; /* first */
    char *address;
    uint16_t port;
};

static int rdma_check(const struct seat *seat, GError **err)
{
    g_autoptr(GDir) devices = g_dir_open(DEVICES, 0, NULL);

    if (devices != NULL && g_dir_read_name(devices) != NULL)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "mig_protocol = %s is not supported on %s: it has no RDMA device (" DEVICES ")",
                seat->request.protocol, seat->test->host->name);
    return -1;
}

static struct rdma *rdma_new(struct seat *seat, const char *address)
{
    struct rdma *rdma = g_new0(struct rdma, 1);

    rdma->channel = (struct channel){seat->request.transport, seat};
    rdma->address = g_strdup(address);
    return rdma;
}

static void rdma_close(struct channel *channel)
{
    struct rdma *rdma = (struct rdma *)channel;

    g_free(rdma->address);
    g_free(rdma);
}

static char *rdma_uri(const struct rdma *rdma)
{
    return g_strdup_printf("rdma:%s:%u", rdma->address, rdma->port);
}

static int let_vm_listen(const struct rdma *rdma, int64_t deadline, GError **err)
{
    g_autofree char *uri = rdma_uri(rdma);
    uint16_t none;

    return vm_incoming_uri(rdma->channel.seat->vm, uri, &none, deadline, err);
}

static struct channel *rdma_listen(struct seat *seat, const char *address, int64_t deadline,
                                   GError **err)
{
    struct rdma *rdma = rdma_new(seat, address);

    /* QEMU does not say which port it took: it gets one that is free. */
    if (reach_free_port(address, seat->request.port_low, seat->request.port_high, &rdma->port,
                        err) == 0 &&
        let_vm_listen(rdma, deadline, err) == 0)
        return &rdma->channel;
    rdma_close(&rdma->channel);
    return NULL;
}

static json_t *rdma_ticket(const struct channel *channel)
{
    const struct rdma *rdma = (const struct rdma *)channel;

    return ticket_of_address(rdma->address, rdma->port);
}

static int rdma_receive(struct channel *channel, int64_t deadline, GError **err)
{
    (void)channel, (void)deadline, (void)err;
    return 0;
}

static struct channel *rdma_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                    int64_t deadline, GError **err)
{
    const char *address;
    uint16_t port;

    (void)deadline;
    if (ticket_read_address(ticket, peer, &address, &port, err) < 0)
        return NULL;
    struct rdma *rdma = rdma_new(seat, address);
    rdma->port = port;
    return &rdma->channel;
}

static int rdma_send(struct channel *channel, int64_t deadline, GError **err)
{
    g_autofree char *uri = rdma_uri((const struct rdma *)channel);

    return vm_migrate_uri(channel->seat->vm, uri, deadline, err);
}

#define ROW(name_)                                                                                 \
    {                                                                                              \
        .name = (name_), .traits = TRANSPORT_TWO_WAY, .guard = "none", .check = rdma_check,        \
        .listen = rdma_listen, .ticket = rdma_ticket, .receive = rdma_receive,                     \
        .connect = rdma_connect, .send = rdma_send, .close = rdma_close,                           \
    }

const struct transport transport_rdma = ROW("rdma");
const struct transport transport_x_rdma = ROW("x-rdma");
