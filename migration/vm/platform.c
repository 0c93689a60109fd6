/*
 * The decision. It looks at nothing but its arguments, and goes through the hosts in their order,
 * so that every host of a tuple comes to the same answer from the same offers.
 */
#include "migration/vm/platform.h"

#include "cfg/nearest.h"
#include "migration/params.h"
#include "migration/vm/cpu_choice.h"
#include "migration/vm/lent.h"

#include <stdio.h>
#include <string.h>

#define KIB ((uint64_t)1024)
#define FAST_SYNC_BYTES (256 * KIB) /* 64 pages: a block of such a length takes the broken path */
#define QUIRK_BYTES (8 * KIB)
#define NEAREST_NAMES 3
#define MAX_DISTANCE 255
#define FIXED_MAJOR 9 /* the first QEMU with 03bfc2188f06 */

struct decision {
    const struct vm_offer *const *offers;
    const char *const *names;
    unsigned n;
    const struct params *params;
    struct vm_platform *platform;
};

static void note(struct decision *d, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(struct decision *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(d->platform->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

static void append_host(GString *list, const char *name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* "host1 (…), host2 (…)" */
static void append_host(GString *list, const char *name, const char *format, ...)
{
    va_list args;

    g_string_append_printf(list, "%s%s (", list->len > 0 ? ", " : "", name);
    va_start(args, format);
    g_string_append_vprintf(list, format, args);
    va_end(args);
    g_string_append_c(list, ')');
}

int vm_acceleration_wanted(const struct params *params, enum vm_acceleration *out, GError **err)
{
    const char *name = param_text(params, "vm_accelerator");
    const char *wish = param_text(params, "enable_kvm");
    bool disabled, enabled;

    if (name != NULL && strcmp(name, "kvm") != 0 && strcmp(name, "tcg") != 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "vm_accelerator = %s: must be kvm or tcg", name);
        return -1;
    }
    if (name != NULL) {
        *out = strcmp(name, "kvm") == 0 ? VM_ACCELERATION_KVM : VM_ACCELERATION_TCG;
        return 0;
    }
    if (param_bool(params, "disable_kvm", &disabled, err) < 0)
        return -1;
    if (disabled) {
        *out = VM_ACCELERATION_TCG;
        return 0;
    }
    if (g_ascii_strcasecmp(wish, "auto") == 0) {
        *out = VM_ACCELERATION_AUTO;
        return 0;
    }
    if (params_parse_bool("enable_kvm", wish, &enabled, NULL) < 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "enable_kvm = %s: must be yes, no or auto", wish);
        return -1;
    }
    *out = enabled ? VM_ACCELERATION_KVM : VM_ACCELERATION_TCG;
    return 0;
}

/* The hosts on which KVM has not been proven, and why: once if it is the same everywhere. "" if
 * none. */
static char *hosts_without_kvm(const struct decision *d)
{
    g_autoptr(GString) each = g_string_new(NULL);
    g_autoptr(GString) names = g_string_new(NULL);
    const char *reason = NULL;
    bool is_same = true;

    for (unsigned i = 0; i < d->n; i++) {
        const char *why = d->offers[i]->kvm_reason;

        if (d->offers[i]->kvm)
            continue;
        why = why != NULL ? why : "no reason given";
        append_host(each, d->names[i], "%s", why);
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", d->names[i]);
        is_same = is_same && (reason == NULL || strcmp(reason, why) == 0);
        reason = why;
    }
    if (reason != NULL && is_same)
        return g_strdup_printf("%s (%s)", names->str, reason);
    return g_strdup(each->str);
}

static int decide_acceleration(struct decision *d, GError **err)
{
    g_autofree char *without = hosts_without_kvm(d);
    enum vm_acceleration wanted;

    if (vm_acceleration_wanted(d->params, &wanted, err) < 0)
        return -1;
    d->platform->kvm = false;
    if (wanted == VM_ACCELERATION_TCG)
        return 0;
    if (*without != '\0' && wanted == VM_ACCELERATION_KVM) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "KVM is asked for, but does not work on %s", without);
        return -1;
    }
    d->platform->kvm = *without == '\0';
    if (!d->platform->kvm)
        note(d, "TCG instead of KVM, which does not work on %s", without);
    return 0;
}

/* pc-i440fx-7.2 -> family "pc-i440fx" (length), version 7 * 1000 + 2; -1 if there is no version. */
static int machine_version(const char *machine, size_t *family_length)
{
    const char *dash = strrchr(machine, '-');
    unsigned major, minor;
    char rest;

    if (dash == NULL || sscanf(dash + 1, "%u.%u%c", &major, &minor, &rest) != 2 || minor > 999 ||
        major > 999)
        return -1;
    *family_length = (size_t)(dash - machine);
    return (int)(major * 1000 + minor);
}

static bool all_have_machine(const struct decision *d, const char *machine)
{
    for (unsigned i = 0; i < d->n; i++) {
        if (g_strcmp0(g_hash_table_lookup(d->offers[i]->machines, machine), machine) != 0)
            return false;
    }
    return true;
}

static bool is_better(const char *candidate, const char *best)
{
    size_t length;

    if (best == NULL)
        return true;
    if (machine_version(candidate, &length) != machine_version(best, &length))
        return machine_version(candidate, &length) > machine_version(best, &length);
    return strcmp(candidate, best) < 0; /* any order will do, if it is the same everywhere */
}

/* The newest machine that all hosts have, of the family of one of the names the alias stands
 * for. */
static const char *newest_common_of_family(const struct decision *d, const char *alias)
{
    const char *best = NULL;

    for (unsigned i = 0; i < d->n; i++) {
        const char *resolved = g_hash_table_lookup(d->offers[i]->machines, alias);
        size_t family = 0, length = 0;
        GHashTableIter iter;
        void *name;

        if (machine_version(resolved, &family) < 0)
            continue;
        g_hash_table_iter_init(&iter, d->offers[0]->machines);
        while (g_hash_table_iter_next(&iter, NULL, &name)) {
            if (machine_version(name, &length) >= 0 && length == family &&
                memcmp(name, resolved, family) == 0 && all_have_machine(d, name) &&
                is_better(name, best))
                best = name;
        }
    }
    return best;
}

/* A name that some host knows, and how far it is from the one that was asked for. */
struct known {
    const char *name;
    unsigned distance;
};

static int compare_known(const void *a, const void *b)
{
    const struct known *x = a, *y = b;

    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The names nearest to this one, "a, b, c". Transfer full. */
static char *nearest_names(GHashTable *const *tables, unsigned n, const char *wanted)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(struct known));
    GString *list = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++) {
        GHashTableIter iter;
        gpointer name;

        g_hash_table_iter_init(&iter, tables[i]);
        while (g_hash_table_iter_next(&iter, &name, NULL)) {
            struct known one = {name, nearest_distance(wanted, name, MAX_DISTANCE)};

            if (g_hash_table_add(seen, name))
                g_array_append_val(known, one);
        }
    }
    g_array_sort(known, compare_known);
    for (unsigned i = 0; i < MIN(known->len, NEAREST_NAMES); i++)
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "",
                               g_array_index(known, struct known, i).name);
    return g_string_free(list, FALSE);
}

/*
 * Whether all hosts know a name. What none of them knows is a mistake in the configuration, what
 * only some know is not supported here. tables: by host, the names it knows.
 */
static int demand_known(const struct decision *d, const char *parameter, const char *name,
                        GHashTable *const *tables, GError **err)
{
    g_autoptr(GString) without = g_string_new(NULL);
    g_autofree char *near = NULL;
    unsigned n_without = 0;

    for (unsigned i = 0; i < d->n; i++) {
        const struct vm_offer *offer = d->offers[i];

        if (g_hash_table_contains(tables[i], name))
            continue;
        n_without++;
        append_host(without, d->names[i], "QEMU %u.%u.%u", offer->version[0], offer->version[1],
                    offer->version[2]);
    }
    if (n_without == 0)
        return 0;
    if (n_without < d->n) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s = %s is not known on %s", parameter,
                    name, without->str);
        return -1;
    }
    near = nearest_names(tables, d->n, name);
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "%s = %s is not known on any host: %s; the nearest known are %s", parameter, name,
                without->str, near);
    return -1;
}

static int decide_machine(struct decision *d, GError **err)
{
    const char *wanted = param_text(d->params, "machine_type");
    g_autofree GHashTable **tables = g_new(GHashTable *, d->n);
    g_autoptr(GString) answers = g_string_new(NULL);
    const char *common;

    for (unsigned i = 0; i < d->n; i++)
        tables[i] = d->offers[i]->machines;
    if (demand_known(d, "machine_type", wanted, tables, err) < 0)
        return -1;
    for (unsigned i = 0; i < d->n; i++)
        append_host(answers, d->names[i], "%s",
                    (const char *)g_hash_table_lookup(tables[i], wanted));
    common = all_have_machine(d, wanted) ? wanted : newest_common_of_family(d, wanted);
    for (unsigned i = 0; i < d->n && common == NULL; i++) {
        const char *resolved = g_hash_table_lookup(d->offers[i]->machines, wanted);

        if (all_have_machine(d, resolved))
            common = resolved;
    }
    if (common == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "machine_type = %s has no version that all hosts know: it means %s", wanted,
                    answers->str);
        return -1;
    }
    d->platform->machine = g_strdup(common);
    return 0;
}

static int decide_panic_device(struct decision *d, GError **err)
{
    /* On the ISA bus, which PCs have: it shifts no PCI device. */
    bool is_possible = g_str_has_prefix(d->platform->machine, "pc-");
    const char *wish = param_text(d->params, "enable_pvpanic");
    bool is_auto = strcmp(wish, "auto") == 0;
    bool is_wanted = true;

    if (!is_auto && params_parse_bool("enable_pvpanic", wish, &is_wanted, NULL) < 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "enable_pvpanic = %s: must be yes, no or auto", wish);
        return -1;
    }
    for (unsigned i = 0; i < d->n; i++)
        is_possible = is_possible && d->offers[i]->pvpanic;
    d->platform->pvpanic = is_possible && is_wanted;
    if (is_possible || is_auto || !is_wanted)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "enable_pvpanic = yes, and machine type %s has no panic device on all hosts",
                d->platform->machine);
    return -1;
}

/* Whether one of the policies can be followed; those before it are passed over with a note. */
static int find_policy(struct decision *d, GError **err)
{
    g_auto(GStrv) policies = param_list(d->params, "auto_cpu_policy");
    char **policy = policies;

    while (*policy != NULL && !cpu_policy_is_known(*policy))
        policy++;
    if (*policy == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "auto_cpu_policy = %s is not supported: it asks libvirt, and VMs are run "
                    "without it",
                    params_get(d->params, "auto_cpu_policy"));
        return -1;
    }
    if (policy != policies)
        note(d, "auto_cpu_policy: %s asks libvirt, and VMs are run without it; %s is followed",
             policies[0], *policy);
    return 0;
}

/* Transfer full. */
static int choose_model(struct decision *d, char **model_out, GError **err)
{
    const char *asked = param_text(d->params, "cpu_model");
    g_autofree char *better = NULL;

    if (find_policy(d, err) < 0)
        return -1;
    *model_out = cpu_choose(d->offers, d->names, d->n, d->platform->kvm, &better);
    if (*model_out == NULL) {
        *model_out = g_strdup(param_text(d->params, "default_cpu_model"));
        note(d,
             "auto_cpu_model: no CPU model of a maker is run by all hosts%s%s; the CPU is "
             "default_cpu_model's, %s",
             better != NULL ? ": the best is " : "", better != NULL ? better : "", *model_out);
    } else {
        note(d, "auto_cpu_model: %s is the best CPU model that all hosts run%s%s%s", *model_out,
             better != NULL ? " (before it comes " : "", better != NULL ? better : "",
             better != NULL ? ")" : "");
    }
    if (asked != NULL)
        note(d, "cpu_model = %s does not count, since auto_cpu_model = yes", asked);
    return 0;
}

/* Transfer full. */
static int decide_model(struct decision *d, char **model_out, GError **err)
{
    const char *model = param_text(d->params, "cpu_model");
    bool is_auto;

    if (param_bool(d->params, "auto_cpu_model", &is_auto, err) < 0)
        return -1;
    if (is_auto)
        return choose_model(d, model_out, err);
    *model_out = g_strdup(model != NULL ? model : param_text(d->params, "default_cpu_model"));
    return 0;
}

/* model,vendor=…,+flag,…,family=…, as avocado-vt puts them together. Transfer full. */
static int compose_cpu(const struct params *params, const char *model, char **out, GError **err)
{
    const char *vendor = param_text(params, "cpu_model_vendor");
    const char *flags = param_text(params, "cpu_model_flags");
    g_autoptr(GString) cpu = g_string_new(model);
    int64_t family;

    if (param_int(params, "cpu_family", &family, err) < 0)
        return -1;
    if (vendor != NULL)
        g_string_append_printf(cpu, ",vendor=%s", vendor);
    if (flags != NULL)
        g_string_append_printf(cpu, "%s%s", flags[0] != ',' ? "," : "", flags);
    if (family > 0)
        g_string_append_printf(cpu, ",family=%d", (int)family);
    *out = g_strdup(cpu->str);
    return 0;
}

static int decide_cpu(struct decision *d, GError **err)
{
    g_autofree GHashTable **tables = g_new(GHashTable *, d->n);
    g_autofree char *model = NULL;
    g_autofree char *bare = NULL;

    if (decide_model(d, &model, err) < 0)
        return -1;
    bare = g_strndup(model, strcspn(model, ","));
    if (strcmp(bare, "host") == 0 && !d->platform->kvm) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "cpu_model = host needs KVM%s%s",
                    d->platform->notes->len > 0 ? ": " : "",
                    d->platform->notes->len > 0 ? (char *)d->platform->notes->pdata[0] : "");
        return -1;
    }
    for (unsigned i = 0; i < d->n; i++)
        tables[i] = d->offers[i]->cpus;
    if (demand_known(d, "cpu_model", bare, tables, err) < 0)
        return -1;
    return compose_cpu(d->params, model, &d->platform->cpu, err);
}

static bool any_before_the_fix(const struct decision *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        if (d->offers[i]->version[0] < FIXED_MAJOR)
            return true;
    }
    return false;
}

/* A module's size cannot be such that nothing is lost: QEMU wants whole MiB. */
static int check_modules(struct decision *d, bool quirk, GError **err)
{
    g_auto(GStrv) modules = param_list(d->params, "mem_devs");

    if (*modules == NULL || d->platform->kvm || !any_before_the_fix(d))
        return 0;
    if (!quirk) {
        note(d,
             "tcg_dirty_sync_quirk is off: QEMU before 9.0 loses what a TCG guest writes to memory "
             "modules when it migrates (fixed by qemu 03bfc2188f06)");
        return 0;
    }
    g_set_error(
        err, VM_ERROR, VM_ERROR_UNSUPPORTED,
        "mem_devs is not supported under TCG with QEMU before 9.0, which loses what a guest "
        "writes to memory modules when it migrates (fixed by qemu 03bfc2188f06)");
    return -1;
}

static int decide_memory(struct decision *d, GError **err)
{
    struct vm_platform *platform = d->platform;
    bool quirk;

    if (param_size(d->params, "mem", &platform->ram_bytes, err) < 0 ||
        param_bool(d->params, "tcg_dirty_sync_quirk", &quirk, err) < 0)
        return -1;
    if (platform->ram_bytes < 1024 * KIB) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "mem = %s: a guest needs 1 MiB at least",
                    params_get(d->params, "mem"));
        return -1;
    }
    if (check_modules(d, quirk, err) < 0)
        return -1;
    if (platform->kvm || !any_before_the_fix(d) || platform->ram_bytes % FAST_SYNC_BYTES != 0)
        return 0;
    if (!quirk) {
        note(d, "tcg_dirty_sync_quirk is off: QEMU before 9.0 loses guest memory writes when it "
                "migrates a TCG guest of this size (fixed by qemu 03bfc2188f06)");
        return 0;
    }
    platform->ram_bytes -= QUIRK_BYTES;
    note(d,
         "8 KiB less memory than asked for, since QEMU before 9.0 loses guest memory writes when "
         "it migrates a TCG guest otherwise (fixed by qemu 03bfc2188f06)");
    return 0;
}

static void note_versions(struct decision *d)
{
    g_autoptr(GString) versions = g_string_new(NULL);
    bool differ = false;

    for (unsigned i = 0; i < d->n; i++) {
        const struct vm_offer *offer = d->offers[i];

        differ = differ ||
                 memcmp(offer->version, d->offers[0]->version, sizeof offer->version) != 0 ||
                 g_strcmp0(offer->package, d->offers[0]->package) != 0;
        append_host(versions, d->names[i], "%u.%u.%u%s%s", offer->version[0], offer->version[1],
                    offer->version[2], *offer->package != '\0' ? " " : "", offer->package);
    }
    if (differ)
        note(d, "QEMU differs between the hosts: %s", versions->str);
}

static void note_binaries(struct decision *d)
{
    for (unsigned i = 0; i < d->n; i++)
        if (d->offers[i]->instead_of != NULL)
            note(d, "%s has no %s: %s is used there", d->names[i], d->offers[i]->instead_of,
                 d->offers[i]->binary);
}

static int decide(struct decision *d, GError **err)
{
    static int (*const steps[])(struct decision *, GError **) = {
        decide_acceleration, decide_machine, decide_panic_device, decide_cpu, decide_memory};

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (steps[i](d, err) < 0)
            return -1;
    }
    note_versions(d);
    note_binaries(d);
    return 0;
}

struct vm_platform *vm_platform_decide(const struct vm_offer *const *offers,
                                       const char *const *names, unsigned n,
                                       const struct params *params, GError **err)
{
    struct vm_platform *platform = g_new0(struct vm_platform, 1);
    struct decision decision = {offers, names, n, params, platform};

    platform->notes = g_ptr_array_new_with_free_func(g_free);
    if (lent_domain(params) != NULL
            ? lent_decide(offers, names, n, lent_domain(params), platform, err) == 0
            : decide(&decision, err) == 0)
        return platform;
    vm_platform_free(platform);
    return NULL;
}

void vm_platform_free(struct vm_platform *platform)
{
    if (platform == NULL)
        return;
    g_free(platform->machine);
    g_free(platform->cpu);
    g_free(platform->lent_uuid);
    g_ptr_array_unref(platform->notes);
    g_free(platform);
}
