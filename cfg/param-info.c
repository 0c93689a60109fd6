/* Names of kinds, scopes and classes, and what a value must be for a row. */
#include "cfg/param-info.h"

#include "cfg/nearest.h"
#include "cfg/params.h"

#include <string.h>

/* So many words are worth a hint instead of a list. */
#define MANY_WORDS 8

static const char *const kind_names[PARAM_KINDS] = {
    "string", "int",     "bool", "size", "duration", "list", "word",
    "ports",  "address", "mac",  "uuid", "path",     "tail",
};

static const char *const care_names[PARAM_CARES] = {"honoured", "cosmetic", "not supported"};

static const char *const scope_names[PARAM_SCOPES] = {
    "host",   "on_error", "vm",     "nic",   "image",  "cdrom",
    "floppy", "monitor",  "serial", "redir", "limits", "device",
};

static unsigned position(const char *const *names, unsigned n, const char *name)
{
    unsigned i = 0;

    while (i < n && g_strcmp0(names[i], name) != 0)
        i++;
    return i;
}

bool param_name_says_secret(const char *name)
{
    static const char *const words[] = {"password", "passwd", "passphrase"};

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_has_suffix(name, words[i]))
            return true;
    return false;
}

bool param_key_is_of(const char *key, const char *name)
{
    size_t size = strlen(name);

    return strncmp(key, name, size) == 0 && (key[size] == '\0' || key[size] == '_');
}

const char *param_kind_name(enum param_kind kind)
{
    return kind_names[kind];
}

enum param_kind param_kind_named(const char *name)
{
    return position(kind_names, PARAM_KINDS, name);
}

const char *param_scope_name(unsigned i)
{
    return scope_names[i];
}

const char *param_care_name(enum param_care care)
{
    return care_names[care];
}

enum param_care param_care_named(const char *name)
{
    return position(care_names, PARAM_CARES, name);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\n\v\f\r")] == '\0';
}

static int fail(GError **err, const char *format, ...) G_GNUC_PRINTF(2, 3);

static int fail(GError **err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(err, g_error_new_valist(CFG_ERROR, CFG_ERROR_PARAM_VALUE, format, args));
    va_end(args);
    return -1;
}

/* The parsers' message is "WHAT is 'TEXT': expected …"; only what was expected is of use here. */
static int fail_expected(GError **err, GError *error)
{
    const char *expected = strstr(error->message, ": expected ");
    int result = fail(err, "%s", expected != NULL ? expected + 2 : error->message);

    g_error_free(error);
    return result;
}

static const char *find_word(const char *const *words, const char *text)
{
    for (; words != NULL && *words != NULL; words++)
        if (strcmp(*words, text) == 0)
            return *words;
    return NULL;
}

const char *param_value_word(const struct param_info *info, const char *text)
{
    g_autofree char *bare = g_strstrip(g_strdup(text));
    const char *word = find_word(info->values, bare);
    bool flag;

    if (word != NULL || info->kind != PARAM_WORD ||
        params_parse_bool(info->name, bare, &flag, NULL) < 0)
        return word;
    return find_word(info->values, flag ? "yes" : "no");
}

static const struct param_later *find_later(const struct param_info *info, const char *bare)
{
    for (const struct param_later *l = info->later; l != NULL && l->word != NULL; l++)
        if (strcmp(l->word, bare) == 0)
            return l;
    return NULL;
}

static int check_range(const struct param_info *info, int64_t number, GError **err)
{
    const char *unit = info->kind == PARAM_SIZE       ? " bytes"
                       : info->kind == PARAM_DURATION ? " ms"
                                                      : "";

    if ((info->min == 0 && info->max == 0) || (number >= info->min && number <= info->max))
        return 0;
    if (info->max == INT64_MAX)
        return fail(err, "expected at least %" G_GINT64_FORMAT "%s", info->min, unit);
    return fail(err, "expected %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "%s", info->min,
                info->max, unit);
}

static int check_number(const struct param_info *info, const char *text, GError **err)
{
    GError *error = NULL;
    int64_t number = 0;
    uint64_t bytes = 0;
    int parsed;

    if (info->kind == PARAM_INT)
        parsed = params_parse_int(info->name, text, &number, &error);
    else if (info->kind == PARAM_DURATION)
        parsed = params_parse_duration_ms(info->name, text, &number, &error);
    else
        parsed = params_parse_size(info->name, text, MAX(info->unit, 1), &bytes, &error);
    if (parsed < 0)
        return fail_expected(err, error);
    if (info->kind == PARAM_SIZE)
        number = (int64_t)MIN(bytes, (uint64_t)INT64_MAX);
    return check_range(info, number, err);
}

static int check_bool(const struct param_info *info, const char *text, GError **err)
{
    GError *error = NULL;
    bool flag;

    if (params_parse_bool(info->name, text, &flag, &error) < 0)
        return fail_expected(err, error);
    return 0;
}

static bool matches(const struct param_info *info, const char *text)
{
    return g_regex_match_simple(info->word_pattern, text, G_REGEX_DOLLAR_ENDONLY, 0);
}

static int check_list(const struct param_info *info, const char *text, GError **err)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t\n\v\f\r", -1);

    for (char **word = words; info->word_pattern != NULL && *word != NULL; word++)
        if (**word != '\0' && !matches(info, *word))
            return fail(err, "'%s' cannot be %s", *word, info->word_rule);
    return 0;
}

static int check_string(const struct param_info *info, const char *text, GError **err)
{
    if (info->word_pattern == NULL || matches(info, text))
        return 0;
    return fail(err, "expected %s", info->word_rule);
}

/* Of these words, one that is near; whether supported or not. */
static const char *near_word(const struct param_info *info, const char *text)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();

    for (const char *const *word = info->values; word != NULL && *word != NULL; word++)
        g_ptr_array_add(known, (void *)*word);
    for (const struct param_later *l = info->later; l != NULL && l->word != NULL; l++)
        g_ptr_array_add(known, (void *)l->word);
    g_ptr_array_add(known, NULL);
    return nearest_find(text, (const char *const *)known->pdata);
}

/* " (expected tcp, or …)"; nothing where the words are many and one of them has been named.
 * Transfer full. */
static char *expected_words(const struct param_info *info, bool is_named)
{
    unsigned n = info->values != NULL ? g_strv_length((char **)info->values) : 0;
    g_autofree char *list = n > 0 ? g_strjoinv(", ", (char **)info->values) : g_strdup("");

    if (n > MANY_WORDS && is_named)
        return g_strdup("");
    return g_strdup_printf(" (expected %s%s%s)", list,
                           info->word_rule != NULL ? (n > 0 ? ", or " : "") : "",
                           info->word_rule != NULL ? info->word_rule : "");
}

static int check_word(const struct param_info *info, const char *text, GError **err)
{
    g_autofree char *expected = NULL;
    const char *near;

    if (param_value_word(info, text) != NULL || (info->word_pattern != NULL && matches(info, text)))
        return 0;
    near = near_word(info, text);
    expected = expected_words(info, near != NULL);
    return fail(err, "no such value%s%s%s%s", near != NULL ? "; did you mean " : "",
                near != NULL ? near : "", near != NULL ? "?" : "", expected);
}

/* One port; *end behind it. False: no number, or too large. */
static bool read_port(const char *text, const char **end, guint64 *port)
{
    char *behind;

    if (!g_ascii_isdigit(*text))
        return false;
    *port = g_ascii_strtoull(text, &behind, 10);
    *end = behind;
    return true;
}

/* Whether the text is PORT or LOW-HIGH, in whichever order these are. */
static bool read_ports(const char *text, guint64 *low, guint64 *high)
{
    if (!read_port(text, &text, low))
        return false;
    *high = *low;
    if (*text == '-' && (*low == 0 || !read_port(text + 1, &text, high)))
        return false;
    return *text == '\0' && *low <= UINT16_MAX && *high <= UINT16_MAX;
}

bool param_ports_read(const char *text, uint16_t *low, uint16_t *high)
{
    guint64 first, last;

    if (!read_ports(text, &first, &last) || first > last)
        return false;
    *low = (uint16_t)first;
    *high = (uint16_t)last;
    return true;
}

static int check_ports(const struct param_info *info, const char *text, GError **err)
{
    guint64 low, high;

    (void)info;
    if (!read_ports(text, &low, &high))
        return fail(err, "expected a port (1 to 65535), a range such as 5200-5899, or 0");
    if (low > high)
        return fail(err, "expected a range from low to high: %u-%u", (unsigned)high, (unsigned)low);
    return 0;
}

static int check_address(const struct param_info *info, const char *text, GError **err)
{
    (void)info;
    if (g_hostname_is_ip_address(text))
        return 0;
    return fail(err, "expected a numeric address such as 192.0.2.1 or 2001:db8::1");
}

static int check_mac(const struct param_info *info, const char *text, GError **err)
{
    unsigned all = 0, first = 0;

    (void)info;
    if (strlen(text) != 17)
        return fail(err, "expected a MAC address such as 52:54:00:12:34:56");
    for (unsigned i = 0; i < 17; i++) {
        int digit = g_ascii_xdigit_value(text[i]);

        if (i % 3 == 2 ? text[i] != ':' : digit < 0)
            return fail(err, "expected a MAC address such as 52:54:00:12:34:56");
        if (i == 1)
            first = (unsigned)digit;
        all |= i % 3 == 2 ? 0 : (unsigned)digit;
    }
    if (first & 1)
        return fail(err, "a multicast address cannot be that of a card; the second digit must be "
                         "even, as in 52:54:00:12:34:56");
    return all != 0 ? 0 : fail(err, "expected a MAC address that is not all zero");
}

static int check_uuid(const struct param_info *info, const char *text, GError **err)
{
    (void)info;
    if (g_uuid_string_is_valid(text))
        return 0;
    return fail(err, "expected a UUID such as 9b2a0f7e-6a2c-4c1e-9d55-0d6c1f3b7a10");
}

static int check_path(const struct param_info *info, const char *text, GError **err)
{
    (void)info;
    return strpbrk(text, "\r\n") == NULL ? 0 : fail(err, "expected a path in one line");
}

static int check_tail(const struct param_info *info, const char *text, GError **err)
{
    (void)info;
    return *text == ',' ? 0 : fail(err, "expected text that begins with a comma: ,%s", text);
}

int param_value_check(const struct param_info *info, const char *text, GError **err)
{
    static int (*const checks[PARAM_KINDS])(const struct param_info *, const char *, GError **) = {
        [PARAM_STRING] = check_string,   [PARAM_INT] = check_number,
        [PARAM_BOOL] = check_bool,       [PARAM_SIZE] = check_number,
        [PARAM_DURATION] = check_number, [PARAM_LIST] = check_list,
        [PARAM_WORD] = check_word,       [PARAM_PORTS] = check_ports,
        [PARAM_ADDRESS] = check_address, [PARAM_MAC] = check_mac,
        [PARAM_UUID] = check_uuid,       [PARAM_PATH] = check_path,
        [PARAM_TAIL] = check_tail,
    };
    g_autofree char *bare = NULL;

    if (is_blank(text))
        return 0;
    bare = g_strstrip(g_strdup(text));
    if (find_later(info, bare) != NULL || find_word(info->values, bare) != NULL)
        return 0;
    return checks[info->kind](info, bare, err);
}

static bool equal_numbers(const struct param_info *info, const char *a, const char *b)
{
    uint64_t x, y;
    int64_t m, n;

    if (info->kind == PARAM_SIZE)
        return params_parse_size("", a, MAX(info->unit, 1), &x, NULL) == 0 &&
               params_parse_size("", b, MAX(info->unit, 1), &y, NULL) == 0 && x == y;
    if (info->kind == PARAM_DURATION)
        return params_parse_duration_ms("", a, &m, NULL) == 0 &&
               params_parse_duration_ms("", b, &n, NULL) == 0 && m == n;
    return params_parse_int("", a, &m, NULL) == 0 && params_parse_int("", b, &n, NULL) == 0 &&
           m == n;
}

static bool equal_lists(const char *a, const char *b)
{
    g_autoptr(params) lists = params_new();
    g_auto(GStrv) x = NULL;
    g_auto(GStrv) y = NULL;

    params_set(lists, "a", a, NULL);
    params_set(lists, "b", b, NULL);
    x = params_objects(lists, "a");
    y = params_objects(lists, "b");
    return g_strv_equal((const char *const *)x, (const char *const *)y);
}

bool param_value_equal(const struct param_info *info, const char *a, const char *b)
{
    g_autofree char *x = g_strstrip(g_strdup(a));
    g_autofree char *y = g_strstrip(g_strdup(b));
    bool m, n;

    if (strcmp(x, y) == 0)
        return true;
    switch (info->kind) {
    case PARAM_INT:
    case PARAM_SIZE:
    case PARAM_DURATION:
        return equal_numbers(info, x, y);
    case PARAM_BOOL:
    case PARAM_WORD:
        return params_parse_bool("", x, &m, NULL) == 0 && params_parse_bool("", y, &n, NULL) == 0 &&
               m == n;
    case PARAM_LIST:
        return equal_lists(x, y);
    case PARAM_MAC:
    case PARAM_UUID:
        return g_ascii_strcasecmp(x, y) == 0;
    default:
        return false;
    }
}

const char *param_value_unsupported(const struct param_info *info, const char *text)
{
    g_autofree char *bare = g_strstrip(g_strdup(text));
    const struct param_later *later;

    if (*bare == '\0')
        return NULL;
    later = find_later(info, bare);
    if (later != NULL)
        return later->why;
    if (info->care != PARAM_NOT_SUPPORTED)
        return NULL;
    for (const char *const *same = info->same; same != NULL && *same != NULL; same++)
        if (param_value_equal(info, bare, *same))
            return NULL;
    return info->why;
}
