/* An offer as it travels. */
#include "migration/vm/platform.h"

#include <string.h>

void vm_offer_free(struct vm_offer *offer)
{
    if (offer == NULL)
        return;
    g_free(offer->binary);
    g_free(offer->instead_of);
    g_free(offer->package);
    g_free(offer->kvm_reason);
    g_clear_pointer(&offer->machines, g_hash_table_unref);
    g_clear_pointer(&offer->cpus, g_hash_table_unref);
    g_clear_pointer(&offer->runs_tcg, g_hash_table_unref);
    g_clear_pointer(&offer->runs_kvm, g_hash_table_unref);
    g_free(offer->maker);
    g_clear_pointer(&offer->capabilities, g_hash_table_unref);
    g_clear_pointer(&offer->refused, g_hash_table_unref);
    g_clear_pointer(&offer->parameters, g_hash_table_unref);
    g_clear_pointer(&offer->devices, g_hash_table_unref);
    json_decref(offer->lent);
    g_free(offer);
}

static int compare_words(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

/* In order: equal sets have equal texts. NULL: an empty one. */
static json_t *set_to_json(GHashTable *set)
{
    json_t *array = json_array();
    g_autoptr(GList) words =
        set != NULL ? g_list_sort(g_hash_table_get_keys(set), compare_words) : NULL;

    for (const GList *word = words; word != NULL; word = word->next)
        json_array_append_new(array, json_string(word->data));
    return array;
}

/* NULL: an empty one. */
static json_t *map_to_json(GHashTable *map)
{
    json_t *object = json_object();
    GHashTableIter iter;
    void *key, *value;

    if (map == NULL)
        return object;
    g_hash_table_iter_init(&iter, map);
    while (g_hash_table_iter_next(&iter, &key, &value))
        json_object_set_new(object, key, json_string(value));
    return object;
}

static GHashTable *set_from_json(json_t *array)
{
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    json_t *item;
    size_t i;

    if (!json_is_array(array))
        return NULL;
    json_array_foreach (array, i, item) {
        if (!json_is_string(item))
            return NULL;
        g_hash_table_add(set, g_strdup(json_string_value(item)));
    }
    return g_steal_pointer(&set);
}

static GHashTable *map_from_json(json_t *object)
{
    g_autoptr(GHashTable) map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return NULL;
    json_object_foreach (object, key, value) {
        if (!json_is_string(value))
            return NULL;
        g_hash_table_insert(map, g_strdup(key), g_strdup(json_string_value(value)));
    }
    return g_steal_pointer(&map);
}

json_t *vm_offer_to_json(const struct vm_offer *offer)
{
    return json_pack(
        "{s:s, s:s*, s:[i,i,i], s:s, s:b, s:b, s:s*, s:o, s:o, s:o, s:o, s:o, s:o, s:o*, s:o*, "
        "s:s*, s:O*}",
        "binary", offer->binary, "instead_of", offer->instead_of, "version", (int)offer->version[0],
        (int)offer->version[1], (int)offer->version[2], "package", offer->package, "kvm",
        (int)offer->kvm, "pvpanic", (int)offer->pvpanic, "kvm_reason", offer->kvm_reason,
        "machines", map_to_json(offer->machines), "cpus", set_to_json(offer->cpus), "capabilities",
        set_to_json(offer->capabilities), "refused", map_to_json(offer->refused), "parameters",
        set_to_json(offer->parameters), "devices", set_to_json(offer->devices), "runs_tcg",
        offer->runs_tcg != NULL ? set_to_json(offer->runs_tcg) : NULL, "runs_kvm",
        offer->runs_kvm != NULL ? set_to_json(offer->runs_kvm) : NULL, "maker", offer->maker,
        "lent", offer->lent);
}

/* The strings and lists of an offer; what it has so far stays the caller's on failure. */
static int read_offer(struct vm_offer *offer, json_t *json, GError **err)
{
    const char *binary, *package, *reason = NULL, *instead_of = NULL, *maker = NULL;
    json_t *machines, *cpus, *capabilities, *refused, *parameters, *devices = NULL;
    json_t *runs_tcg = NULL, *runs_kvm = NULL, *lent = NULL;
    int version[3], kvm, pvpanic;
    json_error_t error;

    if (!json_is_object(json)) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "there is none for this VM");
        return -1;
    }
    if (json_unpack_ex(
            json, &error, 0,
            "{s:s, s?s, s:[i,i,i], s:s, s:b, s:b, s?s, s:o, s:o, s:o, s:o, s:o, s?o, s?o, "
            "s?o, s?s, s?o}",
            "binary", &binary, "instead_of", &instead_of, "version", &version[0], &version[1],
            &version[2], "package", &package, "kvm", &kvm, "pvpanic", &pvpanic, "kvm_reason",
            &reason, "machines", &machines, "cpus", &cpus, "capabilities", &capabilities, "refused",
            &refused, "parameters", &parameters, "devices", &devices, "runs_tcg", &runs_tcg,
            "runs_kvm", &runs_kvm, "maker", &maker, "lent", &lent) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "a host's offer cannot be read: %s",
                    error.text);
        return -1;
    }
    offer->lent = json_incref(lent);
    offer->binary = g_strdup(binary);
    offer->instead_of = g_strdup(instead_of);
    offer->package = g_strdup(package);
    offer->kvm = kvm != 0;
    offer->pvpanic = pvpanic != 0;
    offer->kvm_reason = g_strdup(reason);
    for (int i = 0; i < 3; i++)
        offer->version[i] = (unsigned)MAX(version[i], 0);
    offer->machines = map_from_json(machines);
    offer->cpus = set_from_json(cpus);
    offer->capabilities = set_from_json(capabilities);
    offer->refused = map_from_json(refused);
    offer->parameters = set_from_json(parameters);
    offer->runs_tcg = set_from_json(runs_tcg);
    offer->runs_kvm = set_from_json(runs_kvm);
    offer->maker = g_strdup(maker);
    offer->devices =
        devices != NULL ? set_from_json(devices) : g_hash_table_new(g_str_hash, g_str_equal);
    if (offer->machines != NULL && offer->cpus != NULL && offer->capabilities != NULL &&
        offer->refused != NULL && offer->parameters != NULL && offer->devices != NULL &&
        (runs_tcg == NULL || offer->runs_tcg != NULL) &&
        (runs_kvm == NULL || offer->runs_kvm != NULL))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                "a host's offer cannot be read: a list has something else in it");
    return -1;
}

struct vm_offer *vm_offer_from_json(const json_t *json, GError **err)
{
    struct vm_offer *offer = g_new0(struct vm_offer, 1);

    if (read_offer(offer, (json_t *)json, err) == 0)
        return offer;
    vm_offer_free(offer);
    return NULL;
}
