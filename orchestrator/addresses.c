#include "orchestrator/addresses.h"

#include "orchestrator/description.h"

#include <string.h>

struct addresses {
    guint64 next;     /* its lower 40 bits */
    GHashTable *left; /* "TUPLE\nmac_NIC_VM" -> address: of tests that may have kept their VMs */
};

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

/* What the user gave a card, in small letters. Transfer full; NULL: nothing. */
static char *address_of(const struct params *vm, const char *nic)
{
    g_autoptr(params) card = params_object_params(vm, nic);
    const char *mac = params_get(card, "mac");

    return mac != NULL && mac[strspn(mac, " \t")] != '\0' ? g_ascii_strdown(mac, -1) : NULL;
}

/* The cards of all VMs on all hosts. */
struct cards {
    GPtrArray *keys;   /* char *, "mac_NIC_VM", in order */
    GHashTable *named; /* of these keys, those that have an address somewhere */
    GHashTable *given; /* these addresses */
};

static void look_at_vm(struct cards *cards, const struct params *host, const char *vm)
{
    g_autoptr(params) own = params_object_params(host, vm);
    g_auto(GStrv) nics = words_of(own, "nics");

    if (!has_network(own))
        return;
    for (char **nic = nics; *nic != NULL; nic++) {
        g_autofree char *key = g_strdup_printf("mac_%s_%s", *nic, vm);

        char *address = address_of(own, *nic);

        if (address != NULL) {
            g_hash_table_add(cards->named, g_strdup(key));
            g_hash_table_add(cards->given, address);
        }
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
static char *next_address(struct addresses *pool, GHashTable *given)
{
    for (;;) {
        guint64 n = pool->next++;
        char *address = g_strdup_printf("9a:%02x:%02x:%02x:%02x:%02x", (unsigned)(n >> 32 & 0xff),
                                        (unsigned)(n >> 24 & 0xff), (unsigned)(n >> 16 & 0xff),
                                        (unsigned)(n >> 8 & 0xff), (unsigned)(n & 0xff));

        if (!g_hash_table_contains(given, address))
            return address;
        g_free(address);
    }
}

struct addresses *addresses_new(const char *job)
{
    struct addresses *pool = g_new0(struct addresses, 1);
    pool->left = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize size = sizeof digest;

    g_checksum_update(sum, (const guchar *)job, (gssize)strlen(job));
    g_checksum_get_digest(sum, digest, &size);
    memcpy(&pool->next, digest, sizeof pool->next);
    return pool;
}

void addresses_free(struct addresses *pool)
{
    if (pool == NULL)
        return;
    g_hash_table_unref(pool->left);
    g_free(pool);
}

static bool may_keep(const struct params *params)
{
    struct params_iter it;

    params_iter_init(&it, params);
    while (params_iter_next(&it))
        if (g_str_has_prefix(it.key, "keep_vms_after_test") && strcmp(it.value, "no") != 0)
            return true;
    return false;
}

/* One that an earlier test on the tuple has left, or a new one. Transfer full; *origin_out: none.
 */
static char *address_for(struct addresses *pool, const char *tuple, const char *key, bool keeps,
                         GHashTable *given, const char **origin_out)
{
    g_autofree char *name = g_strdup_printf("%s\n%s", tuple != NULL ? tuple : "", key);
    const char *left = tuple != NULL ? g_hash_table_lookup(pool->left, name) : NULL;
    char *address;

    *origin_out = NULL;
    if (left != NULL && !g_hash_table_contains(given, left)) {
        *origin_out = "as in an earlier test";
        return g_strdup(left);
    }
    address = next_address(pool, given);
    if (tuple != NULL && keeps)
        g_hash_table_insert(pool->left, g_steal_pointer(&name), g_strdup(address));
    return address;
}

struct params *addresses_made_up(struct addresses *pool, const struct params *params,
                                 unsigned n_hosts, const char *tuple)
{
    struct params *whole = params_copy(params);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct cards cards = {keys, named, given};

    for (unsigned host = 1; host <= n_hosts; host++)
        look_at_host(&cards, params, host);
    for (unsigned i = 0; i < keys->len; i++) {
        g_autofree char *address = NULL;
        const char *origin;

        if (g_hash_table_contains(named, keys->pdata[i]))
            continue;
        address = address_for(pool, tuple, keys->pdata[i], may_keep(params), given, &origin);
        params_set(whole, keys->pdata[i], address, origin);
    }
    return whole;
}
