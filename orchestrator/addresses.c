#include "orchestrator/addresses.h"

#include "orchestrator/description.h"

#include <string.h>

/* The words of a list, or of its default; a list that is set to nothing has none. Transfer full. */
static GStrv words_of(const struct params *params, const char *name)
{
    g_autoptr(params) own = params_new();
    const char *text = description_value(params, name);

    params_set(own, name, text != NULL ? text : "", NULL);
    return params_objects(own, name);
}

static bool has_network(const struct params *vm)
{
    const char *guest = description_value(vm, "guest");
    const json_t *row = guest != NULL ? description_guest(guest) : NULL;

    /* A guest that nobody knows may have one. */
    return row == NULL || json_is_true(json_object_get(row, "network"));
}

static bool has_address(const struct params *vm, const char *nic)
{
    g_autoptr(params) card = params_object_params(vm, nic);
    const char *mac = params_get(card, "mac");

    return mac != NULL && mac[strspn(mac, " \t")] != '\0';
}

/* The cards of all VMs on all hosts. */
struct cards {
    GPtrArray *keys;   /* char *, "mac_NIC_VM", in order */
    GHashTable *given; /* of these keys, those that have an address somewhere */
};

static void look_at_vm(struct cards *cards, const struct params *host, const char *vm)
{
    g_autoptr(params) own = params_object_params(host, vm);
    g_auto(GStrv) nics = words_of(own, "nics");

    if (!has_network(own))
        return;
    for (char **nic = nics; *nic != NULL; nic++) {
        g_autofree char *key = g_strdup_printf("mac_%s_%s", *nic, vm);

        if (has_address(own, *nic))
            g_hash_table_add(cards->given, g_strdup(key));
        if (!g_ptr_array_find_with_equal_func(cards->keys, key, g_str_equal, NULL))
            g_ptr_array_add(cards->keys, g_steal_pointer(&key));
    }
}

static void look_at_host(struct cards *cards, const struct params *params, unsigned number)
{
    g_autofree char *suffix = g_strdup_printf("host%u", number);
    g_autoptr(params) own = params_object_params(params, suffix);
    g_auto(GStrv) vms = words_of(own, "vms");

    for (char **vm = vms; *vm != NULL; vm++)
        look_at_vm(cards, own, *vm);
}

/* 9a: locally administered, and no group. Transfer full. */
static char *make_address(GHashTable *taken)
{
    for (;;) {
        char *address = g_strdup_printf("9a:%02x:%02x:%02x:%02x:%02x", g_random_int_range(0, 256),
                                        g_random_int_range(0, 256), g_random_int_range(0, 256),
                                        g_random_int_range(0, 256), g_random_int_range(0, 256));

        if (!g_hash_table_contains(taken, address)) {
            g_hash_table_add(taken, g_strdup(address));
            return address;
        }
        g_free(address);
    }
}

struct params *addresses_made_up(const struct params *params, unsigned n_hosts)
{
    struct params *whole = params_copy(params);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct cards cards = {keys, given};

    for (unsigned host = 1; host <= n_hosts; host++)
        look_at_host(&cards, params, host);
    for (unsigned i = 0; i < keys->len; i++) {
        g_autofree char *address = NULL;

        if (g_hash_table_contains(given, keys->pdata[i]))
            continue;
        address = make_address(taken);
        params_set(whole, keys->pdata[i], address, NULL);
    }
    return whole;
}
