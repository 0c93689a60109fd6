#include "orchestrator/arguments.h"

#include "cfg/nearest.h"

#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 28 /* where the help of an option begins */
#define WORD_MAX 64    /* bytes; what is longer is nobody's misspelling */

G_DEFINE_QUARK(arguments - error - quark, arguments_error)

static const struct argument common[] = {
    {"version", .help = "print the version"},
    {"help", 'h', .help = "print this help"},
    {NULL},
};

static const struct argument *find(const struct arguments *arguments, const char *name, size_t size,
                                   char letter)
{
    const struct argument *tables[] = {arguments->table, common};

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct argument *row = tables[i]; row->name != NULL; row++)
            if (name != NULL ? strlen(row->name) == size && strncmp(row->name, name, size) == 0
                             : row->letter == letter)
                return row;
    return NULL;
}

static int fail_unknown(const struct arguments *arguments, const char *word, GError **err)
{
    const struct argument *tables[] = {arguments->table, common};
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *name = g_strndup(word + 2, strcspn(word + 2, "="));
    const char *nearest;

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct argument *row = tables[i]; row->name != NULL; row++)
            g_ptr_array_add(names, (void *)row->name);
    g_ptr_array_add(names, NULL);
    nearest = arguments_nearest(name, (const char *const *)names->pdata);
    if (nearest != NULL)
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_UNKNOWN,
                    "unknown option --%s; did you mean --%s?", name, nearest);
    else
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_UNKNOWN,
                    "unknown option --%s; see --help", name);
    return -1;
}

/* Sets the row's flag or hands over its value. written is the option as the user wrote it. */
static int take(const struct argument *row, const char *written, const char *value, void *target,
                GError **err)
{
    GError *cause = NULL;

    if (row->value == NULL) {
        *(bool *)((char *)target + row->flag) = true;
        return 0;
    }
    if (row->take(value, target, &cause) == 0)
        return 0;
    g_propagate_prefixed_error(err, cause, "%s: ", written);
    return -1;
}

static int fail_value(const char *written, const char *wanted, GError **err)
{
    if (wanted != NULL)
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE, "%s needs a value: %s %s", written,
                    written, wanted);
    else
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE, "%s takes no value", written);
    return -1;
}

/* What --version and --help lead to; PARSED for the rows of a table. */
static int outcome_of(const struct argument *row)
{
    if (row == &common[0])
        return ARGUMENTS_VERSION;
    return row == &common[1] ? ARGUMENTS_HELP : ARGUMENTS_PARSED;
}

/* One "--name[=value]"; *used counts the words taken. */
static int parse_long(const struct arguments *arguments, char **words, void *target, int *used,
                      GError **err)
{
    const char *name = words[0] + 2;
    size_t size = strcspn(name, "=");
    const struct argument *row = find(arguments, name, size, '\0');
    g_autofree char *written = g_strndup(words[0], size + 2);
    const char *value = name[size] == '=' ? name + size + 1 : NULL;

    if (row == NULL)
        return fail_unknown(arguments, words[0], err);
    if (row->value == NULL && value != NULL)
        return fail_value(written, NULL, err);
    if (outcome_of(row) != ARGUMENTS_PARSED)
        return outcome_of(row);
    if (row->value != NULL && value == NULL && !row->optional) {
        value = words[1];
        *used = 2;
    }
    if (row->value != NULL && value == NULL && !row->optional)
        return fail_value(written, row->value, err);
    return take(row, written, value, target, err);
}

/* One "-x", "-xyz" or "-xVALUE". */
static int parse_letters(const struct arguments *arguments, char **words, void *target, int *used,
                         GError **err)
{
    for (const char *letter = words[0] + 1; *letter != '\0'; letter++) {
        const struct argument *row = find(arguments, NULL, 0, *letter);
        char written[] = {'-', *letter, '\0'};
        const char *value = NULL;

        if (row == NULL) {
            g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_UNKNOWN,
                        "unknown option -%.*s; see --help",
                        (int)(g_utf8_next_char(letter) - letter), letter);
            return -1;
        }
        if (outcome_of(row) != ARGUMENTS_PARSED)
            return outcome_of(row);
        if (row->value != NULL && !row->optional) {
            value = letter[1] != '\0' ? letter + 1 : words[1];
            *used = letter[1] != '\0' ? 1 : 2;
            if (value == NULL)
                return fail_value(written, row->value, err);
        }
        if (take(row, written, value, target, err) < 0)
            return -1;
        if (value != NULL)
            return ARGUMENTS_PARSED;
    }
    return ARGUMENTS_PARSED;
}

static int take_word(const struct arguments *arguments, const char *word, void *target,
                     GError **err)
{
    if (arguments->take_word != NULL)
        return arguments->take_word(word, target, err);
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                "\"%s\" is one word too many; see --help", word);
    return -1;
}

/* The words as UTF-8: what they say ends in messages, logs and results. */
static int check_text(int argc, char **argv, GError **err)
{
    for (int i = 0; i < argc; i++) {
        if (g_utf8_validate(argv[i], -1, NULL))
            continue;
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE, "argument %d is not UTF-8 text",
                    i + 1);
        return -1;
    }
    return 0;
}

int arguments_parse(const struct arguments *arguments, int argc, char **argv, void *target,
                    GError **err)
{
    bool options = true;

    if (check_text(argc, argv, err) < 0)
        return -1;
    for (int i = 0, used; i < argc; i += used) {
        char *two[] = {argv[i], i + 1 < argc ? argv[i + 1] : NULL};
        int outcome;

        used = 1;
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            continue;
        }
        if (!options || argv[i][0] != '-' || argv[i][1] == '\0')
            outcome = take_word(arguments, argv[i], target, err);
        else if (argv[i][1] == '-')
            outcome = parse_long(arguments, two, target, &used, err);
        else
            outcome = parse_letters(arguments, two, target, &used, err);
        if (outcome != ARGUMENTS_PARSED)
            return outcome;
    }
    return ARGUMENTS_PARSED;
}

static void append_rows(GString *text, const struct argument *rows)
{
    for (const struct argument *row = rows; row->name != NULL; row++) {
        g_auto(GStrv) lines = g_strsplit(row->help, "\n", -1);
        gsize start = text->len;

        if (row->letter != '\0')
            g_string_append_printf(text, "  -%c, --%s", row->letter, row->name);
        else
            g_string_append_printf(text, "      --%s", row->name);
        if (row->value != NULL)
            g_string_append_printf(text, row->optional ? "[=%s]" : " %s", row->value);
        for (char **line = lines; *line != NULL; line++) {
            gsize width = (gsize)g_utf8_strlen(text->str + start, (gssize)(text->len - start));

            if (line == lines && width + 2 <= HELP_COLUMN) {
                g_string_append_printf(text, "%*s%s\n", (int)(HELP_COLUMN - width), "", *line);
                continue;
            }
            if (line == lines)
                g_string_append_c(text, '\n');
            g_string_append_printf(text, "%*s%s\n", HELP_COLUMN, "", *line);
        }
    }
}

char *arguments_help(const struct arguments *arguments)
{
    GString *text = g_string_new(NULL);

    g_string_printf(text, "usage: %s\n\n%s\n\noptions:\n", arguments->usage, arguments->about);
    append_rows(text, arguments->table);
    append_rows(text, common);
    if (arguments->more != NULL)
        g_string_append_printf(text, "\n%s\n", arguments->more);
    return g_string_free(text, FALSE);
}

int arguments_print(const struct arguments *arguments, enum arguments_outcome outcome)
{
    g_autofree char *help = arguments_help(arguments);

    fputs(outcome == ARGUMENTS_VERSION ? "vtmh " VTMH_VERSION "\n" : help, stdout);
    return 1;
}

const char *arguments_nearest(const char *word, const char *const *words)
{
    size_t size = strlen(word);
    const char *nearest = NULL;
    unsigned best = 1 + (unsigned)size / 3; /* more wrong than that is another word */

    if (size == 0 || size > WORD_MAX)
        return NULL;
    for (; *words != NULL; words++) {
        unsigned now =
            size > 2 && g_str_has_prefix(*words, word) ? 0 : nearest_distance(word, *words, best);

        if (now <= best && (nearest == NULL || now < best)) {
            nearest = *words;
            best = now;
        }
    }
    return nearest;
}

int arguments_count(const char *value, unsigned max, unsigned *out, GError **err)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, 1, max, &number, NULL)) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                    "\"%s\" is not a number from 1 to %u", value, max);
        return -1;
    }
    *out = (unsigned)number;
    return 0;
}

char *arguments_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./:,=@+%";
    bool is_plain = *word != '\0' && word[strspn(word, plain)] == '\0';

    return is_plain ? g_strdup(word) : g_shell_quote(word);
}

char *arguments_line(const char *const *words, size_t n)
{
    GString *line = g_string_new(NULL);

    for (size_t i = 0; i < n; i++) {
        g_autofree char *word = arguments_word(words[i]);

        g_string_append_printf(line, "%s%s", i > 0 ? " " : "", word);
    }
    return g_string_free(line, FALSE);
}

char *arguments_command_line(const char *command, int argc, char **argv)
{
    g_autofree char *words = arguments_line((const char *const *)argv, (size_t)argc);

    return g_strconcat("vtmh", command != NULL ? " " : "", command != NULL ? command : "",
                       argc > 0 ? " " : "", words, NULL);
}
