/* What two hypervisors of one host can both do. */
#include "migration/vm/platform.h"

#include <string.h>

static gboolean is_missing(gpointer key, gpointer value, gpointer other)
{
    (void)value;
    return !g_hash_table_contains(other, key);
}

static void keep_common(GHashTable *set, GHashTable *other)
{
    if (set != NULL && other != NULL)
        g_hash_table_foreach_remove(set, is_missing, other);
}

static bool has_machine(const struct vm_offer *offer, const char *machine)
{
    return g_strcmp0(g_hash_table_lookup(offer->machines, machine), machine) == 0;
}

/* An alias stands for the one of its two meanings that both know. Transfer full. */
static GHashTable *common_machines(const struct vm_offer *one, const struct vm_offer *two)
{
    GHashTable *common = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    void *name, *first;

    g_hash_table_iter_init(&iter, one->machines);
    while (g_hash_table_iter_next(&iter, &name, &first)) {
        const char *second = g_hash_table_lookup(two->machines, name);

        if (second == NULL)
            continue;
        if (has_machine(two, first))
            g_hash_table_insert(common, g_strdup(name), g_strdup(first));
        else if (has_machine(one, second))
            g_hash_table_insert(common, g_strdup(name), g_strdup(second));
    }
    return common;
}

static void add_refused(gpointer key, gpointer value, gpointer refused)
{
    g_hash_table_insert(refused, g_strdup(key), g_strdup(value));
}

static bool is_older(const unsigned a[3], const unsigned b[3])
{
    for (int i = 0; i < 3; i++)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}

void vm_offer_meet(struct vm_offer *offer, const struct vm_offer *other)
{
    GHashTable *machines;

    if (is_older(other->version, offer->version)) {
        memcpy(offer->version, other->version, sizeof offer->version);
        g_free(offer->package);
        offer->package = g_strdup(other->package);
    }
    if (offer->kvm && !other->kvm) {
        offer->kvm = false;
        offer->kvm_reason = g_strdup(other->kvm_reason);
    }
    offer->pvpanic = offer->pvpanic && other->pvpanic;
    machines = common_machines(offer, other);
    g_hash_table_unref(offer->machines);
    offer->machines = machines;
    keep_common(offer->cpus, other->cpus);
    keep_common(offer->runs_tcg, other->runs_tcg);
    keep_common(offer->runs_kvm, other->runs_kvm);
    keep_common(offer->capabilities, other->capabilities);
    keep_common(offer->parameters, other->parameters);
    keep_common(offer->devices, other->devices);
    if (other->refused != NULL && offer->refused != NULL)
        g_hash_table_foreach(other->refused, add_refused, offer->refused);
}
