/* What several parameters mean together. */
#include "orchestrator/judge_private.h"

#include "orchestrator/description.h"

#include <string.h>

static bool is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t")] == '\0';
}

static bool is_yes(const char *name, const char *value)
{
    bool yes = false;

    return !is_blank(value) && params_parse_bool(name, value, &yes, NULL) == 0 && yes;
}

static void check_skip(struct judge *judge)
{
    if (is_yes("skip", judge_value(judge, "skip")))
        judge_say(judge, SAY_SKIP, NULL, "skip = yes");
}

static void check_type(struct judge *judge)
{
    const struct fact *fact = judge_fact(judge, "type");
    const struct param_info *info = description_parameter("type");
    g_autofree char *known = description_types();
    const char *near;

    if (fact == NULL || is_blank(fact->value)) {
        judge_say(judge, SAY_ERROR, fact, "the test has no type (expected %s)", known);
        return;
    }
    if (description_type(fact->value) != NULL ||
        (info != NULL && param_value_unsupported(info, fact->value) != NULL))
        return;
    near = description_nearest_type(fact->value);
    judge_say(judge, SAY_ERROR, fact, "type = %s: no such test type%s%s%s (expected %s)",
              fact->value, near != NULL ? "; did you mean " : "", near != NULL ? near : "",
              near != NULL ? "?" : "", known);
}

/* The word that stands there twice, NULL if none does. Transfer full. */
static char *find_twice(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);

    for (char **word = words; *word != NULL; word++)
        for (char **other = words; other != word && **word != '\0'; other++)
            if (strcmp(*word, *other) == 0)
                return g_strdup(*word);
    return NULL;
}

static void check_vms(struct judge *judge)
{
    const struct fact *fact = judge_fact(judge, "vms");
    const struct fact *main_vm = judge_fact(judge, "main_vm");
    g_auto(GStrv) vms = judge_list(judge, "vms", NULL, 0);
    g_autofree char *twice = fact != NULL ? find_twice(fact->value) : NULL;

    if (twice != NULL)
        judge_say(judge, SAY_ERROR, fact, "vms names %s twice", twice);
    if (main_vm == NULL || is_blank(main_vm->value)) {
        if (vms[0] == NULL)
            judge_say(judge, SAY_ERROR, fact, "vms is empty: nothing to migrate");
        return;
    }
    if (!g_strv_contains((const char *const *)vms, main_vm->value))
        judge_say(judge, SAY_NOTE, NULL,
                  "main_vm = %s is not among vms: it becomes the first of them", main_vm->value);
}

/* What must hold of each VM on each host; told once, where it is so for more than one. */
typedef bool (*vm_rule)(struct judge *judge, const char *vm, unsigned host);

static void for_each_vm(struct judge *judge, vm_rule rule)
{
    g_auto(GStrv) vms = judge_list(judge, "vms", NULL, 0);

    for (char **vm = vms; *vm != NULL; vm++)
        for (unsigned host = 1; host <= judge->n_hosts; host++)
            if (rule(judge, *vm, host))
                return;
}

static bool read_size(const char *name, const char *text, uint64_t *out)
{
    const struct param_info *info = description_parameter(name);

    return !is_blank(text) && info != NULL &&
           params_parse_size(name, text, info->unit, out, NULL) == 0;
}

/* It has been told that it is wrong: what follows from it need not be. */
static bool has_error(const struct fact *fact)
{
    return fact != NULL && fact->said[SAY_ERROR] != NULL;
}

static bool check_memory(struct judge *judge, const char *vm, unsigned host)
{
    const struct fact *fact, *memory;
    const char *dirty = judge_lookup(judge, "dirty_mem", NULL, vm, host, &fact);
    const char *mem = judge_lookup(judge, "mem", NULL, vm, host, &memory);
    uint64_t written, there;

    if (!read_size("dirty_mem", dirty, &written) || !read_size("mem", mem, &there) ||
        written <= there || has_error(fact) || has_error(memory))
        return false;
    judge_say(judge, SAY_ERROR, fact != NULL ? fact : memory,
              "dirty_mem = %s is more than mem = %s (of %s)", dirty, mem, vm);
    return true;
}

/* What jeos has and tick has not. */
static const char *const needs_system[] = {
    "migration_bg_command",
    "migration_bg_check_command",
    "kernel_params",
    "login_ways",
};

static bool check_tick(struct judge *judge, const char *vm, unsigned host)
{
    const struct fact *fact;
    const char *value;
    uint64_t bytes;

    for (unsigned i = 0; i < G_N_ELEMENTS(needs_system); i++) {
        value = judge_lookup(judge, needs_system[i], NULL, vm, host, &fact);
        if (fact != NULL && !is_blank(value))
            judge_say(judge, SAY_SKIP, fact,
                      "%s is not supported: guest tick has no system that runs"
                      " commands",
                      fact->key);
    }
    value = judge_lookup(judge, "disk_write_mem", NULL, vm, host, &fact);
    if (fact != NULL && read_size("disk_write_mem", value, &bytes) && bytes > 0)
        judge_say(judge, SAY_SKIP, fact, "%s is not supported: guest tick has no disk", fact->key);
    return judge->judgement.skips->len > 0;
}

/* A device that one of a guest's rows names, but no kernel of the guest drives. */
static bool check_driven(struct judge *judge, const json_t *row, const char *vm, unsigned host)
{
    const char *param = json_string_value(json_object_get(row, "param"));
    g_auto(GStrv) names =
        judge_list(judge, json_string_value(json_object_get(row, "list")), vm, host);
    bool is_wrong = false;

    for (char **name = names; *name != NULL; name++) {
        const struct fact *fact;
        const char *value = judge_lookup(judge, param, *name, vm, host, &fact);
        const json_t *word;
        size_t i;

        json_array_foreach (json_object_get(row, "values"), i, word) {
            if (fact == NULL || strcmp(value, json_string_value(word)) != 0)
                continue;
            judge_say(judge, SAY_SKIP, fact,
                      "%s = %s is not supported: neither kernel of jeos drives it", fact->key,
                      value);
            is_wrong = true;
        }
    }
    return is_wrong;
}

/* jeos is logged in to by its first card. */
static bool check_jeos(struct judge *judge, const char *vm, unsigned host)
{
    g_auto(GStrv) nics = judge_list(judge, "nics", vm, host);
    const json_t *folder = json_object_get(description_guest("jeos"), "folder");
    bool is_wrong = false;
    const json_t *row;
    size_t i;

    if (nics[0] == NULL) {
        judge_say(judge, SAY_SKIP, NULL, "guest = jeos needs a card: nics is empty (of %s)", vm);
        return true;
    }
    json_array_foreach (json_object_get(folder, "undriven"), i, row)
        is_wrong = check_driven(judge, row, vm, host) || is_wrong;
    return is_wrong;
}

/* What boots by itself is told nothing by us. */
static bool check_image(struct judge *judge, const char *vm, unsigned host)
{
    g_auto(GStrv) images = judge_list(judge, "images", vm, host);
    const char *first = images[0] != NULL ? images[0] : "image1";
    const struct fact *guest, *fact, *list;
    const char *value = judge_lookup(judge, "kernel_params", NULL, vm, host, &fact);

    judge_lookup(judge, "guest", NULL, vm, host, &guest);
    judge_lookup(judge, "images", NULL, vm, host, &list);
    if (fact != NULL && !is_blank(value)) {
        judge_say(judge, SAY_SKIP, fact,
                  "%s is not supported: guest image boots by its own loader, not by a command line "
                  "of ours",
                  fact->key);
        return true;
    }
    /* A domain that runs already has what it boots from. */
    if (!is_blank(judge_lookup(judge, "libvirt_domain", NULL, vm, host, NULL)))
        return false;
    if (images[0] == NULL && list != NULL) {
        judge_say(judge, SAY_ERROR, list,
                  "guest = image boots from a disk, and images is empty (of %s)", vm);
        return true;
    }
    if (!is_blank(judge_lookup(judge, "image_name", first, vm, host, NULL)))
        return false;
    judge_say(judge, SAY_ERROR, guest,
              "guest = image boots from a disk, and image_name is not set (of %s)", vm);
    return true;
}

/* A disk that a guest of ours would not boot from: whoever names it means to. Disks with names of
 * their own (images = data) are what they are. */
static bool check_image_of_ours(struct judge *judge, const char *vm, unsigned host)
{
    const struct fact *guest, *image;
    const char *kind = judge_lookup(judge, "guest", NULL, vm, host, &guest);
    const char *name = judge_lookup(judge, "image_name", NULL, vm, host, &image);
    const struct fact *images;
    const char *list = judge_lookup(judge, "images", NULL, vm, host, &images);

    if (image == NULL || is_blank(name) || (images != NULL && is_blank(list)) ||
        (g_strcmp0(kind, "tick") != 0 && g_strcmp0(kind, "jeos") != 0))
        return false;
    if (guest == NULL && image->said[SAY_SKIP] != NULL)
        return false;
    if (guest == NULL)
        judge_say(judge, SAY_SKIP, image,
                  "%s = %s is not supported: guest is not set, and %s does not boot from a disk; "
                  "guest = image does",
                  image->key, judge_shown(image), kind);
    else
        judge_say(judge, SAY_ERROR, image,
                  "%s = %s and %s = %s (%s) contradict each other: %s does not boot from a disk; "
                  "guest = image does, and '-p %s=' has %s without it",
                  image->key, judge_shown(image), guest->key, kind,
                  guest->origin != NULL ? guest->origin : "default", kind, image->key, kind);
    return true;
}

/* What is to be written to a disk by nobody: tick has none, which is told by itself. */
static void check_disk_load(struct judge *judge, const char *guest, const char *vm, unsigned host)
{
    const struct fact *fact, *load;
    const char *text = judge_lookup(judge, "disk_write_mem", NULL, vm, host, &fact);
    const char *loads = judge_lookup(judge, "load", NULL, vm, host, &load);
    g_auto(GStrv) words = judge_list(judge, "load", vm, host);
    bool is_asked = !is_blank(loads);
    uint64_t bytes;

    if (fact == NULL || has_error(fact) || has_error(load) || g_strcmp0(guest, "tick") == 0 ||
        !read_size("disk_write_mem", text, &bytes) || bytes == 0 ||
        g_strv_contains((const char *const *)words, "disk") ||
        (!is_asked && g_strcmp0(guest, "image") != 0))
        return;
    judge_say(judge, SAY_SKIP, fact,
              "%s = %s is not supported without the load that does it: "
              "load = disk",
              fact->key, judge_shown(fact));
}

/* What only a guest of one's own takes, or one with a disk. */
static bool check_kind(struct judge *judge, const char *guest, const char *vm, unsigned host)
{
    const struct fact *seed, *load;
    bool is_ours = g_strcmp0(guest, "tick") == 0 || g_strcmp0(guest, "jeos") == 0;
    bool takes_seed =
        is_yes("cloud_init", judge_lookup(judge, "cloud_init", NULL, vm, host, &seed));
    const char *loads = judge_lookup(judge, "load", NULL, vm, host, &load);

    if (is_ours && takes_seed)
        judge_say(judge, SAY_SKIP, seed, "%s is not supported: guest %s has no cloud-init",
                  seed->key, guest);
    if (g_strcmp0(guest, "tick") == 0 && load != NULL && !is_blank(loads) && !has_error(load) &&
        strcmp(loads, "memory") != 0)
        judge_say(judge, SAY_SKIP, load, "%s = %s is not supported: guest tick has no disk",
                  load->key, judge_shown(load));
    check_disk_load(judge, guest, vm, host);
    return judge->judgement.skips->len > 0;
}

static bool check_guest(struct judge *judge, const char *vm, unsigned host)
{
    const char *guest = judge_lookup(judge, "guest", NULL, vm, host, NULL);

    if (check_image_of_ours(judge, vm, host) || check_kind(judge, guest, vm, host))
        return true;
    if (g_strcmp0(guest, "tick") == 0)
        return check_tick(judge, vm, host);
    if (g_strcmp0(guest, "image") == 0)
        return check_image(judge, vm, host);
    return g_strcmp0(guest, "jeos") == 0 && check_jeos(judge, vm, host);
}

static bool is_of_cards(const struct param_info *info)
{
    static const char *const names[] = {"nics", "redirs", "redir_ports", NULL};

    return (info->scopes & (PARAM_PER_NIC | PARAM_PER_REDIR)) != 0 ||
           g_strv_contains(names, info->name);
}

/* A parameter of a card for a guest that has none, unless it asks for what all cards are anyway, or
 * counts only with another. */
static void check_cards_of_tick(struct judge *judge)
{
    g_auto(GStrv) vms = judge_list(judge, "vms", NULL, 0);

    for (char **vm = vms; *vm != NULL; vm++)
        if (g_strcmp0(judge_lookup(judge, "guest", NULL, *vm, 0, NULL), "tick") != 0)
            return;
    for (unsigned i = 0; i < judge->facts->len; i++) {
        const struct fact *fact = g_ptr_array_index(judge->facts, i);
        const struct param_info *info = fact->value != NULL ? fact->parse->info : NULL;

        if (info == NULL || !is_of_cards(info) || info->care != PARAM_HONOURED ||
            fact->parse->class != KEY_KNOWN || is_blank(fact->value) || info->only_with != NULL ||
            fact->said[SAY_SKIP] != NULL || fact->said[SAY_ERROR] != NULL ||
            judge->meaning->empty & PARAM_PER_NIC ||
            (info->fallback != NULL && param_value_equal(info, fact->value, info->fallback)))
            continue;
        judge_say(judge, SAY_SKIP, fact, "%s = %s is not supported: guest tick has no card",
                  fact->key, judge_shown(fact));
    }
}

/* A destination that has other disks than the source takes the source's, or it is a mistake. */
static bool check_images(struct judge *judge, const char *vm, unsigned host)
{
    g_auto(GStrv) first = judge_list(judge, "images", vm, 1);
    g_auto(GStrv) here = judge_list(judge, "images", vm, host);
    g_autofree char *there = NULL, *list = NULL;
    const struct fact *fact;

    if (g_strv_equal((const char *const *)first, (const char *const *)here) ||
        is_yes("migration_sync_vms",
               judge_lookup(judge, "migration_sync_vms", NULL, vm, host, NULL)))
        return false;
    judge_lookup(judge, "images", NULL, vm, host, &fact);
    there = g_strjoinv(" ", first);
    list = g_strjoinv(" ", here);
    judge_say(judge, SAY_ERROR, fact,
              "images of %s differ: '%s' on the first host, '%s' on host %u; that needs"
              " migration_sync_vms = yes",
              vm, there, list, host);
    return true;
}

/* Who is in the list of a host: where a VM is to start from says the test type. */
static bool has_device(const struct judge *judge, const char *list, const char *vm,
                       const char *device)
{
    for (unsigned host = 1; host <= judge->n_hosts; host++) {
        g_auto(GStrv) devices = judge_list(judge, list, vm, host);

        if (g_strv_contains((const char *const *)devices, device))
            return true;
    }
    return false;
}

/* What is plugged is a device like others, that the VM starts without. */
static const struct plugging {
    const char *param, *list;
    const char *more; /* what says so of a device that comes; NULL: that it is named to */
} pluggings[] = {
    {"plug_block", "images", "boot_drive"},
    {"unplug_block", "images", "boot_drive"},
    {"plug_nic", "nics", NULL},
    {"unplug_nic", "nics", NULL},
    {"plug_vcpu", "vcpu_devices", NULL},
    {"unplug_vcpu", "vcpu_devices", NULL},
    {"plug_mem", "mem_devs", "use_mem"},
    {"unplug_mem", "mem_devs", "use_mem"},
};

static void say_unknown(struct judge *judge, const struct plugging *plugging,
                        const struct fact *fact, const char *vm, const char *name)
{
    g_autofree char *with = plugging->more != NULL
                                ? g_strdup_printf(", with %s_%s = no", plugging->more, name)
                                : g_strdup("");

    judge_say(judge, SAY_ERROR, fact,
              "%s = %s: %s is not among the %s of %s; what is plugged in later stands there too%s",
              fact->key, judge_shown(fact), name, plugging->list, vm, with);
}

static bool check_plugged(struct judge *judge, const char *vm, unsigned host)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pluggings); i++) {
        g_auto(GStrv) names = judge_list(judge, pluggings[i].param, vm, host);
        const struct fact *fact;

        judge_lookup(judge, pluggings[i].param, NULL, vm, host, &fact);
        for (char **name = names; *name != NULL; name++) {
            if (has_device(judge, pluggings[i].list, vm, *name))
                continue;
            say_unknown(judge, &pluggings[i], fact, vm, *name);
            return true;
        }
    }
    return false;
}

static void check_historic(struct judge *judge)
{
    for (unsigned i = 0; i < judge->facts->len; i++) {
        const struct fact *fact = g_ptr_array_index(judge->facts, i), *current;
        const char *value;

        if (fact->value == NULL || fact->parse->alias == NULL || fact->parse->class != KEY_KNOWN)
            continue;
        current = judge_fact(judge, fact->parse->current);
        value = judge_translate(fact, NULL);
        if (current == NULL || value == NULL ||
            param_value_equal(fact->parse->info, value, current->value))
            continue;
        judge_say(judge, SAY_ERROR, fact,
                  "%s = %s and %s = %s (%s) contradict each other: both set one parameter",
                  fact->key, judge_shown(fact), current->key, judge_shown(current),
                  current->origin != NULL ? current->origin : "default");
    }
}

void judge_rules(struct judge *judge)
{
    check_skip(judge);
    check_type(judge);
    check_vms(judge);
    for_each_vm(judge, check_memory);
    for_each_vm(judge, judge_windows);
    for_each_vm(judge, check_guest);
    check_cards_of_tick(judge);
    for_each_vm(judge, check_images);
    for_each_vm(judge, check_plugged);
    check_historic(judge);
}

static void resolve_historic(struct judge *judge, struct params *params)
{
    for (unsigned i = 0; i < judge->facts->len; i++) {
        const struct fact *fact = g_ptr_array_index(judge->facts, i);
        const char *value;

        if (fact->value == NULL || fact->parse->alias == NULL || fact->parse->class != KEY_KNOWN)
            continue;
        value = judge_translate(fact, NULL);
        if (value != NULL && params_get(params, fact->parse->current) == NULL)
            params_set(params, fact->parse->current, value, fact->origin);
    }
}

static void resolve_main_vm(struct judge *judge, struct params *params)
{
    const struct fact *main_vm = judge_fact(judge, "main_vm");
    g_auto(GStrv) vms = judge_list(judge, "vms", NULL, 0);
    g_autofree char *list = NULL;
    g_autofree char *all = NULL;

    if (main_vm == NULL || is_blank(main_vm->value) ||
        g_strv_contains((const char *const *)vms, main_vm->value))
        return;
    list = g_strjoinv(" ", vms);
    all = g_strdup_printf("%s %s", main_vm->value, list);
    params_set(params, "vms", g_strchomp(all), main_vm->origin);
}

struct params *judge_resolve(struct judge *judge, const struct params *params)
{
    struct params *resolved = params_copy(params);

    judge_params(judge, params);
    resolve_historic(judge, resolved);
    resolve_main_vm(judge, resolved);
    return resolved;
}
