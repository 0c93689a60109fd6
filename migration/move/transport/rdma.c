/*
 * rdma, x-rdma: QEMU's own, at both ends. Where a host has no RDMA device the test is skipped, with
 * that sentence, before anything starts.
 */
#include "migration/move/reach.h"
#include "migration/move/transport/table.h"
#include "migration/params.h"

#define DEVICES "/sys/class/infiniband"

struct rdma {
    struct channel channel; /* first */
    char *address;
    uint16_t port;
};

/* Adds what the ports of a device are to `has`; whether one is as it should be. */
static bool look_at_ports(const char *devices, const char *device, const char *const *layers,
                          GString *has)
{
    g_autofree char *folder = g_build_filename(devices, device, "ports", NULL);
    g_autoptr(GDir) ports = g_dir_open(folder, 0, NULL);
    const char *port;
    bool found = false;

    while (ports != NULL && (port = g_dir_read_name(ports)) != NULL) {
        g_autofree char *path = g_build_filename(folder, port, "link_layer", NULL);
        g_autofree char *layer = NULL;

        if (!g_file_get_contents(path, &layer, NULL, NULL))
            continue;
        g_string_append_printf(has, "%s%s port %s: %s", has->len > 0 ? ", " : "", device, port,
                               g_strstrip(layer));
        found = found || g_strv_contains(layers, layer);
    }
    return found;
}

bool rdma_has_link(const char *devices, const char *const *layers, char **has_out)
{
    g_autoptr(GDir) dir = g_dir_open(devices, 0, NULL);
    g_autoptr(GString) has = g_string_new(NULL);
    bool is_any = layers == NULL || layers[0] == NULL, found = false;
    const char *device;

    while (dir != NULL && (device = g_dir_read_name(dir)) != NULL)
        found = is_any || look_at_ports(devices, device, layers, has) || found;
    *has_out = g_strdup(has->str);
    return found;
}

static int rdma_check(const struct seat *seat, GError **err)
{
    g_auto(GStrv) layers = param_list(seat->params, "expected_nic_vendor");
    g_autofree char *has = NULL;

    if (rdma_has_link(DEVICES, (const char *const *)layers, &has))
        return 0;
    if (*has == '\0')
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "mig_protocol = %s is not supported on %s: it has no RDMA device (" DEVICES ")",
                    seat->request.protocol, seat->test->host->name);
    else
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "expected_nic_vendor = %s is not supported on %s: it has %s",
                    params_get(seat->params, "expected_nic_vendor"), seat->test->host->name, has);
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
