#include "orchestrator/command/lint.h"

#include "orchestrator/command/configuration.h"
#include "orchestrator/command/lint_tests.h"
#include "orchestrator/tests.h"

#include "cfg/lint.h"

#include <stdio.h>
#include <string.h>

#define STATUS_FINDINGS 1

/* So many tests are seen in a second or two. */
#define DEFAULT_MAX_TESTS 1000000

struct linting {
    struct reading reading;
    GPtrArray *files;  /* char * */
    unsigned only, no; /* sets of kinds, as bits; only: 0 for all */
    int64_t max_tests;
    bool included; /* --included */
    bool found;    /* there has been a finding that is wanted */
};

struct finding {
    unsigned kind; /* lint_kind_name() */
    char *file;    /* NULL: the configuration as a whole */
    unsigned line;
    char *message;
};

static void finding_clear(void *data)
{
    struct finding *finding = data;

    g_free(finding->file);
    g_free(finding->message);
}

static char *kind_list(void)
{
    GString *list = g_string_new(NULL);

    for (unsigned kind = 0; kind < LINT_KINDS; kind++)
        g_string_append_printf(list, "%s%s", kind > 0 ? ", " : "", lint_kind_name(kind));
    return g_string_free(list, FALSE);
}

static int add_kind(const char *name, unsigned *set, GError **err)
{
    g_autofree char *known = NULL;

    for (unsigned kind = 0; kind < LINT_KINDS; kind++) {
        if (strcmp(lint_kind_name(kind), name) != 0)
            continue;
        *set |= 1u << kind;
        return 0;
    }
    known = kind_list();
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                "\"%s\" is not a kind of finding; there are %s", name, known);
    return -1;
}

static int add_kinds(const char *value, unsigned *set, GError **err)
{
    g_auto(GStrv) names = g_strsplit(value, ",", -1);

    for (char **name = names; *name != NULL; name++)
        if (add_kind(g_strstrip(*name), set, err) < 0)
            return -1;
    return 0;
}

static int take_only_kind(const char *value, void *target, GError **err)
{
    return add_kinds(value, &((struct linting *)target)->only, err);
}

static int take_no_kind(const char *value, void *target, GError **err)
{
    return add_kinds(value, &((struct linting *)target)->no, err);
}

static int take_max_tests(const char *value, void *target, GError **err)
{
    struct linting *linting = target;
    int64_t number;

    if (params_parse_int("the number", value, &number, err) < 0)
        return -1;
    if (number < 0) {
        g_set_error_literal(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                            "the number must not be negative; 0 is all");
        return -1;
    }
    linting->max_tests = number;
    return 0;
}

static int take_file(const char *word, void *target, G_GNUC_UNUSED GError **err)
{
    struct linting *linting = target;

    g_ptr_array_add(linting->files, g_strdup(word));
    if (linting->reading.selection.file == NULL)
        linting->reading.selection.file = g_strdup(word);
    return 0;
}

static const struct argument table[] = {
    {"only-kind", '\0', "KINDS", .take = take_only_kind,
     .help = "only these kinds of findings, separated by commas"},
    {"no-kind", '\0', "KINDS", .take = take_no_kind, .help = "leave out these kinds"},
    {"max-tests", '\0', "N", .take = take_max_tests,
     .help = "how many tests are looked at (1000000; 0 is all); variants in no\n"
             "test are told only when all have been seen"},
    {"included", .flag = offsetof(struct linting, included),
     .help = "tell also what included files have for other configurations:\n"
             "filters without a match, variants in no test"},
    READING_ROWS,
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh lint [options] FILE.cfg…",
    .about =
        "Prints what is probably a mistake, one finding a line: FILE:LINE: KIND: TEXT. Each file\n"
        "is a configuration of its own, with all that it includes.",
    .more =
        "kinds:\n"
        "  tab            a tab in a line\n"
        "  filter         a word of a filter or condition for which there is no variant\n"
        "  unreachable    a variant in no test\n"
        "  overridden     a value that is replaced before anything uses it\n"
        "  repeated-name  two tests with one full name\n"
        "  join           a join that leaves no test, loses some, or combines too much\n"
        "  odd            what can be read, but hardly as it was meant\n"
        "  empty          no test is left\n"
        "  value          what makes run refuse the configuration\n"
        "  unsupported    what is not supported: the test is SKIP\n"
        "  warning        a name that is nearly that of a parameter: the test is WARN\n"
        "  unknown        any other name that no test type knows\n"
        "The last four look at 100000 tests at most. A file that speaks of no type is a part of\n"
        "others: value and unsupported say nothing of it.\n"
        "\n"
        "examples:\n"
        "  vtmh lint migrate.cfg\n"
        "  vtmh lint --no-kind filter,unreachable part-of-another.cfg\n"
        "\n"
        "exit status: 0 nothing found, 1 something found, 4 the command line or a configuration\n"
        "is wrong",
    .table = table,
    .take_word = take_file,
};

static void add(GArray *findings, unsigned kind, const char *file, unsigned line,
                const char *message)
{
    struct finding finding = {kind, g_strdup(file), line, g_strdup(message)};

    g_array_append_val(findings, finding);
}

static void add_finding(const struct cfg_lint_finding *found, void *user)
{
    add(user, found->kind, found->file, found->line, found->message);
}

static void add_of_tests(unsigned kind, const char *file, unsigned line, const char *message,
                         void *user)
{
    add(user, kind, file, line, message);
}

/* By place; what has none comes last. */
static int compare_findings(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;

    if (x->file == NULL || y->file == NULL)
        return (x->file == NULL) - (y->file == NULL);
    if (strcmp(x->file, y->file) != 0)
        return strcmp(x->file, y->file);
    return (x->line > y->line) - (x->line < y->line);
}

/* A library speaks of more than one configuration uses. */
static bool is_for_others(const struct finding *finding, const char *file)
{
    return (finding->kind == CFG_LINT_FILTER || finding->kind == CFG_LINT_UNREACHABLE) &&
           finding->file != NULL && strcmp(finding->file, file) != 0 &&
           strcmp(finding->file, TESTS_COMMAND_LINE) != 0;
}

static bool is_wanted(const struct linting *linting, unsigned kind)
{
    unsigned bit = 1u << kind;

    return (linting->only == 0 || linting->only & bit) && !(linting->no & bit);
}

/* A file that is included twice has each of its findings twice. */
static bool is_same(const struct finding *a, const struct finding *b)
{
    return compare_findings(a, b) == 0 && a->kind == b->kind && strcmp(a->message, b->message) == 0;
}

static void print_findings(struct linting *linting, const char *file, GArray *findings)
{
    const struct finding *last = NULL;
    unsigned left_out = 0;

    g_array_sort(findings, compare_findings);
    for (unsigned i = 0; i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);

        if (!is_wanted(linting, finding->kind) || (last != NULL && is_same(last, finding)))
            continue;
        last = finding;
        if (!linting->included && is_for_others(finding, file)) {
            left_out++;
            continue;
        }
        if (finding->file != NULL)
            printf("%s:%u: ", finding->file, finding->line);
        else
            printf("%s: ", file);
        printf("%s: %s\n", lint_kind_name(finding->kind), finding->message);
        linting->found = true;
    }
    if (left_out > 0)
        fprintf(stderr,
                "vtmh: %s: left out %u filters and variants of included files that are not used "
                "here; --included tells them\n",
                file, left_out);
}

/* Whether the tests are to be judged: that takes longer than all else. */
static bool asks_judge(const struct linting *linting)
{
    for (unsigned kind = CFG_LINT_KINDS; kind < LINT_KINDS; kind++)
        if (is_wanted(linting, kind))
            return true;
    return false;
}

static int look_for_findings(const struct linting *linting, struct cfg *cfg, const char *file,
                             GArray *findings, GError **err)
{
    uint64_t max_tests = (uint64_t)linting->max_tests;
    int more = cfg_lint(cfg, max_tests, add_finding, findings, err);
    int unjudged = 0;

    if (more >= 0 && asks_judge(linting))
        unjudged = lint_tests_judge(cfg, max_tests, add_of_tests, findings, err);
    if (more < 0 || unjudged < 0)
        return -1;
    if (more > 0)
        fprintf(stderr,
                "vtmh: %s: there are more tests than %" G_GINT64_FORMAT
                "; variants in no test are not told\n",
                file, linting->max_tests);
    else if (unjudged > 0)
        fprintf(stderr,
                "vtmh: %s: there are more tests than a job may have (%d); parameters of the "
                "others are not looked at\n",
                file, TESTS_MAX);
    return 0;
}

static int lint_file(struct linting *linting, const char *file, GError **err)
{
    g_autoptr(GArray) findings = g_array_new(FALSE, FALSE, sizeof(struct finding));
    g_autoptr(cfg) cfg = NULL;

    g_array_set_clear_func(findings, finding_clear);
    g_free(linting->reading.selection.file);
    linting->reading.selection.file = g_strdup(file);
    cfg = reading_open(&linting->reading, err);
    if (cfg == NULL)
        return -1;
    if (look_for_findings(linting, cfg, file, findings, err) < 0)
        return -1;
    print_findings(linting, file, findings);
    return 0;
}

/* A file that cannot be read does not keep the others from being looked at. */
static int lint_files(struct linting *linting)
{
    int status = 0;

    for (unsigned i = 0; i < linting->files->len; i++) {
        g_autoptr(GError) error = NULL;

        lint_file(linting, g_ptr_array_index(linting->files, i), &error);
        status |= reading_end(error);
    }
    return status != 0 ? status : linting->found ? STATUS_FINDINGS : 0;
}

int command_lint(int argc, char **argv)
{
    struct linting linting = {
        .files = g_ptr_array_new_with_free_func(g_free),
        .max_tests = DEFAULT_MAX_TESTS,
    };
    int status = reading_parse(&arguments, argc, argv, &linting.reading);

    if (status < 0)
        status = lint_files(&linting);
    reading_clear(&linting.reading);
    g_ptr_array_unref(linting.files);
    return status;
}
