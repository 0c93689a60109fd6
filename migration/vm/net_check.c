/* What is asked of a host's network before anything starts. */
#include "migration/machine/nic.h"
#include "migration/net/link.h"
#include "migration/net/station.h"
#include "migration/net/tap.h"
#include "migration/params.h"
#include "migration/vm/net.h"
#include "sync/work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Puts "host1: nic1 of vm1: " in front. */
static int at_card(const struct host *host, const char *vm, const char *card, GError **err)
{
    g_prefix_error(err, "%s: %s of %s: ", host->name, card, vm);
    return -1;
}

static int check_vhost(const struct params *card, GError **err)
{
    const char *tail = param_text(card, "netdev_extra_params");
    bool by_tail = tail != NULL && strstr(tail, ",vhost=on") != NULL;
    int fd;

    if (!by_tail && strcmp(param_text(card, "vhost"), "no") == 0)
        return 0;
    fd = open(TAP_VHOST, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "vhost is not supported: cannot open " TAP_VHOST ": %s", g_strerror(errno));
    return -1;
}

static int prove_tap(void *arg, GError **err)
{
    (void)arg;
    return tap_prove(err);
}

static int check_card(const struct params *card, GError **err)
{
    const char *bridge = param_text(card, "netdst");

    if (param_text(card, "mac") == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "a card on a bridge needs a MAC address (mac)");
        return -1;
    }
    if (tap_check_bridge(bridge, err) == 0)
        return check_vhost(card, err);
    g_prefix_error(err, "netdst = %s: ", bridge);
    return -1;
}

int vm_net_check(const struct host *host, const char *vm, const struct params *params,
                 const struct vm_boot *boot, GError **err)
{
    g_auto(GStrv) names = param_list(params, "nics");
    bool is_proven = false;

    for (char **name = names; boot->network && *name != NULL; name++) {
        g_autoptr(params) card = params_object_params(params, *name);

        if (!nic_is_on_bridge(card))
            continue;
        if (!is_proven && await_work(prove_tap, NULL, DEADLINE_NEVER, err) < 0) {
            g_prefix_error(err, "nettype = %s is not supported: ", param_text(card, "nettype"));
            return at_card(host, vm, *name, err);
        }
        is_proven = true;
        if (check_card(card, err) < 0)
            return at_card(host, vm, *name, err);
    }
    return 0;
}

/* ---- MAC addresses */

struct own_card {
    char *name; /* "nic1 of vm1" */
    char *bridge, *mac, *address;
    bool is_new; /* its MAC address: made up for this test, no VM ever had it */
};

static void free_own_card(void *data)
{
    struct own_card *card = data;

    g_free(card->name);
    g_free(card->bridge);
    g_free(card->mac);
    g_free(card->address);
    g_free(card);
}

GPtrArray *vm_net_cards_new(void)
{
    return g_ptr_array_new_with_free_func(free_own_card);
}

/* Transfer full. */
static struct own_card *own_card_new(const char *vm, const char *name, const struct params *params)
{
    struct own_card *card = g_new0(struct own_card, 1);
    const char *ip = param_text(params, "ip");

    card->name = g_strdup_printf("%s of %s", name, vm);
    card->bridge = g_strdup(param_text(params, "netdst"));
    card->mac = g_strdup(param_text(params, "mac"));
    card->address = ip != NULL ? g_strndup(ip, strcspn(ip, "/")) : NULL;
    card->is_new = params_origin(params, "mac") == NULL;
    return card;
}

static const struct own_card *find_alike(const GPtrArray *cards, const struct own_card *card)
{
    for (unsigned i = 0; i < cards->len; i++) {
        const struct own_card *other = g_ptr_array_index(cards, i);

        if (g_ascii_strcasecmp(other->mac, card->mac) == 0 &&
            strcmp(other->bridge, card->bridge) == 0)
            return other;
    }
    return NULL;
}

int vm_net_check_macs(GPtrArray *cards, const char *vm, const struct params *params,
                      const struct vm_boot *boot, GError **err)
{
    g_auto(GStrv) names = param_list(params, "nics");

    for (char **name = names; boot->network && *name != NULL; name++) {
        g_autoptr(params) card = params_object_params(params, *name);

        if (!nic_is_on_bridge(card) || param_text(card, "mac") == NULL)
            continue;
        struct own_card *own = own_card_new(vm, *name, card);
        const struct own_card *other = find_alike(cards, own);
        g_ptr_array_add(cards, own);
        if (other == NULL)
            continue;
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "mac = %s is that of %s and of %s, and both are on %s", own->mac, other->name,
                    own->name, own->bridge);
        return -1;
    }
    return 0;
}

int vm_net_check_segment(const struct host *host, const GPtrArray *cards, GError **err)
{
    g_autofree struct station *stations = g_new0(struct station, cards->len);
    unsigned which = 0;

    for (unsigned i = 0; i < cards->len; i++) {
        const struct own_card *card = g_ptr_array_index(cards, i);

        stations[i] = (struct station){
            .bridge = card->bridge, .address = card->address, .asks = !card->is_new};
        link_parse_mac(card->mac, stations[i].mac);
    }
    if (stations_look(stations, cards->len, &which, err) == 0)
        return 0;
    if (which < cards->len) {
        const struct own_card *card = g_ptr_array_index(cards, which);
        g_prefix_error(err, "%s: %s: mac = %s: ", host->name, card->name, card->mac);
    }
    return -1;
}
