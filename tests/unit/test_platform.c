#include "migration/vm/platform.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(platform, .timeout = 10);

#define OLD 7, 2
#define NEW 10, 0

/* A host with KVM whose "pc" is pc-i440fx-MAJOR.MINOR and that knows `machines`
 * (blank-separated). */
static struct vm_offer *offer(unsigned major, unsigned minor, const char *machines)
{
    struct vm_offer *made = g_new0(struct vm_offer, 1);
    g_auto(GStrv) names = g_strsplit(machines, " ", -1);

    made->binary = g_strdup("/usr/bin/qemu");
    made->version[0] = major;
    made->version[1] = minor;
    made->package = g_strdup("");
    made->kvm = true;
    made->machines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    made->cpus = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    made->capabilities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    made->parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (char **name = names; *name != NULL; name++)
        g_hash_table_insert(made->machines, g_strdup(*name), g_strdup(*name));
    g_hash_table_insert(made->machines, g_strdup("pc"),
                        g_strdup_printf("pc-i440fx-%u.%u", major, minor));
    g_hash_table_add(made->cpus, g_strdup("qemu64"));
    g_hash_table_add(made->cpus, g_strdup("host"));
    return made;
}

static struct vm_offer *old_host(void)
{
    return offer(OLD, "pc-i440fx-6.2 pc-i440fx-7.2 isapc");
}

static struct vm_offer *new_host(void)
{
    return offer(NEW, "pc-i440fx-6.2 pc-i440fx-7.2 pc-i440fx-9.0 pc-i440fx-10.0 isapc");
}

static struct vm_offer *without_kvm(struct vm_offer *from, const char *reason)
{
    from->kvm = false;
    from->kvm_reason = g_strdup(reason);
    return from;
}

/* Transfer full of the offers. */
static struct vm_platform *decide(struct vm_offer *one, struct vm_offer *two,
                                  const struct params *params, GError **err)
{
    static const char *const names[] = {"host1", "host2"};
    const struct vm_offer *offers[] = {one, two};
    struct vm_platform *platform = vm_platform_decide(offers, names, 2, params, err);

    vm_offer_free(one);
    vm_offer_free(two);
    return platform;
}

static bool has_note(const struct vm_platform *platform, const char *words)
{
    for (unsigned i = 0; i < platform->notes->len; i++) {
        if (strstr(platform->notes->pdata[i], words) != NULL)
            return true;
    }
    return false;
}

static void refuses_with(struct vm_offer *one, struct vm_offer *two, const char *key,
                         const char *value, GQuark domain, int code, const char *words)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) err = NULL;

    params_set(params, key, value, NULL);
    cr_assert_null(decide(one, two, params, &err));
    cr_assert(g_error_matches(err, domain, code), "%s", err->message);
    cr_assert(strstr(err->message, words) != NULL, "%s", err->message);
}

static void refuses(struct vm_offer *one, struct vm_offer *two, const char *key, const char *value,
                    const char *words)
{
    refuses_with(one, two, key, value, VM_ERROR, VM_ERROR_UNSUPPORTED, words);
}

Test(platform, equal_hosts_with_kvm_need_no_notes)
{
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) platform = decide(old_host(), old_host(), params, NULL);

    cr_assert(platform->kvm);
    cr_assert_str_eq(platform->machine, "pc-i440fx-7.2");
    cr_assert_str_eq(platform->cpu, "qemu64");
    cr_assert_eq(platform->ram_bytes, (uint64_t)256 << 20);
    cr_assert_eq(platform->notes->len, 0);
}

Test(platform, kvm_is_used_only_where_all_have_proven_it)
{
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) platform =
        decide(old_host(), without_kvm(old_host(), "it emulates"), params, NULL);

    cr_assert_not(platform->kvm);
    cr_assert(has_note(platform, "TCG instead of KVM, which does not work on host2 (it emulates)"));
}

Test(platform, kvm_that_is_demanded_and_not_proven_is_unsupported)
{
    refuses(old_host(), without_kvm(old_host(), "it emulates"), "enable_kvm", "yes",
            "host2 (it emulates)");
    refuses(old_host(), without_kvm(old_host(), "it emulates"), "vm_accelerator", "kvm", "host2");
}

Test(platform, tcg_that_is_asked_for_needs_no_note_of_its_own)
{
    static const char *const wishes[][2] = {
        {"enable_kvm", "no"}, {"disable_kvm", "yes"}, {"vm_accelerator", "tcg"}};

    for (size_t i = 0; i < G_N_ELEMENTS(wishes); i++) {
        g_autoptr(params) params = params_new();
        g_autoptr(vm_platform) platform = NULL;

        params_set(params, wishes[i][0], wishes[i][1], NULL);
        platform = decide(old_host(), old_host(), params, NULL);
        cr_assert_not(platform->kvm);
        cr_assert_not(has_note(platform, "TCG instead of KVM"));
    }
}

Test(platform, wrong_word_for_kvm_is_a_configuration_error)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) err = NULL;

    params_set(params, "enable_kvm", "perhaps", NULL);
    cr_assert_null(decide(old_host(), old_host(), params, &err));
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
}

Test(platform, alias_becomes_the_newest_machine_that_all_know)
{
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) one = decide(old_host(), new_host(), params, NULL);
    g_autoptr(vm_platform) other = decide(new_host(), old_host(), params, NULL);
    g_autoptr(vm_platform) both_new = decide(new_host(), new_host(), params, NULL);

    cr_assert_str_eq(one->machine, "pc-i440fx-7.2");
    cr_assert_str_eq(other->machine, "pc-i440fx-7.2");
    cr_assert_str_eq(both_new->machine, "pc-i440fx-10.0");
    cr_assert(has_note(one, "host1 (7.2.0), host2 (10.0.0)"));
    cr_assert_not(has_note(both_new, "differs"));
}

Test(platform, alias_may_become_a_machine_that_is_no_hosts_default)
{
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) platform =
        decide(offer(7, 2, "pc-i440fx-6.2 pc-i440fx-7.2"),
               offer(9, 0, "pc-i440fx-6.0 pc-i440fx-6.2 pc-i440fx-9.0"), params, NULL);

    cr_assert_str_eq(platform->machine, "pc-i440fx-6.2");
}

Test(platform, machine_without_versions_is_itself)
{
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) platform = NULL;

    params_set(params, "machine_type", "isapc", NULL);
    platform = decide(old_host(), new_host(), params, NULL);
    cr_assert_str_eq(platform->machine, "isapc");
}

Test(platform, machine_that_a_host_lacks_is_unsupported)
{
    refuses(old_host(), new_host(), "machine_type", "pc-i440fx-10.0", "host1 (QEMU 7.2.0)");
    refuses(offer(7, 2, "pc-i440fx-7.2"), offer(9, 0, "pc-i440fx-9.0"), "machine_type", "pc",
            "host1 (pc-i440fx-7.2), host2 (pc-i440fx-9.0)");
}

static bool has_panic_device(bool one, bool two, const char *wanted)
{
    struct vm_offer *first = old_host(), *second = new_host();
    first->pvpanic = one;
    second->pvpanic = two;
    g_autoptr(params) params = params_new();
    if (wanted != NULL)
        params_set(params, "enable_pvpanic", wanted, NULL);
    g_autoptr(vm_platform) platform = decide(first, second, params, NULL);
    return platform->pvpanic;
}

Test(platform, a_panic_device_is_in_where_all_have_it_and_nobody_forbids_it)
{
    cr_expect(has_panic_device(true, true, NULL));
    cr_expect_not(has_panic_device(true, false, NULL));
    cr_expect_not(has_panic_device(true, true, "no"));
    refuses(old_host(), new_host(), "enable_pvpanic", "yes", "panic device");
}

Test(platform, cpu_model_and_flags_make_one_argument)
{
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) platform = NULL;

    params_set(params, "cpu_model", "qemu64,-sse3", NULL);
    params_set(params, "cpu_model_flags", ",+popcnt", NULL);
    platform = decide(old_host(), old_host(), params, NULL);
    cr_assert_str_eq(platform->cpu, "qemu64,-sse3,+popcnt");
}

/* A slip of the fingers is no reason to skip. */
Test(platform, what_no_host_knows_is_wrong_and_the_nearest_names_are_told)
{
    refuses_with(old_host(), new_host(), "machine_type", "pc-i440fx-8.2", CFG_ERROR,
                 CFG_ERROR_PARAM_VALUE,
                 "machine_type = pc-i440fx-8.2 is not known on any host: host1 (QEMU 7.2.0), host2 "
                 "(QEMU 10.0.0); the nearest known are pc-i440fx-6.2, pc-i440fx-7.2, "
                 "pc-i440fx-9.0");
    refuses_with(old_host(), old_host(), "cpu_model", "qemu46,+aes", CFG_ERROR,
                 CFG_ERROR_PARAM_VALUE, "cpu_model = qemu46 is not known on any host: host1");
    refuses_with(old_host(), old_host(), "cpu_model", "qemu46", CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                 "the nearest known are qemu64, host");
}

Test(platform, cpu_that_cannot_be_is_unsupported)
{
    struct vm_offer *knows = old_host();

    g_hash_table_add(knows->cpus, g_strdup("Cray"));
    refuses(knows, old_host(), "cpu_model", "Cray", "not known on host2 (QEMU 7.2.0)");
    refuses(old_host(), without_kvm(old_host(), "it emulates"), "cpu_model", "host", "needs KVM");
}

static uint64_t ram_of(struct vm_offer *one, struct vm_offer *two, const char *mem,
                       const char *quirk, const char *note)
{
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) platform = NULL;

    params_set(params, "enable_kvm", "no", NULL);
    params_set(params, "mem", mem, NULL);
    params_set(params, "tcg_dirty_sync_quirk", quirk, NULL);
    platform = decide(one, two, params, NULL);
    cr_assert_eq(has_note(platform, "03bfc2188f06"), note != NULL);
    cr_assert(note == NULL || has_note(platform, note));
    return platform->ram_bytes / 1024;
}

Test(platform, tcg_of_an_old_qemu_gets_8_kib_less)
{
    cr_assert_eq(ram_of(old_host(), old_host(), "256", "yes", "8 KiB less"), 262136);
    cr_assert_eq(ram_of(new_host(), old_host(), "256", "yes", "8 KiB less"), 262136);
    cr_assert_eq(ram_of(new_host(), new_host(), "256", "yes", NULL), 262144);
    cr_assert_eq(ram_of(old_host(), old_host(), "262136K", "yes", NULL), 262136);
    cr_assert_eq(ram_of(old_host(), old_host(), "256", "no", "quirk is off"), 262144);
}

/* What a host runs whole, with KVM on a CPU of the maker or under TCG (NULL). Returns it. */
static struct vm_offer *running(struct vm_offer *host, const char *maker, const char *models)
{
    GHashTable **runs = maker != NULL ? &host->runs_kvm : &host->runs_tcg;
    g_auto(GStrv) names = g_strsplit(models, " ", -1);

    *runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (char **name = names; *name != NULL; name++) {
        g_hash_table_add(*runs, g_strdup(*name));
        g_hash_table_add(host->cpus, g_strdup(*name));
    }
    host->maker = g_strdup(maker);
    return maker != NULL ? host : without_kvm(host, "it emulates");
}

static void expect_cpu(struct vm_offer *one, struct vm_offer *two, const char *cpu,
                       const char *words)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) error = NULL;
    struct vm_platform *platform;
    g_autofree char *notes = NULL;

    params_set(params, "auto_cpu_model", "yes", NULL);
    params_set(params, "cpu_model_flags", ",+aes", NULL);
    platform = decide(one, two, params, &error);
    cr_assert_not_null(platform, "%s", error != NULL ? error->message : "");
    cr_expect_str_eq(platform->cpu, cpu, "%s", platform->cpu);
    g_ptr_array_add(platform->notes, NULL);
    notes = g_strjoinv("; ", (char **)platform->notes->pdata);
    g_ptr_array_set_size(platform->notes, (int)platform->notes->len - 1);
    cr_expect_not_null(strstr(notes, words), "%s", notes);
    vm_platform_free(platform);
}

#define INTEL "GenuineIntel"
#define AMD "AuthenticAMD"

Test(platform, what_a_host_can_do_with_two_hypervisors_is_what_both_can)
{
    g_autoptr(vm_offer) both = new_host();
    g_autoptr(vm_offer) other = old_host();
    const struct vm_offer *offers[] = {both};
    static const char *const names[] = {"host1"};
    g_autoptr(params) params = params_new();
    g_autoptr(vm_platform) platform = NULL;

    g_hash_table_add(both->cpus, g_strdup("EPYC"));
    g_hash_table_add(both->capabilities, g_strdup("multifd"));
    vm_offer_meet(both, other);
    cr_expect_eq(both->version[0], 7);
    cr_expect(g_hash_table_contains(both->cpus, "qemu64"));
    cr_expect_not(g_hash_table_contains(both->cpus, "EPYC"));
    cr_expect_not(g_hash_table_contains(both->capabilities, "multifd"));
    cr_expect_not(g_hash_table_contains(both->machines, "pc-i440fx-10.0"));
    platform = vm_platform_decide(offers, names, 1, params, NULL);
    cr_assert_not_null(platform);
    cr_expect_str_eq(platform->machine, "pc-i440fx-7.2");
}

Test(platform, best_cpu_model_is_the_newest_that_all_hosts_run)
{
    expect_cpu(running(old_host(), INTEL, "Westmere-v1 Haswell-v1 Haswell-v2 Broadwell-v1"),
               running(new_host(), INTEL, "Haswell-v2 Haswell-v1 Westmere-v1 GraniteRapids-v1"),
               "Haswell-v2,+aes",
               "Haswell-v2 is the best CPU model that all hosts run (before it comes "
               "GraniteRapids-v1, which host1 does not run)");
    expect_cpu(running(old_host(), NULL, "Penryn-v1 Conroe-v1"),
               running(new_host(), NULL, "Conroe-v1 Penryn-v1"), "Penryn-v1,+aes",
               "Penryn-v1 is the best CPU model that all hosts run");
    expect_cpu(running(old_host(), NULL, "Penryn"), running(new_host(), NULL, "Penryn-v1 Penryn"),
               "Penryn,+aes", "Penryn-v1, which host1 does not run");
}

Test(platform, best_cpu_model_with_kvm_is_of_the_hosts_own_maker)
{
    expect_cpu(running(old_host(), AMD, "EPYC-v1 Nehalem-v1"),
               running(new_host(), AMD, "EPYC-v1 Nehalem-v1"), "EPYC-v1,+aes", "EPYC-v1 is");
    expect_cpu(running(old_host(), INTEL, "EPYC-v1 Nehalem-v1"),
               running(new_host(), AMD, "EPYC-v1 Nehalem-v1"), "qemu64,+aes",
               "no CPU model of a maker is run by all hosts: the best is Nehalem-v1, which host2 "
               "does not run; the CPU is default_cpu_model's, qemu64");
    expect_cpu(running(old_host(), INTEL, "qemu64"), running(new_host(), INTEL, "qemu64"),
               "qemu64,+aes", "run by all hosts; the CPU is default_cpu_model's, qemu64");
}

Test(platform, best_cpu_model_is_found_by_a_policy_that_can_be_followed)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) error = NULL;

    params_set(params, "auto_cpu_model", "yes", NULL);
    params_set(params, "auto_cpu_policy", "libvirt_host_model", NULL);
    cr_assert_null(decide(old_host(), new_host(), params, &error));
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_not_null(strstr(error->message, "it asks libvirt"), "%s", error->message);
}

static struct vm_platform *decide_modules(struct vm_offer *host, const char *quirk, GError **err)
{
    g_autoptr(params) params = params_new();

    params_set(params, "enable_kvm", "no", NULL);
    params_set(params, "mem_devs", "m1", NULL);
    params_set(params, "tcg_dirty_sync_quirk", quirk, NULL);
    return decide(host, new_host(), params, err);
}

Test(platform, memory_modules_are_not_trusted_to_tcg_of_an_old_qemu)
{
    g_autoptr(GError) error = NULL;

    cr_expect_null(decide_modules(old_host(), "yes", &error));
    cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_not_null(strstr(error->message, "mem_devs is not supported under TCG"));
    g_autoptr(vm_platform) new_ones = decide_modules(new_host(), "yes", NULL);
    cr_assert_not_null(new_ones);
    g_autoptr(vm_platform) warned = decide_modules(old_host(), "no", NULL);
    cr_assert_not_null(warned);
    cr_expect(has_note(warned, "writes to memory modules"));
}

Test(platform, offer_survives_the_wire)
{
    struct vm_offer *sent = without_kvm(new_host(), "it emulates");
    json_t *json;
    struct vm_offer *got;

    sent->pvpanic = true;
    g_hash_table_add(sent->capabilities, g_strdup("events"));
    g_hash_table_add(sent->parameters, g_strdup("max-bandwidth"));
    sent->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(sent->refused, g_strdup("postcopy-ram"), g_strdup("no userfaultfd"));
    running(sent, INTEL, "Westmere-v1");
    json = vm_offer_to_json(sent);
    got = vm_offer_from_json(json, NULL);
    cr_assert_not_null(got);
    cr_assert_str_eq(got->maker, INTEL);
    cr_assert(g_hash_table_contains(got->runs_kvm, "Westmere-v1"));
    cr_assert_null(got->runs_tcg);
    cr_assert_eq(memcmp(got->version, sent->version, sizeof got->version), 0);
    cr_assert_not(got->kvm);
    cr_assert(got->pvpanic);
    cr_assert_str_eq(got->kvm_reason, "it emulates");
    cr_assert_str_eq(g_hash_table_lookup(got->machines, "pc"), "pc-i440fx-10.0");
    cr_assert_eq(g_hash_table_size(got->machines), g_hash_table_size(sent->machines));
    cr_assert(g_hash_table_contains(got->cpus, "qemu64"));
    cr_assert(g_hash_table_contains(got->capabilities, "events"));
    cr_assert(g_hash_table_contains(got->parameters, "max-bandwidth"));
    cr_assert_str_eq(g_hash_table_lookup(got->refused, "postcopy-ram"), "no userfaultfd");
    json_decref(json);
    vm_offer_free(sent);
    vm_offer_free(got);
}

Test(platform, offer_that_is_not_one_is_refused)
{
    static const char *const texts[] = {
        "{}", "[]", "{\"binary\": 3}",
        "{\"binary\":\"q\",\"version\":[7,2,0],\"package\":\"\",\"kvm\":true,\"machines\":{\"pc\":"
        "1},"
        "\"cpus\":[],\"capabilities\":[],\"refused\":{},\"parameters\":[]}",
        "{\"binary\":\"q\",\"version\":[7,2,0],\"package\":\"\",\"kvm\":true,\"machines\":{},"
        "\"cpus\":[1],\"capabilities\":[],\"refused\":{},\"parameters\":[]}"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) err = NULL;
        json_t *json = json_loads(texts[i], 0, NULL);

        cr_assert_null(vm_offer_from_json(json, &err), "%s", texts[i]);
        cr_assert(g_error_matches(err, VM_ERROR, VM_ERROR_COMMAND));
        json_decref(json);
    }
}
