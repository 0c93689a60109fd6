/* The registry: joins the tables, finds a row by its name; and the getters. */
#include "migration/params.h"

#include "migration/params_tables.h"

#include <string.h>

static const struct param_info *const tables[] = {
    job_params,
    scenario_params,
    process_params,
    keep_params,
    plug_params,
    vm_params,
    board_params,
    boot_params,
    topology_params,
    memory_params,
    booting_params,
    uefi_params,
    serial_params,
    chardev_params,
    libvirt_params,
    monitor_params,
    vsock_params,
    tpm_params,
    rtc_params,
    graphics_params,
    screen_params,
    root_port_params,
    usb_params,
    rng_params,
    watchdog_params,
    balloon_params,
    extra_params,
    nic_params,
    disk_params,
    storage_params,
    image_params,
    guest_params,
    move_params,
    transport_params,
    option_params,
    reference_test_params,
    reference_host_params,
    reference_vm_params,
    reference_disk_params,
    reference_nic_params,
    reference_login_params,
    reference_scenario_params,
    reference_guest_command_params,
    reference_family_params,
};

static GPtrArray *rows;     /* struct param_info, ended by NULL */
static GHashTable *by_name; /* name -> struct param_info */

static void join_tables(void)
{
    if (rows != NULL)
        return;
    rows = g_ptr_array_new();
    by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct param_info *row = tables[i]; row->name != NULL; row++) {
            g_ptr_array_add(rows, (void *)row);
            if (!g_hash_table_insert(by_name, (void *)row->name, (void *)row))
                g_error("parameter %s has two rows", row->name);
        }
    g_ptr_array_add(rows, NULL);
}

const struct param_info *const *param_infos(size_t *count_out)
{
    join_tables();
    if (count_out != NULL)
        *count_out = rows->len - 1;
    return (const struct param_info *const *)rows->pdata;
}

const struct param_info *param_info(const char *name)
{
    join_tables();
    return g_hash_table_lookup(by_name, name);
}

const struct param_alias *param_aliases(void)
{
    return historic_names;
}

/* The row of a name, of the current one for a historic one, or of its family. */
static const struct param_info *row_or_family(const char *name)
{
    const struct param_info *info = param_info(name);

    for (const struct param_alias *alias = historic_names; info == NULL && alias->name; alias++)
        if (strcmp(alias->name, name) == 0)
            return param_info(alias->current);
    for (guint i = 0; info == NULL && i + 1 < rows->len; i++) {
        const struct param_info *row = g_ptr_array_index(rows, i);
        size_t stem = strlen(row->name) - 1;

        if (row->name[stem] == '*' && strncmp(row->name, name, stem) == 0)
            info = row;
    }
    return info;
}

bool param_is_secret(const char *key)
{
    g_autofree char *rest = g_strdup(key);

    for (char *last = rest; last != NULL; last = strrchr(rest, '_')) {
        const struct param_info *info;

        if (last != rest)
            *last = '\0';
        info = row_or_family(rest);
        if (param_name_says_secret(rest) || (info != NULL && info->secret))
            return true;
    }
    return false;
}

static const struct param_info *row_of(const char *name, enum param_kind kind)
{
    const struct param_info *info = param_info(name);

    if (info == NULL || info->kind != kind)
        g_error("parameter %s is not a %s of the tables", name, param_kind_name(kind));
    return info;
}

static bool is_text(enum param_kind kind)
{
    return kind == PARAM_STRING || kind >= PARAM_WORD;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

bool param_is_set(const struct params *params, const char *name)
{
    const char *value = params_get(params, name);

    if (param_info(name) == NULL)
        g_error("parameter %s is not in the tables", name);
    return value != NULL && !is_blank(value);
}

const char *param_text(const struct params *params, const char *name)
{
    const struct param_info *info = param_info(name);
    const char *value, *word;

    if (info == NULL || !is_text(info->kind))
        g_error("parameter %s is not text in the tables", name);
    if (!param_is_set(params, name))
        return info->fallback;
    value = params_get(params, name);
    word = info->kind == PARAM_WORD ? param_value_word(info, value) : NULL;
    return word != NULL ? word : value;
}

/* Of the ranges only that of whole numbers is repeated here: the values were checked before. */
int param_int(const struct params *params, const char *name, int64_t *out, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_INT);
    int64_t fallback = 0;

    if (info->fallback != NULL && params_parse_int(name, info->fallback, &fallback, err) < 0)
        return -1;
    if (info->min == 0 && info->max == 0)
        return params_int(params, name, fallback, out, err);
    return params_int_range(params, name, info->min, info->max, fallback, out, err);
}

bool param_is_yes(const struct params *params, const char *name)
{
    bool yes = false;

    return param_bool(params, name, &yes, NULL) == 0 && yes;
}

int param_bool(const struct params *params, const char *name, bool *out, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_BOOL);
    bool fallback = false;

    if (info->fallback != NULL && params_parse_bool(name, info->fallback, &fallback, err) < 0)
        return -1;
    return params_bool(params, name, fallback, out, err);
}

int param_size(const struct params *params, const char *name, uint64_t *out_bytes, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_SIZE);
    uint64_t fallback = 0;

    if (info->fallback != NULL &&
        params_parse_size(name, info->fallback, info->unit, &fallback, err) < 0)
        return -1;
    return params_size(params, name, info->unit, fallback, out_bytes, err);
}

int param_duration_ms(const struct params *params, const char *name, int64_t *out_ms, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_DURATION);
    int64_t fallback = 0;

    if (info->fallback != NULL &&
        params_parse_duration_ms(name, info->fallback, &fallback, err) < 0)
        return -1;
    return params_duration_ms(params, name, fallback, out_ms, err);
}

GStrv param_list(const struct params *params, const char *name)
{
    const struct param_info *info = row_of(name, PARAM_LIST);

    if (params_get(params, name) == NULL && info->fallback != NULL) {
        g_autoptr(params) defaults = params_new();

        params_set(defaults, name, info->fallback, NULL);
        return params_objects(defaults, name);
    }
    return params_objects(params, name);
}

int param_regex(const struct params *params, const char *name, GRegexCompileFlags flags,
                GRegex **out, GError **err)
{
    const char *pattern = param_text(params, name);
    g_autoptr(GError) why = NULL;

    *out = pattern != NULL ? g_regex_new(pattern, flags, 0, &why) : NULL;
    if (why == NULL)
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "%s = %s: not a regular expression: %s",
                name, pattern, why->message);
    return -1;
}

int param_check_word(const char *name, const char *word, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_LIST);

    if (info->word_pattern == NULL ||
        g_regex_match_simple(info->word_pattern, word, G_REGEX_DOLLAR_ENDONLY, 0))
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "%s: '%s' cannot be %s", name, word,
                info->word_rule);
    return -1;
}
