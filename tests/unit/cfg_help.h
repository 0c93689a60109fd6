/* Expanding texts in tests: files come from a table, results are compared as text. */
#ifndef VTMH_TESTS_CFG_HELP_H
#define VTMH_TESTS_CFG_HELP_H

#include <criterion/criterion.h>
#include <string.h>

#include "cfg/cfg.h"
#include "cfg/explain.h"

static inline void cfg_help_keep_step(const struct cfg_step *step, void *last)
{
    g_hash_table_insert(last, g_strdup(step->key), step->lost ? NULL : g_strdup(step->value));
}

/* Of each parameter of the current test, the last line of explain is its value. */
static inline void cfg_help_check_explained(struct cfg *c)
{
    g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(params) p = cfg_test_params(c, NULL);
    guint n_keys = 0, n_explained = 0;
    struct params_iter it;
    GHashTableIter lines;
    void *value;

    if (!p)
        return;
    cr_assert_eq(cfg_explain(c, NULL, cfg_help_keep_step, last, NULL), 0);
    params_iter_init(&it, p);
    while (params_iter_next(&it)) {
        const char *explained = g_hash_table_lookup(last, it.key);

        if (strcmp(it.key, "name") == 0 || strcmp(it.key, "shortname") == 0)
            continue;
        n_keys++;
        cr_assert(explained && strcmp(explained, it.value) == 0,
                  "test %s: %s is '%s', but explain ends with '%s'", cfg_test_name(c), it.key,
                  it.value, explained ? explained : "(nothing)");
    }
    g_hash_table_iter_init(&lines, last);
    while (g_hash_table_iter_next(&lines, NULL, &value))
        n_explained += value != NULL;
    cr_assert_eq(n_explained, n_keys, "test %s: explain has %u parameters, show %u",
                 cfg_test_name(c), n_explained, n_keys);
}

/* Ends with a NULL name. */
struct cfg_help_file {
    const char *name;
    const char *text;
    size_t size; /* 0: up to the NUL */
};

static inline int cfg_help_read(const char *path, size_t max_size, char **data, size_t *size,
                                void *user, GError **err)
{
    for (const struct cfg_help_file *file = user; file && file->name; file++)
        if (strcmp(file->name, path) == 0) {
            *size = file->size ? file->size : strlen(file->text);
            cr_assert_leq(*size, max_size);
            *data = g_memdup2(file->text, *size + 1);
            return 0;
        }
    g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: no such file", path);
    return -1;
}

enum cfg_help_what { CFG_HELP_NAMES, CFG_HELP_SHORTNAMES, CFG_HELP_LINES };

/* Expands the file "top"; the result is one text, or NULL with an error. */
static inline char *cfg_help_run(const struct cfg_help_file *files, struct cfg_options options,
                                 enum cfg_help_what what, GError **err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(cfg) c = NULL;
    int more;

    options.read = cfg_help_read;
    options.read_user = (void *)files;
    c = cfg_new(&options);
    if (cfg_parse_file(c, "top", err) < 0)
        return NULL;
    while ((more = cfg_next(c, err)) > 0) {
        cfg_help_check_explained(c);
        if (what == CFG_HELP_LINES) {
            if (cfg_test_jsonl(c, out, err) < 0)
                return NULL;
            continue;
        }
        g_string_append(out, what == CFG_HELP_NAMES ? cfg_test_name(c) : cfg_test_shortname(c));
        g_string_append_c(out, ' ');
    }
    if (more < 0)
        return NULL;
    if (what != CFG_HELP_LINES && out->len)
        g_string_truncate(out, out->len - 1);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static inline void cfg_help_expect(const char *text, struct cfg_options options,
                                   enum cfg_help_what what, const char *expected)
{
    const struct cfg_help_file files[] = {{"top", text, 0}, {NULL, NULL, 0}};
    g_autoptr(GError) err = NULL;
    g_autofree char *result = cfg_help_run(files, options, what, &err);

    cr_assert_not_null(result, "%s\n--- of:\n%s", err ? err->message : "", text);
    cr_assert_str_eq(result, expected, "got:\n%s\nwanted:\n%s\n--- of:\n%s", result, expected,
                     text);
}

/* The full names, separated by blanks. */
static inline void expect_names(const char *text, const char *expected)
{
    cfg_help_expect(text, (struct cfg_options){0}, CFG_HELP_NAMES, expected);
}

/* The canonical lines. */
static inline void expect_lines(const char *text, const char *expected)
{
    cfg_help_expect(text, (struct cfg_options){0}, CFG_HELP_LINES, expected);
}

/* The one dictionary of a text without variants, without its names. */
static inline void expect_keys(const char *text, const char *expected)
{
    const struct cfg_help_file files[] = {{"top", text, 0}, {NULL, NULL, 0}};
    g_autoptr(GError) err = NULL;
    g_autoptr(cfg) c =
        cfg_new(&(struct cfg_options){.read = cfg_help_read, .read_user = (void *)files});
    g_autoptr(params) p = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    struct params_iter it;

    cr_assert_eq(cfg_parse_file(c, "top", &err), 0, "%s", err ? err->message : "");
    cr_assert_eq(cfg_next(c, &err), 1);
    p = cfg_test_params(c, &err);
    cr_assert_not_null(p, "%s\n--- of:\n%s", err ? err->message : "", text);
    params_iter_init(&it, p);
    while (params_iter_next(&it))
        if (strcmp(it.key, "name") != 0 && strcmp(it.key, "shortname") != 0)
            g_string_append_printf(out, "%s%s=%s", out->len ? "|" : "", it.key, it.value);
    cr_assert_str_eq(out->str, expected, "got %s, wanted %s\n--- of:\n%s", out->str, expected,
                     text);
}

/* Parsing or expanding fails with this code; the message begins with PLACE and contains WORDS. */
static inline void expect_error_files(const struct cfg_help_file *files, enum cfg_error code,
                                      const char *place, const char *words)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *result = cfg_help_run(files, (struct cfg_options){0}, CFG_HELP_LINES, &err);

    cr_assert_null(result, "no error, but: %s\n--- of:\n%s", result, files[0].text);
    cr_assert_not_null(err);
    cr_assert_eq(err->domain, CFG_ERROR);
    cr_assert_eq(err->code, (int)code, "code %d: %s", err->code, err->message);
    cr_assert(g_str_has_prefix(err->message, place), "got %s, wanted it at %s", err->message,
              place);
    cr_assert_not_null(strstr(err->message, words), "got %s, wanted: %s", err->message, words);
}

static inline void expect_error(const char *text, enum cfg_error code, const char *place,
                                const char *words)
{
    const struct cfg_help_file files[] = {{"top", text, 0}, {NULL, NULL, 0}};

    expect_error_files(files, code, place, words);
}

#endif
