#include "migration/vm/lent.h"

#include "migration/machine/xml.h"
#include "migration/params.h"

#include <string.h>

const char *lent_domain(const struct params *params)
{
    const char *name = param_text(params, "libvirt_domain");

    return name != NULL && *name != '\0' ? name : NULL;
}

char *lent_address(const struct params *params)
{
    g_auto(GStrv) cards = param_list(params, "nics");
    const char *address = param_text(params, "ip");

    for (char **card = cards; *card != NULL; card++) {
        g_autoptr(params) own = params_object_params(params, *card);

        if (param_is_set(own, "ip"))
            return g_strdup(param_text(own, "ip"));
    }
    return address != NULL && *address != '\0' ? g_strdup(address) : NULL;
}

/* ---- what stands beside it */

/* What makes a machine, or does something to it, has one of these sections in its row. */
static const char *const machine_sections[] = {"VM",      "disks",    "images",
                                               "network", "hot-plug", NULL};

/* Of those: what runs it, how long that may take, how its guest is logged in to, and the MAC
 * address that vtmh gives each card without one. */
static const char *const kept_names[] = {"vm_type",
                                         "libvirt_uri",
                                         "libvirt_domain",
                                         "vm_create_timeout",
                                         "nics",
                                         "ip",
                                         "mac",
                                         "tcg_dirty_sync_quirk",
                                         NULL};

/* Of other sections: what starts, changes or ends a VM, or is told to a monitor of ours. */
static const char *const other_names[] = {"paused_after_start_vm",
                                          "start_migration_timeout",
                                          "keep_vms_after_test",
                                          "kill_vm_gracefully",
                                          "kill_vm_before_test",
                                          "restart_vm",
                                          "start_vm",
                                          "migrate_storage",
                                          "migration_sync_vms",
                                          "cloud_init",
                                          "core_dumps",
                                          "take_regular_screendumps",
                                          "vm_info_cmds",
                                          "prepare_ahead",
                                          NULL};

/* What somebody must be logged in for. */
static const char *const login_names[] = {"load", "migration_bg_command", "vm_extra_dump_paths",
                                          "regain_ip_cmd", NULL};

static bool is_machine(const struct param_info *info)
{
    return (g_strv_contains(machine_sections, info->section) &&
            !g_strv_contains(kept_names, info->name)) ||
           g_strv_contains(other_names, info->name);
}

/* Whether a value says more than nothing, or its default. */
static bool says(const struct param_info *info, const char *value)
{
    return value[strspn(value, " \t")] != '\0' &&
           (info->fallback == NULL || !param_value_equal(info, value, info->fallback));
}

/* The row of a key, also of one with the name of a disk or card behind it. */
static const struct param_info *row_of(const char *key)
{
    const struct param_info *exact = param_info(key);

    for (const struct param_info *const *info = param_infos(NULL); exact == NULL && *info != NULL;
         info++)
        if (((*info)->scopes & PARAM_INNER) != 0 && param_key_is_of(key, (*info)->name))
            return *info;
    return exact;
}

static int check_machine(const struct params *params, const char *domain, GError **err)
{
    struct params_iter it;

    params_iter_init(&it, params);
    while (params_iter_next(&it)) {
        const struct param_info *info = row_of(it.key);

        if (info == NULL || info->care != PARAM_HONOURED || !is_machine(info) ||
            !says(info, it.value))
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s = %s is not supported with libvirt_domain = %s: that is as its owner has "
                    "made it, and is only moved",
                    it.key, it.value, domain);
        return -1;
    }
    return 0;
}

static int check_login(const struct params *params, const char *domain, GError **err)
{
    g_auto(GStrv) ways = param_list(params, "login_ways");
    g_autofree char *address = lent_address(params);

    for (char **way = ways; *way != NULL; way++) {
        if (strcmp(*way, "serial") != 0 && strcmp(*way, "agent") != 0)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "login_ways = %s is not supported with libvirt_domain = %s, whose serial port "
                    "and agent are not ours",
                    *way, domain);
        return -1;
    }
    for (const char *const *name = login_names; address == NULL && *name != NULL; name++) {
        if (!param_is_set(params, *name))
            continue;
        g_set_error(
            err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
            "%s needs a login, and where the guest of libvirt_domain = %s is reached is not "
            "known: set ip to its address",
            *name, domain);
        return -1;
    }
    return 0;
}

/* A script may slow a move down or call it off; it may not end what is not ours. */
static int check_script(const struct params *params, const char *domain, GError **err)
{
    const char *script = param_text(params, "mig_script");
    static const char *const deeds[] = {" kill ", " freeze ", " pause"};

    for (size_t i = 0; script != NULL && i < G_N_ELEMENTS(deeds); i++) {
        if (strstr(script, deeds[i]) == NULL)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "mig_script:%s is not supported with libvirt_domain = %s, which is not ours to "
                    "do that to",
                    deeds[i], domain);
        return -1;
    }
    return 0;
}

int lent_check(const struct params *params, GError **err)
{
    const char *domain = lent_domain(params);

    if (domain == NULL)
        return 0;
    if (strcmp(param_text(params, "vm_type"), "libvirt") != 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "libvirt_domain = %s needs vm_type = libvirt, which is %s", domain,
                    param_text(params, "vm_type"));
        return -1;
    }
    if (strcmp(param_text(params, "guest"), "image") != 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "libvirt_domain = %s needs guest = image: what runs in it is its owner's, and "
                    "guest = %s would boot ours",
                    domain, param_text(params, "guest"));
        return -1;
    }
    return check_machine(params, domain, err) < 0 || check_login(params, domain, err) < 0
               ? -1
               : check_script(params, domain, err);
}

/* ---- what it is */

struct reading {
    json_t *facts;
    GPtrArray *path; /* const char *, of the element that is read */
    uint64_t memory_unit;
};

static bool is_at(const struct reading *reading, const char *const *path)
{
    unsigned n = g_strv_length((char **)path);

    if (reading->path->len != n)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(g_ptr_array_index(reading->path, i), path[i]) != 0)
            return false;
    return true;
}

static uint64_t bytes_of(const char *unit)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"b", 1},
                 {"bytes", 1},
                 {"MiB", (uint64_t)1 << 20},
                 {"GiB", (uint64_t)1 << 30},
                 {"TiB", (uint64_t)1 << 40}};

    for (size_t i = 0; unit != NULL && i < G_N_ELEMENTS(units); i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].bytes;
    return 1024;
}

#define PATH(...) ((const char *const[]){"domain", __VA_ARGS__, NULL})

static void set_text(json_t *facts, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(facts, key, json_string(value));
}

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
                     const char **values, gpointer data, GError **err)
{
    struct reading *reading = data;

    (void)context, (void)err;
    g_ptr_array_add(reading->path, g_strdup(element));
    if (reading->path->len == 1)
        json_object_set_new(
            reading->facts, "kvm",
            json_boolean(g_strcmp0(xml_attribute(names, values, "type"), "kvm") == 0));
    else if (is_at(reading, PATH("os", "type")))
        set_text(reading->facts, "machine", xml_attribute(names, values, "machine"));
    else if (is_at(reading, PATH("cpu")))
        set_text(reading->facts, "cpu", xml_attribute(names, values, "mode"));
    else if (is_at(reading, PATH("memory")))
        reading->memory_unit = bytes_of(xml_attribute(names, values, "unit"));
}

static void on_end(GMarkupParseContext *context, const char *element, gpointer data, GError **err)
{
    struct reading *reading = data;

    (void)context, (void)element, (void)err;
    g_ptr_array_set_size(reading->path, (int)reading->path->len - 1);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize size, gpointer data,
                    GError **err)
{
    struct reading *reading = data;
    g_autofree char *word = g_strstrip(g_strndup(text, size));

    (void)context, (void)err;
    if (is_at(reading, PATH("uuid")))
        set_text(reading->facts, "uuid", word);
    else if (is_at(reading, PATH("cpu", "model")))
        set_text(reading->facts, "cpu", word);
    else if (is_at(reading, PATH("memory")))
        json_object_set_new(
            reading->facts, "ram_bytes",
            json_integer((json_int_t)(g_ascii_strtoull(word, NULL, 10) * reading->memory_unit)));
}

json_t *lent_facts(const char *xml, GError **err)
{
    static const GMarkupParser parser = {
        .start_element = on_start, .end_element = on_end, .text = on_text};
    g_autoptr(GPtrArray) path = g_ptr_array_new_with_free_func(g_free);
    json_auto_t *facts =
        json_pack("{s:s, s:b, s:I}", "cpu", "default", "kvm", 0, "ram_bytes", (json_int_t)0);
    struct reading reading = {.facts = facts, .path = path, .memory_unit = 1024};
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &reading, NULL);
    g_autoptr(GError) error = NULL;

    if (g_markup_parse_context_parse(context, xml, -1, &error) &&
        g_markup_parse_context_end_parse(context, &error) &&
        json_is_string(json_object_get(facts, "uuid")) &&
        json_is_string(json_object_get(facts, "machine")))
        return json_incref(facts);
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "libvirt's XML of a domain cannot be read: %s",
                error != NULL ? error->message : "it has no UUID, or no machine type");
    return NULL;
}

int lent_decide(const struct vm_offer *const *offers, const char *const *names, unsigned n,
                const char *domain, struct vm_platform *platform, GError **err)
{
    const json_t *facts = NULL;

    for (unsigned i = 0; i < n; i++) {
        if (offers[i]->lent == NULL)
            continue;
        if (facts != NULL) {
            g_set_error(err, VM_ERROR, VM_ERROR_START,
                        "libvirt_domain = %s: a domain of that name runs on %s and on %s", domain,
                        names[platform->lent_home], names[i]);
            return -1;
        }
        facts = offers[i]->lent;
        platform->lent_home = i;
    }
    if (facts == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    "libvirt_domain = %s: no host of the test runs it; start it (virsh start %s) "
                    "on %s, where the test begins",
                    domain, domain, names[0]);
        return -1;
    }
    platform->kvm = json_is_true(json_object_get(facts, "kvm"));
    platform->machine = g_strdup(json_string_value(json_object_get(facts, "machine")));
    platform->cpu = g_strdup(json_string_value(json_object_get(facts, "cpu")));
    platform->ram_bytes = (uint64_t)json_integer_value(json_object_get(facts, "ram_bytes"));
    platform->lent_uuid = g_strdup(json_string_value(json_object_get(facts, "uuid")));
    return 0;
}
