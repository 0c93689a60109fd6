#include "orchestrator/report/exposition.h"

#include <stdbool.h>

/* Seconds: from a downtime of a small guest to a large one that does not converge. */
static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                0.5,   1,      2.5,   5,    10,    30,   60,  300};

struct histogram {
    guint64 counts[G_N_ELEMENTS(bounds) + 1]; /* the last: above all bounds */
    double sum;
};

/* One set of labels. */
struct series {
    char *labels; /* as they are written: a="1",b="2" */
    double value;
};

struct family {
    const struct family_info *info;
    GHashTable *by_labels; /* labels -> struct series, theirs */
    GPtrArray *figures;    /* struct series, as they came */
    struct histogram histogram;
};

struct exposition {
    struct family *families;
    unsigned n;
};

static void series_free(gpointer data)
{
    struct series *figure = data;
    g_free(figure->labels);
    g_free(figure);
}

struct exposition *exposition_new(const struct family_info *infos, unsigned n)
{
    struct exposition *exposition = g_new0(struct exposition, 1);
    exposition->families = g_new0(struct family, n);
    exposition->n = n;
    for (unsigned i = 0; i < n; i++) {
        exposition->families[i].info = &infos[i];
        exposition->families[i].figures = g_ptr_array_new_with_free_func(series_free);
        exposition->families[i].by_labels = g_hash_table_new(g_str_hash, g_str_equal);
    }
    return exposition;
}

void exposition_free(struct exposition *exposition)
{
    for (unsigned i = 0; i < exposition->n; i++) {
        g_hash_table_unref(exposition->families[i].by_labels);
        g_ptr_array_unref(exposition->families[i].figures);
    }
    g_free(exposition->families);
    g_free(exposition);
}

/* A label's value may be any UTF-8. */
static void add_escaped(GString *text, const char *value)
{
    g_autofree char *cut = g_strndup(value, EXPOSITION_LABEL);
    g_autofree char *valid = g_utf8_make_valid(cut, -1);
    for (const char *at = valid; *at != '\0'; at++) {
        if (*at == '\n')
            g_string_append(text, "\\n");
        else if (*at == '\\' || *at == '"')
            g_string_append_printf(text, "\\%c", *at);
        else
            g_string_append_c(text, (unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at);
    }
}

static char *labels_text(const struct family_info *info, const char *const *values)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; info->labels[i] != NULL; i++) {
        g_string_append_printf(text, "%s%s=\"", i > 0 ? "," : "", info->labels[i]);
        add_escaped(text, values[i]);
        g_string_append_c(text, '"');
    }
    return g_string_free(text, FALSE);
}

double *exposition_figure(struct exposition *exposition, unsigned index, const char *const *values)
{
    static const char *const others[EXPOSITION_LABELS] = {"other", "other", "other"};
    struct family *family = &exposition->families[index];
    g_autofree char *labels = labels_text(family->info, values);
    struct series *figure = g_hash_table_lookup(family->by_labels, labels);
    if (figure == NULL && values != others && family->figures->len >= EXPOSITION_SETS)
        return exposition_figure(exposition, index, others);
    if (figure == NULL) {
        figure = g_new0(struct series, 1);
        figure->labels = g_steal_pointer(&labels);
        g_ptr_array_add(family->figures, figure);
        g_hash_table_insert(family->by_labels, figure->labels, figure);
    }
    return &figure->value;
}

void exposition_observe(struct exposition *exposition, unsigned index, double value)
{
    struct histogram *histogram = &exposition->families[index].histogram;
    unsigned i = 0;
    while (i < G_N_ELEMENTS(bounds) && value > bounds[i])
        i++;
    histogram->counts[i]++;
    histogram->sum += value;
}

static const char *number(double value, char buffer[G_ASCII_DTOSTR_BUF_SIZE])
{
    return g_ascii_formatd(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.15g", value);
}

static void add_head(GString *text, const struct family_info *info)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help, info->name,
                           kinds[info->kind]);
}

static void add_histogram(GString *text, const struct family *family)
{
    const char *name = family->info->name;
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    guint64 count = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(bounds); i++) {
        count += family->histogram.counts[i];
        g_string_append_printf(text, "%s_bucket{le=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
                               number(bounds[i], buffer), count);
    }
    count += family->histogram.counts[G_N_ELEMENTS(bounds)];
    g_string_append_printf(text, "%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n", name, count);
    g_string_append_printf(text, "%s_sum %s\n", name, number(family->histogram.sum, buffer));
    g_string_append_printf(text, "%s_count %" G_GUINT64_FORMAT "\n", name, count);
}

static void add_figures(GString *text, const struct family *family)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    for (unsigned i = 0; i < family->figures->len; i++) {
        const struct series *figure = g_ptr_array_index(family->figures, i);
        bool has_labels = *figure->labels != '\0';
        g_string_append_printf(text, "%s%s%s%s %s\n", family->info->name, has_labels ? "{" : "",
                               figure->labels, has_labels ? "}" : "",
                               number(figure->value, buffer));
    }
}

char *exposition_text(const struct exposition *exposition)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < exposition->n; i++) {
        const struct family *family = &exposition->families[i];
        bool is_histogram = family->info->kind == METRIC_HISTOGRAM;
        if (!is_histogram && family->figures->len == 0)
            continue;
        add_head(text, family->info);
        if (is_histogram)
            add_histogram(text, family);
        else
            add_figures(text, family);
    }
    return g_string_free(text, FALSE);
}
