/*
 * The judge's memory. A fact is a key with what the test sets it to and what there is to say of
 * that. A meaning is what keys are for one set of objects; tests with the same VMs, cards and so on
 * share one. Of a test only those facts are looked at that differ from the test before, or mean
 * something else now; then what was said of all facts is gathered.
 */
#include "orchestrator/judge_private.h"

#include "orchestrator/description.h"
#include "orchestrator/near_name.h"
#include "orchestrator/reference_names.h"
#include "orchestrator/secret_params.h"

#include <string.h>

/* The lists whose words are objects, and the word that avocado-vt's own configuration has where a
 * test has no such list and the row has no default. */
static const struct {
    const char *name;
    enum param_scope scope;
    const char *usual;
} lists[] = {
    {"vms", PARAM_PER_VM, "vm1"},
    {"nics", PARAM_PER_NIC, "nic1"},
    {"images", PARAM_PER_IMAGE, "image1"},
    {"image_chain", PARAM_PER_IMAGE, NULL}, /* behind images: one of those may have its own */
    {"cdroms", PARAM_PER_CDROM, "cd1"},
    {"floppies", PARAM_PER_FLOPPY, "fl"},
    {"monitors", PARAM_PER_MONITOR, "qmpmonitor1"},
    {"catch_monitor", PARAM_PER_MONITOR, "catch_monitor"},
    {"serials", PARAM_PER_SERIAL, "serial0"},
    {"redirs", PARAM_PER_REDIR, "remote_shell"},
    {"usbs", PARAM_PER_DEVICE, NULL},
    {"vcpu_devices", PARAM_PER_DEVICE, NULL},
    {"mem_devs", PARAM_PER_DEVICE, NULL},
    {"usb_devices", PARAM_PER_DEVICE, NULL},
    {"virtio_rngs", PARAM_PER_DEVICE, NULL},
    {"vsocks", PARAM_PER_DEVICE, NULL},
    {"tpms", PARAM_PER_DEVICE, NULL},
};

static void free_meaning(void *data)
{
    struct meaning *meaning = data;

    objects_free(meaning->objects);
    g_hash_table_unref(meaning->none);
    g_hash_table_unref(meaning->some);
    g_ptr_array_unref(meaning->parses);
    g_free(meaning);
}

static void free_parse(void *parse)
{
    key_parse_free(parse);
}

static void free_fact(void *data)
{
    struct fact *fact = data;

    for (unsigned i = 0; i < G_N_ELEMENTS(fact->said); i++)
        g_clear_pointer(&fact->said[i], g_ptr_array_unref);
    g_free(fact->key);
    g_free(fact->value);
    g_free(fact->origin);
    g_free(fact);
}

struct judge *judge_new(unsigned n_hosts)
{
    struct judge *judge = g_new0(struct judge, 1);

    judge->n_hosts = n_hosts;
    judge->facts = g_ptr_array_new_with_free_func(free_fact);
    judge->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    judge->by_number = g_ptr_array_new();
    judge->meanings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_meaning);
    judge->lists_changed = true;
    judge->judgement = (struct judgement){
        .errors = g_ptr_array_new_with_free_func(g_free),
        .skips = g_ptr_array_new_with_free_func(g_free),
        .warnings = g_ptr_array_new_with_free_func(g_free),
        .notes = g_ptr_array_new_with_free_func(g_free),
        .unknown = g_ptr_array_new(),
    };
    return judge;
}

void judge_free(struct judge *judge)
{
    if (judge == NULL)
        return;
    g_ptr_array_unref(judge->judgement.errors);
    g_ptr_array_unref(judge->judgement.skips);
    g_ptr_array_unref(judge->judgement.warnings);
    g_ptr_array_unref(judge->judgement.notes);
    g_ptr_array_unref(judge->judgement.unknown);
    g_hash_table_unref(judge->meanings);
    g_hash_table_unref(judge->by_key);
    g_ptr_array_unref(judge->by_number);
    g_ptr_array_unref(judge->facts);
    g_free(judge);
}

/* Whether the objects of the test may depend on the key. */
static bool is_list(const char *key)
{
    if (strcmp(key, "main_vm") == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        if (param_key_is_of(key, lists[i].name))
            return true;
    return false;
}

/* The parameter that others count only with, if the key is one. Where the name of one begins with
 * that of another, the longer is meant. */
static const char *condition_of(const char *key)
{
    const char *found = NULL, *name;
    GHashTableIter it;

    g_hash_table_iter_init(&it, description_conditions());
    while (g_hash_table_iter_next(&it, (gpointer *)&name, NULL))
        if (param_key_is_of(key, name) && (found == NULL || strlen(name) > strlen(found)))
            found = name;
    return found;
}

bool judge_says_none(const char *name, const char *value)
{
    const struct param_info *info = description_parameter(name);
    g_autofree char *bare = g_strstrip(g_strdup(value));
    bool flag;

    if (*bare == '\0')
        return info != NULL && (info->kind == PARAM_LIST || info->kind == PARAM_STRING);
    if (info != NULL && info->kind == PARAM_LIST)
        return false;
    return strcmp(bare, "none") == 0 || (params_parse_bool(name, bare, &flag, NULL) == 0 && !flag);
}

static struct fact *fact_of(struct judge *judge, const char *key, size_t size)
{
    g_autofree char *name = g_strndup(key, size);
    struct fact *fact = g_hash_table_lookup(judge->by_key, name);

    if (fact != NULL)
        return fact;
    fact = g_new0(struct fact, 1);
    fact->key = g_steal_pointer(&name);
    fact->id = judge->facts->len;
    fact->is_list = is_list(fact->key);
    fact->is_secret = secret_params_is(fact->key);
    fact->condition = condition_of(fact->key);
    g_ptr_array_add(judge->facts, fact);
    g_hash_table_insert(judge->by_key, fact->key, fact);
    return fact;
}

static bool same_text(const char *old, const char *new, size_t size)
{
    if (old == NULL || new == NULL)
        return old == new;
    return strncmp(old, new, size) == 0 && old[size] == '\0';
}

/* value: NULL if the test does not have the key. Takes the origin. */
static void set_fact(struct judge *judge, struct fact *fact, const char *value, size_t size,
                     char *origin)
{
    bool is_same = same_text(fact->value, value, size);

    if (!is_same) {
        g_free(fact->value);
        fact->value = value != NULL ? g_strndup(value, size) : NULL;
        judge->lists_changed = judge->lists_changed || fact->is_list || fact->condition != NULL;
    }
    if (!is_same || g_strcmp0(origin, fact->origin) != 0)
        fact->is_stale = true;
    g_free(fact->origin);
    fact->origin = origin;
}

const struct fact *judge_fact(const struct judge *judge, const char *key)
{
    const struct fact *fact = g_hash_table_lookup(judge->by_key, key);

    return fact != NULL && fact->value != NULL ? fact : NULL;
}

const char *judge_value(const struct judge *judge, const char *key)
{
    const struct fact *fact = judge_fact(judge, key);

    return fact != NULL ? fact->value : NULL;
}

const char *judge_lookup(const struct judge *judge, const char *name, const char *inner,
                         const char *vm, unsigned host, const struct fact **fact_out)
{
    const struct param_info *info = description_parameter(name);
    char key[256];

    /* From the most specific: an inner object, then a VM, then a host is left out. */
    for (unsigned without = 0; without < 8; without++) {
        bool no_host = without & 1, no_vm = without & 2, no_inner = without & 4;
        const struct fact *fact;
        int n = g_snprintf(key, sizeof key, "%s", name);

        if ((!no_inner && inner == NULL) || (!no_vm && vm == NULL) || (!no_host && host == 0))
            continue;
        if (!no_inner)
            n += g_snprintf(key + MIN(n, 255), (gulong)(256 - MIN(n, 255)), "_%s", inner);
        if (!no_vm)
            n += g_snprintf(key + MIN(n, 255), (gulong)(256 - MIN(n, 255)), "_%s", vm);
        if (!no_host)
            g_snprintf(key + MIN(n, 255), (gulong)(256 - MIN(n, 255)), "_host%u", host);
        fact = judge_fact(judge, key);
        if (fact == NULL)
            continue;
        if (fact_out != NULL)
            *fact_out = fact;
        return fact->value;
    }
    if (fact_out != NULL)
        *fact_out = NULL;
    return info != NULL ? info->fallback : NULL;
}

static GStrv split_words(const char *text)
{
    g_autoptr(params) params = params_new();

    params_set(params, "list", text != NULL ? text : "", NULL);
    return params_objects(params, "list");
}

GStrv judge_list(const struct judge *judge, const char *name, const char *vm, unsigned host)
{
    return split_words(judge_lookup(judge, name, NULL, vm, host, NULL));
}

static void add_words(struct objects *objects, enum param_scope scope, const char *text)
{
    g_auto(GStrv) words = split_words(text);

    for (char **word = words; *word != NULL; word++)
        objects_add(objects, scope, *word);
}

/* Whether the key is this parameter of something that the test has: vhost, vhost_nic1_vm2. */
static bool is_here(const struct objects *objects, const char *key, const char *name)
{
    struct key_parse *parse;
    bool is_it;

    if (objects_is_place(objects, key + strlen(name)))
        return true;
    parse = objects_parse(objects, key);
    is_it =
        parse->class == KEY_KNOWN && parse->info != NULL && strcmp(parse->info->name, name) == 0;
    key_parse_free(parse);
    return is_it;
}

/* One list, and those that are it for a VM, a host, or one of its objects. */
static void add_list(struct judge *judge, struct meaning *meaning, unsigned list)
{
    const char *name = lists[list].name;
    const struct param_info *info = description_parameter(name);
    size_t size = strlen(name);
    bool is_set = false, is_empty = true;

    for (unsigned i = 0; i < judge->facts->len; i++) {
        const struct fact *fact = g_ptr_array_index(judge->facts, i);

        if (!fact->is_list || fact->value == NULL || strncmp(fact->key, name, size) != 0 ||
            !is_here(meaning->objects, fact->key, name))
            continue;
        is_set = is_set || fact->key[size] == '\0';
        is_empty = is_empty && fact->value[strspn(fact->value, " \t")] == '\0';
        add_words(meaning->objects, lists[list].scope, fact->value);
    }
    /* Without a usual word it is one of several lists. */
    if (is_set && is_empty && lists[list].usual != NULL)
        meaning->empty |= lists[list].scope;
    if (!is_set)
        add_words(meaning->objects, lists[list].scope,
                  info != NULL && info->fallback != NULL ? info->fallback : lists[list].usual);
}

static gboolean is_in(gpointer name, gpointer value, gpointer set)
{
    (void)value;
    return g_hash_table_contains(set, name);
}

static void add_conditions(const struct judge *judge, struct meaning *meaning)
{
    for (unsigned i = 0; i < judge->facts->len; i++) {
        const struct fact *fact = g_ptr_array_index(judge->facts, i);
        const char *name = fact->condition;

        if (name == NULL || fact->value == NULL || !is_here(meaning->objects, fact->key, name))
            continue;
        g_hash_table_add(judge_says_none(name, fact->value) ? meaning->none : meaning->some,
                         (void *)name);
    }
    g_hash_table_foreach_remove(meaning->none, is_in, meaning->some);
}

static struct meaning *new_meaning(struct judge *judge)
{
    struct meaning *meaning = g_new0(struct meaning, 1);
    const char *main_vm = judge_value(judge, "main_vm");

    meaning->objects = objects_new(judge->n_hosts);
    meaning->none = g_hash_table_new(g_str_hash, g_str_equal);
    meaning->some = g_hash_table_new(g_str_hash, g_str_equal);
    meaning->parses = g_ptr_array_new_with_free_func(free_parse);
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        add_list(judge, meaning, i);
    if (main_vm != NULL)
        add_words(meaning->objects, PARAM_PER_VM, main_vm);
    add_conditions(judge, meaning);
    return meaning;
}

/* All that a meaning depends on as one text. */
static char *describe_lists(const struct judge *judge)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < judge->facts->len; i++) {
        const struct fact *fact = g_ptr_array_index(judge->facts, i);

        if (fact->is_list && fact->value != NULL)
            g_string_append_printf(text, "\n%u=%s", fact->id, fact->value);
        else if (fact->condition != NULL && fact->value != NULL)
            g_string_append_printf(text, "\n%u%c", fact->id,
                                   judge_says_none(fact->condition, fact->value) ? '-' : '+');
    }
    return g_string_free(text, FALSE);
}

static void find_meaning(struct judge *judge)
{
    g_autofree char *text = NULL;
    struct meaning *meaning;

    if (!judge->lists_changed)
        return;
    judge->lists_changed = false;
    text = describe_lists(judge);
    meaning = g_hash_table_lookup(judge->meanings, text);
    if (meaning == NULL) {
        meaning = new_meaning(judge);
        g_hash_table_insert(judge->meanings, g_steal_pointer(&text), meaning);
    }
    if (judge->meaning == meaning)
        return;
    judge->meaning = meaning;
    for (unsigned i = 0; i < judge->facts->len; i++)
        ((struct fact *)g_ptr_array_index(judge->facts, i))->is_stale = true;
}

static const char *find_near(const char *name, G_GNUC_UNUSED void *user)
{
    return near_name(name);
}

/* A name that somebody uses. */
static const char *find_used(const char *name, void *user)
{
    const struct cfg *config = user;

    return reference_has_name(name) || (config != NULL && cfg_reads(config, name)) ? name : NULL;
}

/* What a key that nobody knows was probably meant to be. Transfer full. */
static char *near_key(const struct judge *judge, const struct objects *objects, const char *key)
{
    g_autofree char *near = objects_rename(objects, key, find_near, NULL);
    g_autofree char *used = NULL;

    if (near != NULL)
        used = objects_rename(objects, key, find_used, (void *)judge->config);
    return used == NULL ? g_steal_pointer(&near) : NULL;
}

static const struct key_parse *parse_of(const struct judge *judge, const struct fact *fact)
{
    const struct meaning *meaning = judge->meaning;
    struct key_parse *parse;

    if (meaning->parses->len <= fact->id)
        g_ptr_array_set_size(meaning->parses, (int)fact->id + 64);
    parse = meaning->parses->pdata[fact->id];
    if (parse != NULL)
        return parse;
    parse = meaning->parses->pdata[fact->id] = objects_parse(meaning->objects, fact->key);
    if (parse->class == KEY_UNKNOWN)
        parse->near = near_key(judge, meaning->objects, fact->key);
    return parse;
}

static GPtrArray *sentences(struct judgement *judgement, enum say say)
{
    return say == SAY_ERROR     ? judgement->errors
           : say == SAY_SKIP    ? judgement->skips
           : say == SAY_WARNING ? judgement->warnings
                                : judgement->notes;
}

void judge_say(struct judge *judge, enum say say, const struct fact *fact, const char *format, ...)
{
    GString *text = g_string_new(NULL);
    va_list args;

    if (say == SAY_ERROR && fact != NULL && fact->origin != NULL)
        g_string_append_printf(text, "%s: ", fact->origin);
    va_start(args, format);
    g_string_append_vprintf(text, format, args);
    va_end(args);
    g_ptr_array_add(sentences(&judge->judgement, say), g_string_free(text, FALSE));
}

static void gather(struct judge *judge, struct fact *fact)
{
    for (unsigned say = 0; say < G_N_ELEMENTS(fact->said); say++)
        for (unsigned i = 0; fact->said[say] != NULL && i < fact->said[say]->len; i++)
            g_ptr_array_add(sentences(&judge->judgement, say),
                            g_strdup(g_ptr_array_index(fact->said[say], i)));
    if (fact->parse->class != KEY_UNKNOWN)
        return;
    g_ptr_array_add(judge->judgement.unknown, fact->key);
    if (!fact->was_unknown)
        judge->judgement.n_unknown++;
    fact->was_unknown = true;
}

static const struct judgement *pass_judgement(struct judge *judge)
{
    struct judgement *judgement = &judge->judgement;

    find_meaning(judge);
    g_ptr_array_set_size(judgement->errors, 0);
    g_ptr_array_set_size(judgement->skips, 0);
    g_ptr_array_set_size(judgement->warnings, 0);
    g_ptr_array_set_size(judgement->notes, 0);
    g_ptr_array_set_size(judgement->unknown, 0);
    for (unsigned i = 0; i < judge->facts->len; i++) {
        struct fact *fact = g_ptr_array_index(judge->facts, i);

        if (fact->value == NULL)
            continue;
        if (fact->is_stale) {
            fact->parse = parse_of(judge, fact);
            judge_look_at(judge, fact);
            fact->is_stale = false;
        }
        gather(judge, fact);
    }
    judge_rules(judge);
    judge_hide_secrets(judge);
    return judgement;
}

static void take_change(const struct cfg_change *change, void *user)
{
    struct judge *judge = user;
    struct fact *fact;

    if (judge->by_number->len <= change->number)
        g_ptr_array_set_size(judge->by_number, (int)change->number + 64);
    fact = judge->by_number->pdata[change->number];
    if (fact == NULL)
        fact = judge->by_number->pdata[change->number] =
            fact_of(judge, change->key, change->key_size);
    set_fact(judge, fact, change->value, change->value_size,
             change->file != NULL ? g_strdup_printf("%s:%u", change->file, change->line) : NULL);
}

const struct judgement *judge_current(struct judge *judge, struct cfg *config, GError **err)
{
    judge->config = config;
    if (cfg_test_changes(config, take_change, judge, err) < 0)
        return NULL;
    return pass_judgement(judge);
}

/* What names the test, not what it does. */
static bool is_name(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "shortname") == 0;
}

const struct judgement *judge_params(struct judge *judge, const struct params *params)
{
    struct params_iter it;

    for (unsigned i = 0; i < judge->facts->len; i++) {
        struct fact *fact = g_ptr_array_index(judge->facts, i);

        if (fact->value != NULL && params_get(params, fact->key) == NULL)
            set_fact(judge, fact, NULL, 0, NULL);
    }
    for (params_iter_init(&it, params); params_iter_next(&it);)
        if (!is_name(it.key))
            set_fact(judge, fact_of(judge, it.key, strlen(it.key)), it.value, strlen(it.value),
                     g_strdup(it.origin));
    return pass_judgement(judge);
}

bool judge_knows(struct judge *judge, const char *key)
{
    struct key_parse *parse = objects_parse(judge->meaning->objects, key);
    bool known = parse->class != KEY_UNKNOWN;

    key_parse_free(parse);
    return known;
}

const char *judge_near(const struct judge *judge, const char *key)
{
    const struct fact *fact = judge_fact(judge, key);

    return fact != NULL ? fact->parse->near : NULL;
}

char *judge_rename(struct judge *judge, const char *key, objects_name_fn find, void *user)
{
    return objects_rename(judge->meaning->objects, key, find, user);
}

bool judgement_error(const struct judgement *judgement, GError **err)
{
    g_autofree char *text = NULL;

    if (judgement->errors->len == 0)
        return false;
    g_ptr_array_add(judgement->errors, NULL);
    text = g_strjoinv("\n", (char **)judgement->errors->pdata);
    g_ptr_array_set_size(judgement->errors, (int)judgement->errors->len - 1);
    g_set_error_literal(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, text);
    return true;
}
