#include "orchestrator/command/types_form.h"

#include "orchestrator/objects.h"

#include <string.h>

static const char *const kind_forms[PARAM_KINDS] = {
    [PARAM_STRING] = "any text",
    [PARAM_INT] = "a whole number",
    [PARAM_BOOL] = "yes or no; also on, off, true, false, 1, 0",
    [PARAM_SIZE] = "a number, or one with a suffix: 512K, 64M, 1G",
    [PARAM_DURATION] = "seconds, or with a unit: 500ms, 90s, 30m, 2h",
    [PARAM_LIST] = "words with blanks between them",
    [PARAM_WORD] = "one of the words that are named",
    [PARAM_PORTS] = "a port, a range such as 5200-5899, or 0 for any",
    [PARAM_ADDRESS] = "a numeric address, IPv4 or IPv6",
    [PARAM_MAC] = "a MAC address such as 52:54:00:12:34:56",
    [PARAM_UUID] = "a UUID such as 9b2a0f7e-6a2c-4c1e-9d55-0d6c1f3b7a10",
    [PARAM_PATH] = "the path of a file",
    [PARAM_TAIL] = "text that is appended to an option of QEMU, beginning with a comma",
};

/* From the inside out: NAME_INNER_VM_on_error_hostN. */
static const enum param_scope order[] = {
    PARAM_PER_NIC,     PARAM_PER_IMAGE,  PARAM_PER_CDROM, PARAM_PER_FLOPPY,
    PARAM_PER_MONITOR, PARAM_PER_SERIAL, PARAM_PER_REDIR, PARAM_PER_DEVICE,
    PARAM_PER_VM,      PARAM_ON_ERROR,   PARAM_PER_HOST,
};

const char *types_kind_form(enum param_kind kind)
{
    return kind_forms[kind];
}

/* As a user would write it: with the largest suffix that leaves a whole number. */
static char *bound_text(const struct param_info *info, int64_t number)
{
    static const char suffixes[] = "KMG";
    unsigned n = 0;

    if (info->kind == PARAM_DURATION)
        return g_strdup_printf("%" G_GINT64_FORMAT "ms", number);
    while (info->kind == PARAM_SIZE && n < strlen(suffixes) && number != 0 && number % 1024 == 0) {
        number /= 1024;
        n++;
    }
    return g_strdup_printf("%" G_GINT64_FORMAT "%.1s", number, n > 0 ? &suffixes[n - 1] : "");
}

static void append_range(GString *text, const struct param_info *info)
{
    g_autofree char *low = NULL, *high = NULL;

    if (info->min == 0 && info->max == 0)
        return;
    low = bound_text(info, info->min);
    high = bound_text(info, info->max);
    if (info->max == INT64_MAX)
        g_string_append_printf(text, ", at least %s", low);
    else
        g_string_append_printf(text, ", %s to %s", low, high);
}

static char *join(const char *const *words)
{
    return words != NULL ? g_strjoinv(", ", (char **)words) : g_strdup("");
}

char *types_form(const struct param_info *info)
{
    g_autofree char *words = join(info->values);
    GString *text = g_string_new(info->kind == PARAM_WORD ? "" : param_kind_name(info->kind));

    if (info->kind == PARAM_SIZE)
        g_string_append(text, info->unit == 1 << 20 ? " in MiB" : " in bytes");
    append_range(text, info);
    if (info->kind == PARAM_WORD)
        g_string_append_printf(text, strchr(words, ',') != NULL ? "one of %s" : "only %s", words);
    else if (*words != '\0')
        g_string_append_printf(text, ", or %s", words);
    if (info->word_rule != NULL)
        g_string_append_printf(text, "%s%s", info->kind == PARAM_WORD ? ", or " : ": each is ",
                               info->word_rule);
    return g_string_free(text, FALSE);
}

char *types_endings(const struct param_info *info)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++)
        if (info->scopes & order[i])
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", objects_noun(order[i]));
    return g_string_free(text, FALSE);
}

char *types_why(const struct param_info *info)
{
    g_autofree char *with = info->only_with != NULL ? join(info->only_with) : NULL;

    if (with == NULL)
        return g_strdup(info->why != NULL ? info->why : "");
    return g_strdup_printf("%s (counts only with %s)", info->why, with);
}

char *types_later(const struct param_info *info)
{
    GString *text = g_string_new(NULL);

    for (const struct param_later *l = info->later; l != NULL && l->word != NULL; l++) {
        bool is_last = l[1].word == NULL || strcmp(l[1].why, l->why) != 0;

        g_string_append(text, l->word);
        if (is_last)
            g_string_append_printf(text, " (%s)", l->why);
        if (l[1].word != NULL)
            g_string_append(text, ", ");
    }
    return g_string_free(text, FALSE);
}
