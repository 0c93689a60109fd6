#include "migration/vm/net.h"

#include "migration/machine/nic.h"
#include "migration/net/link.h"
#include "migration/net/tap.h"
#include "migration/net/watch.h"
#include "migration/params.h"
#include "sync/work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NAME_TRIES 16
#define TOLD_MAX 20
#define PROBES_MAX 16384 /* two and a half minutes, each 10 ms */

struct card {
    struct vm_net *net;
    char *name;
    char *tap;         /* in the ledger; NULL: none */
    bool is_forwarded; /* has the forwarded ports of the user network */
    char *address;     /* of the guest, on a bridge; NULL: not known */
    bool is_only;      /* the guest is reached over no other */
    bool is_ipv6;      /* of the version that it is to be */
    bool is_given;     /* by the parameter: whatever else it uses does not matter */
    unsigned n_told;   /* addresses that the log has: a guest may say a new one without end */
    struct net_watch *watch;
};

struct forward {
    uint16_t guest, host;
};

struct vm_net {
    const struct host *host;
    GPtrArray *taps;  /* char *: names, in the ledger */
    GArray *fds;      /* struct child_fd, until the hypervisor has them */
    GPtrArray *cards; /* struct card */
    GArray *forwards; /* struct forward */
    struct event changed;
    GArray *probes; /* struct vm_probe */
    struct event probed;
};

static void free_card(void *data)
{
    struct card *card = data;

    net_watch_close(card->watch);
    g_free(card->address);
    g_free(card->tap);
    g_free(card->name);
    g_free(card);
}

/* ---- for a hypervisor */

static void add_fd(struct vm_net *net, int fd, int as)
{
    struct child_fd entry = {.fd = fd, .as = as};

    g_array_append_val(net->fds, entry);
}

/* One that no interface here has: by the test's folder, the VM and the card. Transfer full. */
static char *make_name(const struct host *host, const char *vm, const char *card)
{
    for (unsigned i = 0; i < NAME_TRIES; i++) {
        g_autofree char *whole = g_strdup_printf("%s\n%s\n%s\n%u", host->run_dir, vm, card, i);
        g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, whole, -1);
        char *name =
            g_strdup_printf(LINK_PREFIX "%.*s", LINK_NAME_MAX - (int)strlen(LINK_PREFIX), sum);

        if (!link_exists(name))
            return name;
        g_free(name);
    }
    return NULL;
}

struct opening {
    struct tap_spec spec;
    int fds[TAP_QUEUES_MAX];
};

static int open_tap(void *arg, GError **err)
{
    struct opening *opening = arg;

    return tap_open(&opening->spec, opening->fds, err);
}

static void set_address(struct card *card, const char *address)
{
    if (g_strcmp0(card->address, address) == 0)
        return;
    g_free(card->address);
    card->address = g_strdup(address);
    event_set(&card->net->changed);
}

static void on_seen(const char *address, void *arg)
{
    struct card *card = arg;

    if (card->is_given || (strchr(address, ':') != NULL) != card->is_ipv6)
        return;
    if (g_strcmp0(card->address, address) != 0 && card->n_told++ < TOLD_MAX)
        host_log(card->net->host, VTMH__LOG_LEVEL__LOG_DEBUG, NULL, NULL, "%s uses the address %s",
                 card->name, address);
    set_address(card, address);
}

static void on_probe(guint64 number, void *arg)
{
    const struct card *card = arg;
    struct vm_net *net = card->net;
    const struct vm_probe probe = {number, g_get_monotonic_time()};

    if (net->probes->len >= PROBES_MAX)
        g_array_remove_range(net->probes, 0, PROBES_MAX / 2);
    g_array_append_val(net->probes, probe);
    event_set(&net->probed);
}

/* Without the right to look, the address has to be said or found in another way. */
static void watch_tap(struct card *card, const char *tap, const char *mac)
{
    g_autoptr(GError) error = NULL;
    guint8 bytes[6];

    if (!link_parse_mac(mac, bytes))
        return;
    card->watch = net_watch_open(
        tap, bytes, &(struct net_watcher){.on_address = on_seen, .on_probe = on_probe, .arg = card},
        &error);
    if (card->watch == NULL)
        host_log(card->net->host, VTMH__LOG_LEVEL__LOG_DEBUG, NULL, NULL, "%s: %s", card->name,
                 error->message);
}

/* Transfer none. */
static struct card *add_card(struct vm_net *net, const struct device *nic)
{
    struct card *card = g_new0(struct card, 1);
    const char *ip = device_get(nic->travels, "ip");

    card->net = net;
    card->name = g_strdup(nic->id);
    card->is_forwarded = json_object_get(nic->local, "forwards") != NULL;
    card->is_only = device_get_bool(nic->local, "only");
    card->is_ipv6 = g_strcmp0(device_get(nic->travels, "ip_version"), "ipv6") == 0;
    card->is_given = ip != NULL && device_get(nic->local, "bridge") != NULL;
    if (card->is_given)
        card->address = g_strndup(ip, strcspn(ip, "/"));
    g_ptr_array_add(net->cards, card);
    return card;
}

static int add_tap(struct vm_net *net, const char *vm, const struct device *nic, struct card *card,
                   GError **err)
{
    char *name = make_name(net->host, vm, nic->id);
    struct opening opening = {.spec = {.name = name,
                                       .bridge = device_get(nic->local, "bridge"),
                                       .mac = device_get(nic->travels, "mac"),
                                       .queues = nic_queues(nic)}};
    int first = (int)device_get_int(nic->local, "fd");

    if (name == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "there is no free name for its tap");
        return -1;
    }
    if (host_own(net->host, OWNED_LINK, name, err) < 0) {
        g_free(name);
        return -1;
    }
    g_ptr_array_add(net->taps, name);
    card->tap = g_strdup(name);
    /* Work that has begun comes to its end: its descriptors are ours even if we are cancelled. */
    fiber_shield();
    int opened = await_work(open_tap, &opening, DEADLINE_NEVER, err);
    fiber_unshield();
    if (opened < 0)
        return -1;
    for (unsigned i = 0; i < opening.spec.queues; i++)
        add_fd(net, opening.fds[i], first + (int)i);
    watch_tap(card, name, opening.spec.mac);
    return 0;
}

static int add_vhost(struct vm_net *net, const struct device *nic, GError **err)
{
    int first = (int)device_get_int(nic->local, "vhost_fd");

    for (unsigned i = 0; first > 0 && i < nic_queues(nic); i++) {
        int fd = open(TAP_VHOST, O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot open " TAP_VHOST ": %s",
                        g_strerror(errno));
            return -1;
        }
        add_fd(net, fd, first + (int)i);
    }
    return 0;
}

static int add_nic(struct vm_net *net, const char *vm, const struct device *nic, GError **err)
{
    struct card *card = add_card(net, nic);

    if (device_get_int(nic->local, "fd") == 0)
        return 0;
    if (add_tap(net, vm, nic, card, err) == 0 && add_vhost(net, nic, err) == 0)
        return 0;
    g_prefix_error(err, "%s: %s of %s: ", net->host->name, nic->id, vm);
    return -1;
}

static int add_device(struct vm_net *net, const char *vm, const struct device *device, GError **err)
{
    if (device->kind == &device_nic && add_nic(net, vm, device, err) < 0)
        return -1;
    for (unsigned i = 0; i < device->children->len; i++)
        if (add_device(net, vm, g_ptr_array_index(device->children, i), err) < 0)
            return -1;
    return 0;
}

struct vm_net *vm_net_open(const struct host *host, const char *vm, const struct device *board,
                           GError **err)
{
    struct vm_net *net = g_new0(struct vm_net, 1);

    net->host = host;
    net->taps = g_ptr_array_new_with_free_func(g_free);
    net->fds = g_array_new(FALSE, FALSE, sizeof(struct child_fd));
    net->cards = g_ptr_array_new_with_free_func(free_card);
    net->forwards = g_array_new(FALSE, FALSE, sizeof(struct forward));
    net->probes = g_array_new(FALSE, FALSE, sizeof(struct vm_probe));
    if (add_device(net, vm, board, err) == 0)
        return net;
    vm_net_close(net);
    return NULL;
}

void vm_net_add_fds(const struct vm_net *net, GArray *fds)
{
    g_array_append_vals(fds, net->fds->data, net->fds->len);
}

int vm_net_plug(struct vm_net *net, const char *vm, const struct device *nic, GError **err)
{
    if (add_nic(net, vm, nic, err) == 0)
        return 0;
    vm_net_unplug(net, nic->id);
    return -1;
}

static void forget_tap(struct vm_net *net, const char *tap)
{
    guint index;

    if (tap == NULL || !g_ptr_array_find_with_equal_func(net->taps, tap, g_str_equal, &index))
        return;
    host_disown(net->host, OWNED_LINK, tap);
    g_ptr_array_remove_index(net->taps, index);
}

void vm_net_unplug(struct vm_net *net, const char *name)
{
    vm_net_started(net);
    for (unsigned i = net->cards->len; i-- > 0;) {
        const struct card *card = g_ptr_array_index(net->cards, i);

        if (strcmp(card->name, name) != 0)
            continue;
        forget_tap(net, card->tap);
        g_ptr_array_remove_index(net->cards, i);
    }
}

const GArray *vm_net_fds(const struct vm_net *net)
{
    return net->fds;
}

void vm_net_started(struct vm_net *net)
{
    for (unsigned i = 0; i < net->fds->len; i++)
        close(g_array_index(net->fds, struct child_fd, i).fd);
    g_array_set_size(net->fds, 0);
}

/* ---- how the guest is reached */

void vm_net_rehost(struct vm_net *net, const struct host *host)
{
    if (net != NULL)
        net->host = host;
}

void vm_net_forward(struct vm_net *net, uint16_t guest_port, uint16_t host_port)
{
    const struct forward forward = {guest_port, host_port};

    g_array_append_val(net->forwards, forward);
}

static bool find_forward(const struct vm_net *net, uint16_t port, struct vm_endpoint *out)
{
    for (unsigned i = 0; i < net->forwards->len; i++) {
        const struct forward *forward = &g_array_index(net->forwards, struct forward, i);

        if (forward->guest != port)
            continue;
        *out = (struct vm_endpoint){.address = "127.0.0.1", .port = forward->host};
        return true;
    }
    return false;
}

static bool reach_over(const struct card *card, uint16_t port, struct vm_endpoint *out)
{
    if (card->is_forwarded)
        return find_forward(card->net, port, out);
    if (card->address == NULL)
        return false;
    g_strlcpy(out->address, card->address, sizeof out->address);
    out->port = port;
    return true;
}

bool vm_net_endpoint(const struct vm_net *net, const char *card, uint16_t port,
                     struct vm_endpoint *out)
{
    for (unsigned i = 0; net != NULL && i < net->cards->len; i++) {
        const struct card *one = g_ptr_array_index(net->cards, i);

        if ((card == NULL || strcmp(card, one->name) == 0) && reach_over(one, port, out))
            return true;
        if (card == NULL && one->is_only)
            return false;
    }
    return false;
}

struct event *vm_net_changed(struct vm_net *net)
{
    return &net->changed;
}

json_t *vm_net_addresses(const struct vm_net *net)
{
    json_t *addresses = json_object();

    for (unsigned i = 0; net != NULL && i < net->cards->len; i++) {
        const struct card *card = g_ptr_array_index(net->cards, i);

        if (card->address != NULL)
            json_object_set_new(addresses, card->name, json_string(card->address));
    }
    return addresses;
}

void vm_net_take_addresses(struct vm_net *net, const json_t *addresses)
{
    for (unsigned i = 0; net != NULL && i < net->cards->len; i++) {
        struct card *card = g_ptr_array_index(net->cards, i);
        const char *address = json_string_value(json_object_get(addresses, card->name));

        /* What was seen here is newer. */
        if (address != NULL && card->address == NULL && g_hostname_is_ip_address(address))
            set_address(card, address);
    }
}

const GArray *vm_net_probes(const struct vm_net *net)
{
    return net->probes;
}

struct event *vm_net_probed(struct vm_net *net)
{
    return &net->probed;
}

const GPtrArray *vm_net_taps(const struct vm_net *net)
{
    return net->taps;
}

void vm_net_drop(struct vm_net *net)
{
    if (net == NULL)
        return;
    vm_net_started(net);
    g_array_unref(net->fds);
    g_ptr_array_unref(net->taps);
    g_ptr_array_unref(net->cards);
    g_array_unref(net->forwards);
    g_array_unref(net->probes);
    g_free(net);
}

void vm_net_close(struct vm_net *net)
{
    if (net == NULL)
        return;
    vm_net_started(net); /* of a hypervisor that was not: so its taps go */
    for (unsigned i = 0; i < net->taps->len; i++)
        host_disown(net->host, OWNED_LINK, g_ptr_array_index(net->taps, i));
    vm_net_drop(net);
}
