/*
 * What a QEMU can do: it is started once with no machine, and asked. What it says is kept by its
 * path, and asked anew when another program lies there.
 */
#include "migration/params.h"
#include "migration/vm/file_identity.h"
#include "migration/vm/kvm_proof.h"
#include "migration/vm/qemu_binary.h"
#include "migration/vm/qemu_cmdline.h"
#include "migration/vm/qemu_process.h"
#include "migration/vm/qemu_shared.h"

#include <cpuid.h>
#include <errno.h>

#define KVM_DEVICE "/dev/kvm"
#define KVM_PROOF_MS 2000
#define POSTCOPY "postcopy-ram"

/* What was learned of a binary, and of which it is true. */
struct known {
    struct file_identity binary;
    json_t *offer;
    json_t *runs_kvm; /* CPU models that it runs whole with KVM; NULL: not asked yet */
    bool has_kvm;     /* query-kvm: built with it */
};

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

/* Those of query-cpu-definitions to which nothing is lacking with the accelerator that answers.
 * Transfer full. */
static json_t *whole_cpus(json_t *array)
{
    json_t *names = json_array();
    json_t *item;
    size_t i;

    json_array_foreach (array, i, item) {
        const json_t *lacking = json_object_get(item, "unavailable-features");

        if (lacking != NULL && json_array_size(lacking) == 0)
            json_array_append(names, json_object_get(item, "name"));
    }
    return names;
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

/*
 * The capability for post-copy is there in every QEMU, and refused by a destination whose kernel
 * does not let it use userfaultfd (vm.unprivileged_userfaultfd, for who is not root); why is on its
 * stderr alone. Transfer full; NULL: it was not answered.
 */
static json_t *refused_capabilities(struct qemu_process *process, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;
    json_t *refused;
    bool are_own;

    if (qemu_process_command(
            process, "migrate-set-capabilities",
            json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", POSTCOPY, "state", 1), -1,
            deadline, NULL, &error) == 0)
        return json_object();
    if (!g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return NULL;
    }
    g_autofree char *words = qemu_process_last_words(process, &are_own);
    refused = json_object();
    json_object_set_new(refused, POSTCOPY, json_string(words != NULL ? words : error->message));
    return refused;
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
        {"qom-list-types", "device"},
    };
    json_t *answers[G_N_ELEMENTS(commands)] = {NULL};
    json_t *refused = NULL;
    int result = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(commands) && result == 0; i++) {
        json_t *arguments = commands[i].implements != NULL
                                ? json_pack("{s:s}", "implements", commands[i].implements)
                                : NULL;

        result = qemu_process_command(process, commands[i].name, arguments, -1, deadline,
                                      &answers[i], err);
    }
    if (result == 0) {
        refused = refused_capabilities(process, deadline, err);
        result = refused != NULL ? 0 : -1;
    }
    if (result == 0) {
        json_t *qemu = json_object_get(answers[0], "qemu");

        known->offer = json_pack(
            "{s:s, s:[O*,O*,O*], s:O*, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "binary",
            binary, "version", json_object_get(qemu, "major"), json_object_get(qemu, "minor"),
            json_object_get(qemu, "micro"), "package", json_object_get(answers[0], "package"),
            "kvm", 0, "pvpanic", json_array_size(answers[6]) > 0, "machines",
            machines_of(answers[1]), "cpus", pluck(answers[2], "name"), "runs_tcg",
            whole_cpus(answers[2]), "capabilities", pluck(answers[3], "capability"), "refused",
            refused, "parameters", keys_of(answers[4]), "devices", pluck(answers[7], "name"));
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

/* Of a QEMU that has KVM: what CPU models lack is another matter there. */
static int ask_kvm(struct qemu_process *process, const char *binary, struct known *known,
                   int64_t deadline, GError **err)
{
    json_auto_t *models = NULL;

    (void)binary;
    if (qemu_process_command(process, "query-cpu-definitions", NULL, -1, deadline, &models, err) <
        0)
        return -1;
    json_decref(known->runs_kvm);
    known->runs_kvm = whole_cpus(models);
    return 0;
}

static int ask_binary(const char *binary, const char *accel,
                      int (*put)(struct qemu_process *, const char *, struct known *, int64_t,
                                 GError **),
                      struct known *known, int64_t deadline, GError **err)
{
    const struct qemu_cmdline line = {.binary = binary, .accel = accel, .qmp_fd = QEMU_FD_QMP};
    g_auto(GStrv) argv = qemu_cmdline_build(&line);
    struct qemu_start start = {.who = "QEMU",
                               .binary = binary,
                               .argv = (const char *const *)argv,
                               .on_event = ignore_event};
    g_autoptr(qemu_process) process = NULL;
    int result;

    process = qemu_process_start(&start, err);
    if (process == NULL)
        return -1;
    result = qemu_process_greet(process, deadline, err);
    if (result == 0)
        result = put(process, binary, known, deadline, err);
    qemu_process_end(process, NULL);
    return result;
}

/* What is known of a binary, asked when it is new or has changed. Transfer none. */
static struct known *know(const char *binary, int64_t deadline, GError **err)
{
    static GHashTable *all; /* path -> struct known; for the life of the process */
    struct known fresh = {.binary = file_identity_of(binary)};
    struct known *known;

    if (!file_identity_exists(&fresh.binary)) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s: %s", binary, g_strerror(errno));
        return NULL;
    }
    if (all == NULL)
        all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    known = g_hash_table_lookup(all, binary);
    if (known != NULL && file_identity_equal(&known->binary, &fresh.binary))
        return known;
    if (ask_binary(binary, "tcg:kvm", ask, &fresh, deadline, err) < 0)
        return NULL;
    known = g_hash_table_lookup(all, binary); /* another fiber may have asked meanwhile */
    if (known == NULL) {
        known = g_new0(struct known, 1);
        g_hash_table_insert(all, g_strdup(binary), known);
    }
    json_decref(known->offer);
    json_decref(known->runs_kvm);
    *known = fresh;
    return known;
}

static int prove_kvm(struct vm_offer *offer, int64_t deadline, GError **err)
{
    static struct kvm_proof proof; /* for the life of the process, or of the device */

    if (kvm_proof_keep(&proof, KVM_DEVICE, "/proc/self/exe",
                       deadline_min(deadline, deadline_in(KVM_PROOF_MS)), err) < 0)
        return -1;
    offer->kvm = proof.proven;
    offer->kvm_reason = g_strdup(proof.reason);
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

/* Of the CPU that this runs on. Transfer full; NULL: it does not say. */
static char *own_maker(void)
{
    unsigned int leaves, name[3];

    if (__get_cpuid(0, &leaves, &name[0], &name[2], &name[1]) == 0)
        return NULL;
    return g_strndup((const char *)name, sizeof name);
}

/* What CPU models run with KVM is asked only of who is to choose one. */
static int offer_cpus(struct vm_offer *offer, struct known *known, const struct params *params,
                      int64_t deadline, GError **err)
{
    const char *binary = json_string_value(json_object_get(known->offer, "binary"));
    bool is_auto;

    if (param_bool(params, "auto_cpu_model", &is_auto, err) < 0)
        return -1;
    if (!is_auto || !offer->kvm)
        return 0;
    if (known->runs_kvm == NULL && ask_binary(binary, "kvm", ask_kvm, known, deadline, err) < 0)
        return -1;
    offer->maker = own_maker();
    offer->runs_kvm = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < json_array_size(known->runs_kvm); i++)
        g_hash_table_add(offer->runs_kvm,
                         g_strdup(json_string_value(json_array_get(known->runs_kvm, i))));
    return 0;
}

/* Transfer full. */
static struct vm_offer *offer_of(const struct params *params, const char *name, int64_t deadline,
                                 GError **err)
{
    g_autofree char *binary = qemu_find_binary(name, "QEMU", err);
    g_autoptr(vm_offer) offer = NULL;
    enum vm_acceleration wanted;
    g_autofree char *as_asked = g_find_program_in_path(name);
    struct known *known;

    if (binary == NULL || vm_acceleration_wanted(params, &wanted, err) < 0)
        return NULL;
    known = know(binary, deadline, err);
    offer = known != NULL ? vm_offer_from_json(known->offer, err) : NULL;
    if (offer == NULL || decide_kvm(offer, wanted, known->has_kvm, deadline, err) < 0 ||
        offer_cpus(offer, known, params, deadline, err) < 0)
        return NULL;
    if (as_asked == NULL)
        offer->instead_of = g_strdup(name);
    return g_steal_pointer(&offer);
}

/* Each host may be either end, and so must do with both what is agreed on. */
struct vm_offer *qemu_offer(const struct params *params, int64_t deadline, GError **err)
{
    const char *destination = param_text(params, "qemu_dst_binary");
    g_autoptr(vm_offer) offer = offer_of(params, param_text(params, "qemu_binary"), deadline, err);
    g_autoptr(vm_offer) other = NULL;

    if (offer == NULL || destination == NULL)
        return g_steal_pointer(&offer);
    other = offer_of(params, destination, deadline, err);
    if (other == NULL)
        return NULL;
    vm_offer_meet(offer, other);
    return g_steal_pointer(&offer);
}
