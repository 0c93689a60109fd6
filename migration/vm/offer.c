#include "migration/params.h"
#include "migration/vm/kvm_proof.h"
#include "migration/vm/platform.h"
#include "migration/vm/qemu_process.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define KVM_PROOF_MS 2000

/* What was learned about a binary, and of which binary it is true. */
struct known {
    struct timespec changed;
    off_t size;
    ino_t inode;
    json_t *offer;
    bool has_kvm; /* query-kvm: built with it */
};

void vm_offer_free(struct vm_offer *offer)
{
    if (offer == NULL)
        return;
    g_free(offer->binary);
    g_free(offer->package);
    g_free(offer->kvm_reason);
    g_clear_pointer(&offer->machines, g_hash_table_unref);
    g_clear_pointer(&offer->cpus, g_hash_table_unref);
    g_clear_pointer(&offer->capabilities, g_hash_table_unref);
    g_clear_pointer(&offer->parameters, g_hash_table_unref);
    g_free(offer);
}

static int compare_words(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

/* In order: equal sets have equal texts. */
static json_t *set_to_json(GHashTable *set)
{
    json_t *array = json_array();
    g_autoptr(GList) words = g_list_sort(g_hash_table_get_keys(set), compare_words);

    for (const GList *word = words; word != NULL; word = word->next)
        json_array_append_new(array, json_string(word->data));
    return array;
}

static json_t *map_to_json(GHashTable *map)
{
    json_t *object = json_object();
    GHashTableIter iter;
    void *key, *value;

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
    return json_pack("{s:s, s:[i,i,i], s:s, s:b, s:b, s:s*, s:o, s:o, s:o, s:o}", "binary",
                     offer->binary, "version", (int)offer->version[0], (int)offer->version[1],
                     (int)offer->version[2], "package", offer->package, "kvm", (int)offer->kvm,
                     "pvpanic", (int)offer->pvpanic, "kvm_reason", offer->kvm_reason, "machines",
                     map_to_json(offer->machines), "cpus", set_to_json(offer->cpus), "capabilities",
                     set_to_json(offer->capabilities), "parameters",
                     set_to_json(offer->parameters));
}

/* The strings and lists of an offer; what it has so far stays the caller's on failure. */
static int read_offer(struct vm_offer *offer, json_t *json, GError **err)
{
    const char *binary, *package, *reason = NULL;
    json_t *machines, *cpus, *capabilities, *parameters;
    int version[3], kvm, pvpanic;
    json_error_t error;

    if (!json_is_object(json)) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "there is none for this VM");
        return -1;
    }
    if (json_unpack_ex(json, &error, 0, "{s:s, s:[i,i,i], s:s, s:b, s:b, s?s, s:o, s:o, s:o, s:o}",
                       "binary", &binary, "version", &version[0], &version[1], &version[2],
                       "package", &package, "kvm", &kvm, "pvpanic", &pvpanic, "kvm_reason", &reason,
                       "machines", &machines, "cpus", &cpus, "capabilities", &capabilities,
                       "parameters", &parameters) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "a host's offer cannot be read: %s",
                    error.text);
        return -1;
    }
    offer->binary = g_strdup(binary);
    offer->package = g_strdup(package);
    offer->kvm = kvm != 0;
    offer->pvpanic = pvpanic != 0;
    offer->kvm_reason = g_strdup(reason);
    for (int i = 0; i < 3; i++)
        offer->version[i] = (unsigned)MAX(version[i], 0);
    offer->machines = map_from_json(machines);
    offer->cpus = set_from_json(cpus);
    offer->capabilities = set_from_json(capabilities);
    offer->parameters = set_from_json(parameters);
    if (offer->machines != NULL && offer->cpus != NULL && offer->capabilities != NULL &&
        offer->parameters != NULL)
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

static void ignore_event(const char *name, const json_t *data, int64_t time_us, void *arg)
{
    (void)name, (void)data, (void)time_us, (void)arg;
}

/* The value of `key` in each object of the array. Transfer full. */
static json_t *pluck(json_t *array, const char *key)
{
    json_t *values = json_array();
    json_t *item;
    size_t i;

    json_array_foreach (array, i, item)
        json_array_append(values, json_object_get(item, key));
    return values;
}

static json_t *keys_of(json_t *object)
{
    json_t *keys = json_array();
    const char *key;
    json_t *value;

    json_object_foreach (object, key, value)
        json_array_append_new(keys, json_string(key));
    return keys;
}

static json_t *machines_of(json_t *array)
{
    json_t *machines = json_object();
    json_t *item;
    size_t i;

    json_array_foreach (array, i, item) {
        json_t *name = json_object_get(item, "name");
        const char *alias = json_string_value(json_object_get(item, "alias"));

        json_object_set(machines, json_string_value(name), name);
        if (alias != NULL)
            json_object_set(machines, alias, name);
    }
    return machines;
}

/* Puts the answers of a running QEMU into known. */
static int ask(struct qemu_process *process, const char *binary, struct known *known,
               int64_t deadline, GError **err)
{
    static const struct {
        const char *name;
        const char *implements; /* its argument, if it has one */
    } commands[] = {
        {"query-version", NULL},
        {"query-machines", NULL},
        {"query-cpu-definitions", NULL},
        {"query-migrate-capabilities", NULL},
        {"query-migrate-parameters", NULL},
        {"query-kvm", NULL},
        {"qom-list-types", "pvpanic"},
    };
    json_t *answers[G_N_ELEMENTS(commands)] = {NULL};
    int result = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(commands) && result == 0; i++) {
        json_t *arguments = commands[i].implements != NULL
                                ? json_pack("{s:s}", "implements", commands[i].implements)
                                : NULL;

        result = qemu_process_command(process, commands[i].name, arguments, -1, deadline,
                                      &answers[i], err);
    }
    if (result == 0) {
        json_t *qemu = json_object_get(answers[0], "qemu");

        known->offer = json_pack(
            "{s:s, s:[O*,O*,O*], s:O*, s:b, s:b, s:o, s:o, s:o, s:o}", "binary", binary, "version",
            json_object_get(qemu, "major"), json_object_get(qemu, "minor"),
            json_object_get(qemu, "micro"), "package", json_object_get(answers[0], "package"),
            "kvm", 0, "pvpanic", json_array_size(answers[6]) > 0, "machines",
            machines_of(answers[1]), "cpus", pluck(answers[2], "name"), "capabilities",
            pluck(answers[3], "capability"), "parameters", keys_of(answers[4]));
        known->has_kvm = json_is_true(json_object_get(answers[5], "present"));
        if (known->offer == NULL) {
            g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "%s does not say which version it is",
                        binary);
            result = -1;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
        json_decref(answers[i]);
    return result;
}

static int ask_binary(const char *binary, struct known *known, int64_t deadline, GError **err)
{
    static const char *const argv[] = {"qemu",
                                       "-machine",
                                       "none,accel=tcg:kvm",
                                       "-nodefaults",
                                       "-no-user-config",
                                       "-display",
                                       "none",
                                       "-S",
                                       "-chardev",
                                       "socket,id=qmp,fd=3",
                                       "-mon",
                                       "chardev=qmp,mode=control",
                                       NULL};
    struct qemu_start start = {
        .who = "QEMU", .binary = binary, .argv = argv, .serial_fd = -1, .on_event = ignore_event};
    g_autoptr(qemu_process) process = NULL;
    int result;

    G_STATIC_ASSERT(QEMU_FD_QMP == 3);
    process = qemu_process_start(&start, err);
    if (process == NULL)
        return -1;
    result = qemu_process_greet(process, deadline, err);
    if (result == 0)
        result = ask(process, binary, known, deadline, err);
    qemu_process_end(process, NULL);
    return result;
}

/* What is known of a binary, asked when it is new or has changed. Transfer none. */
static struct known *know(const char *binary, int64_t deadline, GError **err)
{
    static GHashTable *all; /* path -> struct known; for the life of the process */
    struct known *known;
    struct stat now;

    if (stat(binary, &now) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s: %s", binary, g_strerror(errno));
        return NULL;
    }
    if (all == NULL)
        all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    known = g_hash_table_lookup(all, binary);
    if (known != NULL && known->inode == now.st_ino && known->size == now.st_size &&
        known->changed.tv_sec == now.st_ctim.tv_sec &&
        known->changed.tv_nsec == now.st_ctim.tv_nsec)
        return known;
    {
        struct known fresh = {.changed = now.st_ctim, .size = now.st_size, .inode = now.st_ino};

        if (ask_binary(binary, &fresh, deadline, err) < 0)
            return NULL;
        known = g_hash_table_lookup(all, binary); /* another fiber may have asked meanwhile */
        if (known == NULL) {
            known = g_new0(struct known, 1);
            g_hash_table_insert(all, g_strdup(binary), known);
        }
        json_decref(known->offer);
        *known = fresh;
    }
    return known;
}

/* The proof is run once a process. */
static int prove_kvm(struct vm_offer *offer, int64_t deadline, GError **err)
{
    static bool is_known, proven;
    static char *reason;

    if (!is_known) {
        if (kvm_proof_run("/proc/self/exe", deadline_min(deadline, deadline_in(KVM_PROOF_MS)),
                          &proven, &reason, err) < 0)
            return -1;
        is_known = true;
    }
    offer->kvm = proven;
    offer->kvm_reason = g_strdup(reason);
    return 0;
}

/* Says whether this host has KVM, in an offer that says nothing of it yet. */
static int decide_kvm(struct vm_offer *offer, enum vm_acceleration wanted, bool has_kvm,
                      int64_t deadline, GError **err)
{
    if (wanted == VM_ACCELERATION_TCG)
        offer->kvm_reason = g_strdup("the configuration asks for TCG");
    else if (!has_kvm)
        offer->kvm_reason = g_strdup("this QEMU is built without KVM");
    else
        return prove_kvm(offer, deadline, err);
    return 0;
}

struct vm_offer *vm_offer_probe(const struct params *params, int64_t deadline, GError **err)
{
    g_autofree char *binary = qemu_find_binary(param_text(params, "qemu_binary"), "QEMU", err);
    struct vm_offer *offer;
    enum vm_acceleration wanted;
    struct known *known;

    if (binary == NULL || vm_acceleration_wanted(params, &wanted, err) < 0)
        return NULL;
    known = know(binary, deadline, err);
    offer = known != NULL ? vm_offer_from_json(known->offer, err) : NULL;
    if (offer == NULL || decide_kvm(offer, wanted, known->has_kvm, deadline, err) == 0)
        return offer;
    vm_offer_free(offer);
    return NULL;
}
