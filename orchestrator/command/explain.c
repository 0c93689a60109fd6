/*
 * Each statement is a line: its place, what it says, the value behind it. Without KEY, the lines
 * of a key stand together, as in `vtmh show`. The last line of a key has its value; what was lost
 * on the way stands before, with the reason.
 */
#include "orchestrator/command/explain.h"

#include "orchestrator/command/configuration.h"
#include "orchestrator/description.h"
#include "orchestrator/secret_params.h"
#include "orchestrator/test_name.h"

#include "cfg/explain.h"
#include "cfg/nearest.h"

#include <stdio.h>
#include <string.h>

/* What is wider moves only its own line. */
#define MAX_PLACE 32
#define MAX_STATEMENT 48

struct explaining {
    struct reading reading;
    bool filters;
    char *test, *key; /* key: NULL for all */
};

/* A line of the answer. */
struct line {
    char *key, *place, *statement, *outcome;
};

static void line_clear(void *data)
{
    struct line *line = data;

    g_free(line->key);
    g_free(line->place);
    g_free(line->statement);
    g_free(line->outcome);
}

static GArray *lines_new(void)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(struct line));

    g_array_set_clear_func(lines, line_clear);
    return lines;
}

static int take_word(const char *word, void *target, GError **err)
{
    struct explaining *explaining = target;
    char **slots[] = {&explaining->reading.selection.file, &explaining->test, &explaining->key};

    for (unsigned i = 0; i < G_N_ELEMENTS(slots); i++) {
        if (*slots[i] != NULL)
            continue;
        *slots[i] = g_strdup(word);
        return 0;
    }
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                "one key at most: \"%s\" is too much (quote a name with blanks)", word);
    return -1;
}

static const struct argument table[] = {
    {"filters", .flag = offsetof(struct explaining, filters),
     .help = "which filters the test has passed, instead of its values"},
    READING_ROWS,
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh explain [options] FILE.cfg NAME|N [KEY]",
    .about =
        "Prints every statement that touched the parameter KEY (without it: any parameter) of one\n"
        "test, in the order of their effect: place, statement, value behind it. The test is a\n"
        "number of the list, a full name or a short name. For the full name of a test that is not\n"
        "there, prints the filters that removed it.",
    .more =
        "examples:\n"
        "  vtmh explain migrate.cfg 1 dirty_mem\n"
        "  vtmh explain migrate.cfg 'quick.offline.(mig_protocol=tcp).(guest=jeos)'\n"
        "  vtmh explain --filters migrate.cfg 1\n"
        "\n"
        "exit status: 0, or 4 when the command line or the configuration is wrong, or there is\n"
        "nothing to explain",
    .table = table,
    .take_word = take_word,
};

/* What stands in the file, as far as the step tells. */
static char *statement_of(const struct cfg_step *step)
{
    if (strcmp(step->op, "name") == 0)
        return g_strdup("(the chosen variants)");
    if (strcmp(step->op, "del") == 0)
        return g_strdup_printf("del %s", step->left);
    if (strcmp(step->op, "suffix") == 0)
        return g_strdup_printf("suffix %s", step->written);
    if (strcmp(step->op, "variants") == 0)
        return g_strdup_printf("variants %s: - %s", step->left, step->written);
    if (*step->op == '_')
        return g_strdup_printf("%s = %s", step->left, step->written);
    return g_strdup_printf("%s %s %s", step->left, step->op, step->written);
}

/* The value, and in parentheses what is to be said about it. */
static char *outcome_of(const struct cfg_step *step)
{
    g_autofree char *factor = step->factor ? g_strdup_printf("of %s", step->factor) : NULL;
    const char *notes[] = {factor, step->changed ? NULL : "unchanged", step->lost};
    GString *text = g_string_new(step->value ? step->value : "(gone)");
    const char *separator = "  (";

    for (unsigned i = 0; i < G_N_ELEMENTS(notes); i++) {
        if (notes[i] == NULL)
            continue;
        g_string_append_printf(text, "%s%s", separator, notes[i]);
        separator = "; ";
    }
    if (*separator == ';')
        g_string_append_c(text, ')');
    return g_string_free(text, FALSE);
}

/* What steps say, and which of that nobody may read. */
struct told {
    GArray *lines;
    struct secrets *secrets;
};

static void add_step(const struct cfg_step *step, void *user)
{
    struct told *told = user;
    struct cfg_step shown = *step;

    if (secret_params_is(step->key) && strcmp(step->op, "suffix") != 0) {
        if (step->value != NULL)
            secrets_add(told->secrets, step->value);
        shown.value = step->value != NULL ? SECRETS_SHOWN : NULL;
        shown.written = SECRETS_SHOWN;
    }
    struct line line = {
        .key = g_strdup(step->key),
        .place = step->file ? g_strdup_printf("%s:%u", step->file, step->line) : g_strdup(""),
        .statement = statement_of(&shown),
        .outcome = outcome_of(&shown),
    };
    g_array_append_val(told->lines, line);
}

static void hide(const struct secrets *secrets, char **text)
{
    char *plain = *text;

    *text = secrets_hide(secrets, plain);
    g_free(plain);
}

/* A secret may also have found its way into other values. */
static int hide_secrets(struct told *told, struct cfg *cfg, GError **err)
{
    g_autoptr(params) test = cfg_test_params(cfg, err);

    if (test == NULL)
        return -1;
    secret_params_collect(test, told->secrets);
    for (unsigned i = 0; i < told->lines->len; i++) {
        struct line *line = &g_array_index(told->lines, struct line, i);

        hide(told->secrets, &line->statement);
        hide(told->secrets, &line->outcome);
    }
    return 0;
}

static struct line filter_line(const struct cfg_filter_report *report, const char *outcome)
{
    return (struct line){
        .place = g_strdup_printf("%s:%u", report->file, report->line),
        .statement = report->condition != NULL
                         ? g_strdup_printf("%s: %s", report->condition, report->text)
                         : g_strdup(report->text),
        .outcome = g_strdup(outcome),
    };
}

static void add_passed(const struct cfg_filter_report *report, void *user)
{
    struct line line = filter_line(report, "passed");

    g_array_append_val(user, line);
}

static void add_removing(const struct cfg_filter_report *report, void *user)
{
    struct line line;

    if (report->keeps)
        return;
    line = filter_line(report, "removed it");
    g_array_append_val(user, line);
}

static void print_lines(const GArray *lines)
{
    size_t place = 0, statement = 0;

    for (unsigned i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        place = MAX(place, MIN(strlen(line->place), MAX_PLACE));
        statement = MAX(statement, MIN(strlen(line->statement), MAX_STATEMENT));
    }
    for (unsigned i = 0; i < lines->len; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);

        printf("%-*s  %-*s  -> %s\n", (int)place, line->place, (int)statement, line->statement,
               line->outcome);
    }
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

/* The key without endings that has a value: mem for mem_vm1; else the nearest one. */
static char *suggest_key(const struct params *test, const char *key)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    g_autofree char *shorter = g_strdup(key);
    struct params_iter it;
    char *cut;

    while ((cut = strrchr(shorter, '_')) != NULL) {
        *cut = '\0';
        if (params_get(test, shorter) != NULL)
            return g_steal_pointer(&shorter);
    }
    for (params_iter_init(&it, test); params_iter_next(&it);)
        g_ptr_array_add(keys, (void *)it.key);
    g_ptr_array_add(keys, NULL);
    return g_strdup(nearest_find(key, (const char *const *)keys->pdata));
}

/* Nothing of the test sets the key: its default, or the nearest key that is set or known. */
static char *advise(const struct params *test, const char *key)
{
    const struct param_info *info = description_parameter(key);
    g_autofree char *other = NULL;

    if (info != NULL && info->fallback != NULL)
        return g_strdup_printf("; its default is %s", info->fallback);
    if (info != NULL)
        return g_strdup("; it has no default");
    other = suggest_key(test, key);
    if (other == NULL)
        other = g_strdup(description_nearest(key));
    return other != NULL ? g_strdup_printf("; did you mean '%s'?", other) : g_strdup("");
}

static int fail_untouched(const struct explaining *explaining, struct cfg *cfg, GError **err)
{
    g_autoptr(params) test = cfg_test_params(cfg, err);
    g_autofree char *advice = NULL, *name = NULL;

    if (test == NULL)
        return -1;
    advice = advise(test, explaining->key);
    name = test_name_full(cfg_test_name(cfg), explaining->reading.selection.file);
    g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT, "nothing sets '%s' in the test '%s'%s",
                explaining->key, name, advice);
    return -1;
}

static int explain_values(const struct explaining *explaining, struct cfg *cfg, GError **err)
{
    g_autoptr(GArray) lines = lines_new();
    g_autoptr(secrets) secrets = secrets_new();
    struct told told = {lines, secrets};

    if (cfg_explain(cfg, explaining->key, add_step, &told, err) < 0 ||
        hide_secrets(&told, cfg, err) < 0)
        return -1;
    if (lines->len == 0 && explaining->key != NULL)
        return fail_untouched(explaining, cfg, err);
    if (explaining->key == NULL)
        g_array_sort(lines, compare_keys); /* stable */
    print_lines(lines);
    return 0;
}

static int explain_filters(struct cfg *cfg, GError **err)
{
    g_autoptr(GArray) lines = lines_new();

    if (cfg_explain_filters(cfg, add_passed, lines, err) < 0)
        return -1;
    print_lines(lines);
    return 0;
}

/* WHY says that there is no such test, and names the nearest. */
static int explain_missing(const struct explaining *explaining, struct cfg *cfg, const GError *why,
                           GError **err)
{
    g_autoptr(GArray) lines = lines_new();
    int found = cfg_explain_missing(cfg, explaining->test, add_removing, lines, err);

    if (found < 0)
        return -1;
    if (found == 0) {
        g_propagate_error(err, g_error_copy(why));
        return -1;
    }
    fprintf(stderr, "vtmh: %s\n", why->message);
    if (lines->len == 0)
        printf("no filter removed it: %s\n",
               explaining->reading.selection.defaults
                   ? "-d prefers another variant, or a join takes it as a part"
                   : "a join takes it as a part");
    print_lines(lines);
    return 0;
}

static int explain(const struct explaining *explaining, struct cfg *cfg, GError **err)
{
    g_autoptr(GError) why = NULL;

    if (cfg_seek(cfg, explaining->test, &why) < 0) {
        if (g_error_matches(why, CFG_ERROR, CFG_ERROR_ARGUMENT))
            return explain_missing(explaining, cfg, why, err);
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    return explaining->filters ? explain_filters(cfg, err) : explain_values(explaining, cfg, err);
}

int command_explain(int argc, char **argv)
{
    struct explaining explaining = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(cfg) cfg = NULL;
    int status = reading_parse(&arguments, argc, argv, &explaining.reading);

    if (status < 0) {
        if (explaining.test == NULL)
            g_set_error(&error, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE, "no test\nusage: %s",
                        arguments.usage);
        else if ((cfg = reading_open(&explaining.reading, &error)) != NULL)
            explain(&explaining, cfg, &error);
        status = reading_end(error);
    }
    reading_clear(&explaining.reading);
    g_free(explaining.test);
    g_free(explaining.key);
    return status;
}
