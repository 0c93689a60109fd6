#include "orchestrator/drift/drift_report.h"
#include "orchestrator/report/text.h"

#include <math.h>

#define ROWS_SHOWN 40 /* slopes; there are three a process, and grave ones come first */

static const char *const roles[HOUR_ROLES] = {
    [HOUR_QEMU] = "qemu", [HOUR_NODE] = "node", [HOUR_COORDINATOR] = "vtmh"};

/* A cell of a table, right-aligned; text: transfer full. */
static void append_cell(GString *text, int width, char *cell)
{
    g_string_append_printf(text, "%*s%s", MAX(width - (int)text_columns(cell), 0), "", cell);
    g_free(cell);
}

static char *bytes_or_dash(double bytes, const char *per)
{
    g_autofree char *shown = bytes < 0 ? g_strdup("-") : text_bytes(bytes);
    return g_strconcat(shown, bytes < 0 ? "" : per, NULL);
}

static char *number_or_dash(double number, const char *format)
{
    char shown[32];
    return g_strdup(number < 0 ? "-" : g_ascii_formatd(shown, sizeof(shown), format, number));
}

static char *ms_or_dash(double ms)
{
    if (ms < 0)
        return g_strdup("-");
    return ms < 100 ? g_strdup_printf("%.1f ms", ms) : g_strdup_printf("%.0f ms", ms);
}

static void append_hour(GString *text, const struct hours *hours, const struct hour *hour)
{
    unsigned minutes = (unsigned)(hour->begin_s / 60);
    double pressure = hour_mean(&hour->pressure);
    append_cell(text, 8, g_strdup_printf("%u:%02u", minutes / 60, minutes % 60));
    append_cell(text, 9, g_strdup_printf("%u", hour->legs));
    append_cell(text, 11, ms_or_dash(hour_median(hours, hour, HOUR_LEG_MS)));
    append_cell(text, 11, ms_or_dash(hour_median(hours, hour, HOUR_DOWNTIME_MS)));
    append_cell(text, 13, bytes_or_dash(hour_median(hours, hour, HOUR_BYTES_PER_S), "/s"));
    for (unsigned role = 0; role < HOUR_ROLES; role++)
        append_cell(text, 11, bytes_or_dash(hour_mean(&hour->rss_bytes[role]), ""));
    for (unsigned role = 0; role < HOUR_ROLES; role++)
        append_cell(text, 6, number_or_dash(hour_mean(&hour->descriptors[role]), "%.1f"));
    append_cell(text, 8, pressure < 0 ? g_strdup("-") : g_strdup_printf("%.0f %%", pressure * 100));
    append_cell(text, 6, number_or_dash(hour_mean(&hour->load), "%.1f"));
    g_string_append_c(text, '\n');
}

static void append_hours(GString *text, const struct hours *hours)
{
    g_string_append(text, "                 medians of legs               memory                   "
                          "        descriptors       machine\n"
                          "    from     legs   leg time   downtime         rate");
    for (unsigned role = 0; role < HOUR_ROLES; role++)
        append_cell(text, 11, g_strdup(roles[role]));
    for (unsigned role = 0; role < HOUR_ROLES; role++)
        append_cell(text, 6, g_strdup(roles[role]));
    g_string_append(text, "  waited  load\n");
    for (unsigned i = 0; i < hours->rows->len; i++)
        append_hour(text, hours, g_ptr_array_index(hours->rows, i));
}

static const char *const verdicts[] = {
    [DRIFT_TOO_FEW] = "too little to tell",
    [DRIFT_STEADY] = "steady",
    [DRIFT_BUSIER] = "steady; the machine was busier",
    [DRIFT_GRAVE] = "DRIFTS",
};

static void append_row(GString *text, const struct drift_row *row)
{
    const struct drift_figure_row *figure = &drift_figures[row->figure];
    char *what = row->process != NULL ? g_strdup_printf("%s: %s", row->process, figure->name)
                                      : g_strdup(figure->name);
    bool has_slope = row->slope.pairs > 0;
    g_string_append_printf(text, "  %s%*s", what, MAX(34 - (int)text_columns(what), 1), "");
    g_free(what);
    append_cell(text, 24,
                has_slope ? g_strdup_printf("%+.4g ± %.2g", row->slope.slope, row->slope.error)
                          : g_strdup("-"));
    g_string_append_printf(text, " %-13s  limit %-6g %s\n", figure->unit, row->limit,
                           verdicts[row->verdict]);
}

static void append_cpu(void *arg, const char *process, double ms_per_leg)
{
    g_string_append_printf(arg, "  %s: %.3g ms of CPU a leg\n", process, ms_per_leg);
}

char *drift_text(const struct drift *drift)
{
    GString *text = g_string_new(NULL);
    g_autofree char *time = text_duration(drift_seconds(drift));
    g_autoptr(GArray) rows = drift_rows(drift);
    g_string_append_printf(text, "drift: %u legs in %s\n", drift_legs(drift), time);
    if (drift_legs(drift) < drift_needed(drift))
        g_string_append_printf(text, "too few to tell of any drift: that takes %u (drift_legs)\n",
                               drift_needed(drift));
    append_hours(text, drift_hours(drift));
    g_string_append_printf(text,
                           "slopes, each with its standard error, without the first third; one "
                           "counts from %d errors on\n",
                           TREND_ERRORS);
    for (unsigned i = 0; i < MIN(rows->len, ROWS_SHOWN); i++)
        append_row(text, &g_array_index(rows, struct drift_row, i));
    if (rows->len > ROWS_SHOWN)
        g_string_append_printf(text, "  … and %u more, which do not drift\n",
                               rows->len - ROWS_SHOWN);
    drift_foreach_cpu(drift, append_cpu, text);
    return g_string_free(text, FALSE);
}
