#include "migration/move/series.h"

#include <math.h>

static char *path_of(const struct seat *seat)
{
    g_autofree char *name = g_strdup_printf("%s.series.csv", seat->name);
    return g_build_filename(seat->test->host->log_dir, name, NULL);
}

/* Opens it for the first look of the test. false: it cannot be written, or takes no more. */
static bool is_open(struct seat *seat)
{
    struct series *series = &seat->series;
    if (series->file != NULL || series->is_over || seat->test->host->log_dir == NULL)
        return series->file != NULL;
    g_autofree char *path = path_of(seat);
    series->file = fopen(path, "ae");
    if (series->file == NULL) {
        series->is_over = true;
        host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "source", seat->name,
                 "cannot write %s: what is seen of migrations is not in it", path);
        return false;
    }
    setvbuf(series->file, NULL, _IOLBF, 0);
    series->bytes = fprintf(series->file, SERIES_HEADER);
    return true;
}

static void add_figure(GString *row, double value)
{
    g_string_append_c(row, ',');
    if (isfinite(value) && value >= 0)
        g_string_append_printf(row, "%.0f", value);
}

void series_add(struct seat *seat, Vtmh__Migration *leg, const struct vm_move_stats *look)
{
    struct series *series = &seat->series;
    if (look->total_ms < 0) /* it has not begun yet */
        return;
    leg->iterations = MAX(leg->iterations, 0) + 1;
    if (!is_open(seat))
        return;
    g_autoptr(GString) row = g_string_new(NULL);
    g_string_append_printf(row, "%u,%u", leg->leg, leg->attempt);
    const double figures[] = {look->total_ms,
                              (double)look->dirty_syncs,
                              (double)look->remaining_bytes,
                              (double)look->transferred_bytes,
                              (double)look->dirty_bytes_per_s,
                              look->bytes_per_s,
                              (double)look->throttle_percent};
    for (size_t i = 0; i < G_N_ELEMENTS(figures); i++)
        add_figure(row, figures[i]);
    g_string_append_c(row, '\n');
    if (series->bytes + (int64_t)row->len > SERIES_MAX_BYTES) {
        series->is_over = true;
        series_close(series);
        test_note(seat->test,
                  "%s: %s.series.csv is full (%d MiB): what was seen of migrations from leg %u on "
                  "is left out",
                  seat->test->host->name, seat->name, SERIES_MAX_BYTES >> 20, leg->leg);
        return;
    }
    series->bytes += (int64_t)row->len;
    fputs(row->str, series->file);
}

void series_close(struct series *series)
{
    if (series->file != NULL)
        fclose(series->file);
    series->file = NULL;
}
