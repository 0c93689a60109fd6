/*
 * The configuration engine on arbitrary bytes.
 *
 * The first byte is the options. The rest is texts separated by NUL bytes: the top file, then the
 * files "1", "2", ... that it may include, and behind an empty text the extra code.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cfg/cfg.h"
#include "cfg/explain.h"
#include "cfg/jsonl.h"
#include "cfg/lint.h"

#define TESTS_MAX 200
#define STEPS_MAX 20000
#define OUTPUT_MAX (4u << 20)
#define INPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    char *texts[16];
    size_t n_files;
    size_t n;
};

static int read_text(const char *path, size_t max_size, char **data, size_t *size, void *user,
                     GError **err)
{
    const struct input *in = user;
    uint64_t number = strcmp(path, "top") == 0 ? 0 : g_ascii_strtoull(path, NULL, 10);

    if (number >= in->n_files || strlen(in->texts[number]) > max_size) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_OPEN, "%s: no such file", path);
        return -1;
    }
    *size = strlen(in->texts[number]);
    *data = g_strdup(in->texts[number]);
    return 0;
}

static void split(struct input *in, const uint8_t *data, size_t size)
{
    bool files = true;

    while (size && in->n < G_N_ELEMENTS(in->texts)) {
        const uint8_t *end = memchr(data, 0, size);
        size_t n = end ? (size_t)(end - data) : size;

        if (n == 0)
            files = false;
        else
            in->texts[in->n++] = g_strndup((const char *)data, n);
        if (files)
            in->n_files = in->n;
        data += end ? n + 1 : n;
        size -= end ? n + 1 : n;
    }
}

static void ignore_step(const struct cfg_step *step, void *user)
{
    *(size_t *)user += strlen(step->key) + strlen(step->written);
}

static void ignore_filter(const struct cfg_filter_report *report, void *user)
{
    *(size_t *)user += strlen(report->text);
}

static void ignore_finding(const struct cfg_lint_finding *finding, void *user)
{
    *(size_t *)user += strlen(finding->message);
}

/* The fast line and the line made from params must agree. Where names are set by `_max` or `_fixed`
 * of nothing both do the same. */
static void check_line(struct cfg *c, const GString *line)
{
    g_autoptr(params) p = cfg_test_params(c, NULL);
    g_autoptr(GString) slow = g_string_new(NULL);

    g_assert_true(p);
    jsonl_append_params(slow, p);
    g_assert_cmpstr(slow->str, ==, line->str);
}

static void expand(struct cfg *c)
{
    g_autoptr(GString) line = g_string_new(NULL);
    size_t ignored = 0;
    size_t written = 0;

    for (int i = 0; i < TESTS_MAX && written < OUTPUT_MAX && cfg_next(c, NULL) > 0; i++) {
        g_string_truncate(line, 0);
        if (cfg_test_jsonl(c, line, NULL) < 0)
            continue;
        written += line->len;
        check_line(c, line);
        if (i == 0) {
            g_autofree char *name = g_strdup(cfg_test_name(c));

            cfg_explain(c, NULL, ignore_step, &ignored, NULL);
            cfg_explain_filters(c, ignore_filter, &ignored, NULL);
            cfg_rewind(c);
            g_assert_cmpint(cfg_next(c, NULL), ==, 1);
            g_assert_cmpstr(cfg_test_name(c), ==, name);
        }
    }
    cfg_lint(c, TESTS_MAX, ignore_finding, &ignored, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {0};
    struct cfg_options options = {
        .read = read_text,
        .read_user = &in,
        .max_steps = STEPS_MAX,
        .expand = (const char *const[]){"v", NULL},
    };
    g_autoptr(cfg) c = NULL;
    bool good;

    if (size < 2 || size > INPUT_MAX)
        return 0;
    options.defaults = data[0] & 1;
    options.keep_suffixes = data[0] & 2;
    options.full_joins = data[0] & 4;
    split(&in, data + 1, size - 1);
    if (in.n_files) {
        c = cfg_new(&options);
        good = cfg_parse_file(c, "top", NULL) == 0;
        for (size_t i = in.n_files; good && i < in.n; i++)
            good = cfg_parse_text(c, NULL, in.texts[i], NULL) == 0;
        if (good)
            expand(c);
    }
    for (size_t i = 0; i < in.n; i++)
        g_free(in.texts[i]);
    return 0;
}
