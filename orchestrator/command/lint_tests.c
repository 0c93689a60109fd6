#include "orchestrator/command/lint_tests.h"

#include "orchestrator/judge.h"
#include "orchestrator/tests.h"

#include <string.h>

/* The size of the tuple, unless run is told another one. */
#define N_HOSTS 2

struct telling {
    GHashTable *told; /* sentences and keys, each once */
    bool is_part;     /* of another configuration, which says more of its tests */
    lint_tests_fn fn;
    void *user;
};

const char *lint_kind_name(unsigned kind)
{
    static const char *const names[] = {
        [LINT_VALUE - CFG_LINT_KINDS] = "value",
        [LINT_UNSUPPORTED - CFG_LINT_KINDS] = "unsupported",
        [LINT_WARNING - CFG_LINT_KINDS] = "warning",
        [LINT_UNKNOWN - CFG_LINT_KINDS] = "unknown",
    };

    return kind < CFG_LINT_KINDS ? cfg_lint_kind_name(kind) : names[kind - CFG_LINT_KINDS];
}

/* The place that stands in front of a sentence, if one does: "FILE:LINE: …". Transfer full. */
static char *split_place(const char **sentence, unsigned *line)
{
    for (const char *end = strstr(*sentence, ": "); end != NULL; end = strstr(end + 1, ": ")) {
        const char *digits = end;

        while (digits > *sentence && g_ascii_isdigit(digits[-1]))
            digits--;
        if (digits == end || digits - *sentence < 2 || digits[-1] != ':')
            continue;
        char *file = g_strndup(*sentence, (gsize)(digits - 1 - *sentence));
        *line = (unsigned)g_ascii_strtoull(digits, NULL, 10);
        *sentence = end + strlen(": ");
        return file;
    }
    *line = 0;
    return NULL;
}

static void tell_sentences(struct telling *telling, unsigned kind, const GPtrArray *sentences)
{
    for (unsigned i = 0; i < sentences->len; i++) {
        const char *sentence = g_ptr_array_index(sentences, i);
        g_autofree char *file = NULL;
        unsigned line;

        if (g_hash_table_contains(telling->told, sentence))
            continue;
        g_hash_table_add(telling->told, g_strdup(sentence));
        file = split_place(&sentence, &line);
        telling->fn(kind, file, line, sentence, telling->user);
    }
}

/* Of those that are near to a parameter a warning has been told. */
static void tell_unknown(struct telling *telling, const struct judge *judge, struct cfg *config,
                         const struct judgement *judgement)
{
    for (unsigned i = 0; i < judgement->unknown->len; i++) {
        const char *key = g_ptr_array_index(judgement->unknown, i);
        g_autofree char *message = NULL;
        g_autofree char *file = NULL;
        struct cfg_change change;

        if (g_hash_table_contains(telling->told, key))
            continue;
        g_hash_table_add(telling->told, g_strdup(key));
        if (judge_near(judge, key) != NULL || cfg_test_value(config, key, &change, NULL) < 0)
            continue;
        message = g_strdup_printf("no test type knows %s", key);
        telling->fn(LINT_UNKNOWN, change.file, change.line, message, telling->user);
    }
}

static int judge_test(struct telling *telling, struct judge *judge, struct cfg *config,
                      GError **err)
{
    const struct judgement *judgement = judge_current(judge, config, err);

    if (judgement == NULL)
        return -1;
    if (!telling->is_part) {
        tell_sentences(telling, LINT_VALUE, judgement->errors);
        tell_sentences(telling, LINT_UNSUPPORTED, judgement->skips);
    }
    tell_sentences(telling, LINT_WARNING, judgement->warnings);
    tell_unknown(telling, judge, config, judgement);
    return 0;
}

int lint_tests_judge(struct cfg *config, uint64_t max_tests, lint_tests_fn fn, void *user,
                     GError **err)
{
    g_autoptr(judge) judge = judge_new(N_HOSTS);
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct telling telling = {told, !cfg_mentions(config, "type"), fn, user};
    int more;

    if (max_tests == 0 || max_tests > TESTS_MAX)
        max_tests = TESTS_MAX;
    cfg_rewind(config);
    while ((more = cfg_next(config, err)) > 0) {
        if (cfg_test_number(config) > max_tests)
            return 1;
        if (judge_test(&telling, judge, config, err) < 0)
            return -1;
    }
    return more;
}
