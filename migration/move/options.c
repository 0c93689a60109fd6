#include "migration/move/options.h"

#include "migration/params.h"

#include <string.h>

#define QEMU_CHANNELS 2 /* of multifd, where none are asked for */

static const json_t *value_of(const json_t *options, const char *name)
{
    return json_object_get(json_object_get(options, name), "is");
}

static bool is_on(const json_t *options, const char *name)
{
    const json_t *is = value_of(options, name);

    return is != NULL && !json_is_false(is);
}

static const char *text_of(const json_t *options, const char *name)
{
    return json_string_value(json_object_get(json_object_get(options, name), "as"));
}

/* A value in the form that the hypervisor takes it in. Transfer full; NULL: an error. */
static json_t *read_value(const struct params *params, const struct param_info *info, GError **err)
{
    int64_t number = 0;
    uint64_t bytes = 0;

    switch (info->kind) {
    case PARAM_INT:
        return param_int(params, info->name, &number, err) < 0 ? NULL : json_integer(number);
    case PARAM_DURATION:
        return param_duration_ms(params, info->name, &number, err) < 0 ? NULL
                                                                       : json_integer(number);
    case PARAM_SIZE:
        return param_size(params, info->name, &bytes, err) < 0 ? NULL
                                                               : json_integer((json_int_t)bytes);
    default:
        return json_string(param_text(params, info->name));
    }
}

static void add(json_t *options, const char *name, json_t *is, const char *as)
{
    json_object_set_new(options, name, json_pack("{s:o, s:s}", "is", is, "as", as));
}

/* A parameter that switches something on or off. */
static int read_switch(json_t *options, const struct params *params, const struct move_option *row,
                       unsigned traits, GError **err)
{
    bool is_set = param_is_set(params, row->name);
    bool on = row->is_default && (traits & row->traits) == row->traits;

    if (is_set && param_info(row->name)->kind == PARAM_WORD) /* one of several ways, or no */
        on = strcmp(param_text(params, row->name), "no") != 0;
    else if (is_set && param_bool(params, row->name, &on, err) < 0)
        return -1;
    if (row->is_wanted != NULL)
        is_set = on = row->is_wanted(params);
    if (on || (row->is_default && is_set))
        add(options, row->name, json_boolean(on), !is_set ? "" : on ? "yes" : "no");
    return 0;
}

static int read_parameter(json_t *options, const struct params *params,
                          const struct move_option *row, GError **err)
{
    if (!param_is_set(params, row->name) || (row->with != NULL && !is_on(options, row->with)))
        return 0;
    json_t *value = read_value(params, param_info(row->name), err);
    if (value == NULL)
        return -1;
    add(options, row->name, value, params_get(params, row->name));
    return 0;
}

/* What the ranges of single parameters do not say, and QEMU would not take. */
static int check_values(const json_t *options, GError **err)
{
    json_int_t cache = json_integer_value(value_of(options, "xbzrle_cache_size"));
    json_int_t initial = json_integer_value(value_of(options, "cpu_throttle_initial"));
    json_int_t max = json_integer_value(value_of(options, "max_cpu_throttle"));

    if ((cache & (cache - 1)) != 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "xbzrle_cache_size = %s: must be a power of two",
                    text_of(options, "xbzrle_cache_size"));
        return -1;
    }
    if (initial > 0 && max > 0 && initial > max) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "cpu_throttle_initial = %s: is above max_cpu_throttle = %s",
                    text_of(options, "cpu_throttle_initial"), text_of(options, "max_cpu_throttle"));
        return -1;
    }
    return 0;
}

json_t *move_options_read(const struct params *params, unsigned traits, GError **err)
{
    json_auto_t *options = json_object();

    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        int done = 0;
        if (row->kind == MOVE_ALWAYS)
            add(options, row->name, json_true(), "");
        else if (row->kind == MOVE_PARAMETER)
            done = read_parameter(options, params, row, err);
        else
            done = read_switch(options, params, row, traits, err);
        if (done < 0)
            return NULL;
    }
    return check_values(options, err) < 0 ? NULL : json_incref(options);
}

static int unsupported(const json_t *options, const struct move_option *row, GError **err,
                       const char *format, ...) G_GNUC_PRINTF(4, 5);

/* "mig_multifd = yes is not supported…": what the user wrote, or what is done by itself. */
static int unsupported(const json_t *options, const struct move_option *row, GError **err,
                       const char *format, ...)
{
    const char *text = text_of(options, row->name);
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s = %s is not supported%s", row->name,
                text != NULL && *text != '\0' ? text : "yes", why);
    return -1;
}

static const char *known_word(const struct move_option *row, const struct vm_offer *offer)
{
    GHashTable *known = row->kind == MOVE_PARAMETER ? offer->parameters : offer->capabilities;

    for (const char *const *word = row->words; *word != NULL; word++)
        if (g_hash_table_contains(known, *word))
            return *word;
    return NULL;
}

static int check_row(const json_t *options, const struct move_option *row,
                     const struct vm_offer *offer, const char *host,
                     const struct move_request *request, GError **err)
{
    bool is_guard_set = request->guard != NULL && strcmp(request->guard, "auto") != 0;

    if ((request->traits & row->traits) != row->traits)
        return unsupported(options, row, err, " with mig_protocol = %s%s%s: %s", request->protocol,
                           is_guard_set ? ", mig_guard = " : "", is_guard_set ? request->guard : "",
                           row->why_traits);
    if (row->needs != NULL && !is_on(options, row->needs))
        return unsupported(options, row, err, " without %s = yes", row->needs);
    const char *word = row->kind != MOVE_OTHERWISE ? known_word(row, offer) : NULL;
    const char *refusal =
        word != NULL && offer->refused != NULL ? g_hash_table_lookup(offer->refused, word) : NULL;
    if (refusal != NULL)
        return unsupported(options, row, err, ": QEMU refuses %s on %s: %s", word, host, refusal);
    if (row->kind == MOVE_OTHERWISE || word != NULL)
        return 0;
    return unsupported(options, row, err, ": QEMU %u.%u.%u on %s has no migration %s %s",
                       offer->version[0], offer->version[1], offer->version[2], host,
                       row->kind == MOVE_PARAMETER ? "parameter" : "capability", row->words[0]);
}

static int check_clash(const json_t *options, const struct move_clash *clash,
                       const struct vm_offer *offer, const char *host, GError **err)
{
    const unsigned *version = offer->version;
    bool is_new = version[0] > clash->since[0] ||
                  (version[0] == clash->since[0] && version[1] >= clash->since[1]);

    if (!is_on(options, clash->one) || !is_on(options, clash->other) ||
        (clash->since[0] > 0 && is_new))
        return 0;
    g_autofree char *by =
        clash->since[0] > 0
            ? g_strdup_printf(" (QEMU %u.%u.%u on %s)", version[0], version[1], version[2], host)
            : g_strdup("");
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s = yes and %s = yes are not supported together: %s%s", clash->one, clash->other,
                clash->why, by);
    return -1;
}

int move_options_check(const json_t *const *options, const struct vm_offer *const *offers,
                       const char *const *names, unsigned n, const struct move_request *request,
                       GError **err)
{
    for (unsigned i = 0; i < n; i++) {
        for (const struct move_clash *clash = move_clashes; clash->one != NULL; clash++)
            if (check_clash(options[i], clash, offers[i], names[i], err) < 0)
                return -1;
        for (const struct move_option *row = move_options; row->name != NULL; row++)
            if (is_on(options[i], row->name) &&
                check_row(options[i], row, offers[i], names[i], request, err) < 0)
                return -1;
    }
    return 0;
}

unsigned move_options_streams(const json_t *options)
{
    const json_t *channels = value_of(options, "mig_multifd_channels");
    unsigned streams = 1;

    if (is_on(options, "mig_multifd"))
        streams += channels != NULL ? (unsigned)json_integer_value(channels) : QEMU_CHANNELS;
    if (is_on(options, "mig_postcopy_preempt"))
        streams++;
    return streams;
}

void move_options_notes(const json_t *options, void (*func)(const char *note, void *arg), void *arg)
{
    for (const struct move_option *row = move_options; row->name != NULL; row++)
        if (row->note != NULL && is_on(options, row->name))
            func(row->note, arg);
}

void move_options_fill(const json_t *options, enum move_end end, const struct vm_offer *own,
                       struct vm_move *move)
{
    move_options_clear(move);
    move->capabilities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    move->parameters = json_object();
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        if (row->kind == MOVE_OTHERWISE || (row->ends & (1U << end)) == 0 ||
            !is_on(options, row->name))
            continue;
        const char *word = own != NULL ? known_word(row, own) : NULL;
        word = word != NULL ? word : row->words[0];
        if (row->kind == MOVE_PARAMETER)
            json_object_set(move->parameters, word, (json_t *)value_of(options, row->name));
        else
            g_hash_table_insert(move->capabilities, g_strdup(word), GINT_TO_POINTER(true));
    }
}

/* That of libvirt has steps. */
static json_t *in_units(const json_t *value, uint64_t unit)
{
    uint64_t bytes = (uint64_t)json_integer_value(value);

    return unit == 0 ? json_incref((json_t *)value)
                     : json_integer((json_int_t)(bytes / unit + (bytes % unit != 0)));
}

/* Several options may ask for one of them. */
static void add_once(json_t *words, const char *word)
{
    size_t i;
    json_t *other;

    json_array_foreach (words, i, other)
        if (strcmp(json_string_value(other), word) == 0)
            return;
    json_array_append_new(words, json_string(word));
}

static void add_method(json_t *parameters, const char *method)
{
    json_t *methods = json_object_get(parameters, "compression");

    if (methods == NULL) {
        methods = json_array();
        json_object_set_new(parameters, "compression", methods);
    }
    add_once(methods, method);
}

void move_options_call(const json_t *options, enum move_end end, json_t *flags, json_t *parameters)
{
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        const struct move_by_manager *manager = &row->manager;
        bool is_ours = end == MOVE_SOURCE ? (row->ends & MOVE_AT_SOURCE) != 0
                                          : row->ends == MOVE_AT_DESTINATION;
        if (!is_ours || !is_on(options, row->name))
            continue;
        if (manager->flag != NULL)
            add_once(flags, manager->flag);
        if (manager->method != NULL)
            add_method(parameters, manager->method);
        if (manager->parameter != NULL)
            json_object_set_new(parameters, manager->parameter,
                                in_units(value_of(options, row->name), manager->unit));
    }
}

int move_options_check_managed(const json_t *options, GError **err)
{
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        const json_t *is = value_of(options, row->name);
        if (is == NULL)
            continue;
        if (row->is_default && json_is_false(is))
            return unsupported(options, row, err,
                               " with mig_protocol = managed: libvirt asks for it by itself");
        if (row->manager.why_not != NULL)
            return unsupported(options, row, err, " with mig_protocol = managed: %s",
                               row->manager.why_not);
    }
    return 0;
}

void move_options_clear(struct vm_move *move)
{
    g_clear_pointer(&move->capabilities, g_hash_table_unref);
    g_clear_pointer(&move->parameters, json_decref);
}

static const char *shown(const json_t *options, const char *name)
{
    const char *text = text_of(options, name);

    if (text == NULL)
        return "off";
    return *text != '\0' ? text : "on";
}

int move_options_compare(const json_t *source, const json_t *destination,
                         const char *const hosts[MOVE_ENDS], GError **err)
{
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        const json_t *here = value_of(source, row->name);
        const json_t *there = value_of(destination, row->name);
        if (row->ends != MOVE_AT_BOTH || here == there ||
            (here != NULL && there != NULL && json_equal(here, there)))
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_DIFFERENT,
                    "the two ends of the migration differ, %s: %s on %s, %s on %s", row->name,
                    shown(source, row->name), hosts[MOVE_SOURCE], shown(destination, row->name),
                    hosts[MOVE_DESTINATION]);
        return -1;
    }
    return 0;
}

void move_options_record(const json_t *options, Vtmh__Migration *record)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();

    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        const char *text = text_of(options, row->name);
        if (text != NULL && *text != '\0')
            g_ptr_array_add(texts, g_strdup_printf("%s = %s", row->name, text));
    }
    /* protobuf-c frees it with the record. */
    record->n_options = texts->len;
    record->options = (char **)g_ptr_array_steal(texts, NULL);
}

void move_options_judge(const json_t *options, const Vtmh__Migration *record,
                        void (*func)(const char *text, void *arg), void *arg)
{
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        if (row->figure_name == NULL || !is_on(options, row->name))
            continue;
        int64_t figure = *(const int64_t *)((const char *)record + row->figure);
        if (figure > 0)
            continue;
        g_autofree char *text =
            g_strdup_printf("%s = %s has not acted: %s is %s", row->name, shown(options, row->name),
                            row->figure_name, figure == 0 ? "0" : "not reported");
        func(text, arg);
    }
}
