#include "orchestrator/report/summary.h"

#include "orchestrator/arguments.h"
#include "orchestrator/report/file.h"
#include "orchestrator/report/text.h"

#include <stdlib.h>
#include <string.h>

#define INDENT "      " /* of what belongs to the line above */

static const char *const colour_of[] = {
    [VTMH__STATUS__STATUS_NONE] = "",           [VTMH__STATUS__STATUS_PASS] = "\033[32m",
    [VTMH__STATUS__STATUS_SKIP] = "\033[36m",   [VTMH__STATUS__STATUS_CANCEL] = "\033[36m",
    [VTMH__STATUS__STATUS_WARN] = "\033[33m",   [VTMH__STATUS__STATUS_ERROR] = "\033[31m",
    [VTMH__STATUS__STATUS_FAIL] = "\033[1;31m", [VTMH__STATUS__STATUS_INTERRUPT] = "\033[35m",
};

const char *summary_colour(Vtmh__Status status, bool colours)
{
    if (!colours)
        return "";
    return (size_t)status < G_N_ELEMENTS(colour_of) ? colour_of[status] : "\033[31m";
}

const char *summary_colour_end(bool colours)
{
    return colours ? "\033[0m" : "";
}

/* "12.3/31.0", median and largest of the completed legs in which it was measured: of the VMs'
 * first, or of the others; "-" if none. Transfer full. */
static char *median_and_max(const struct histogram *figure)
{
    if (histogram_count(figure) == 0)
        return g_strdup("-");
    if (histogram_count(figure) == 1)
        return g_strdup_printf("%.1f", histogram_max(figure));
    return g_strdup_printf("%.1f/%.1f", histogram_median(figure), histogram_max(figure));
}

/* "35.2, 12.3/31.0 ms": first legs, which begin with a hypervisor that has never migrated, and
 * later ones. "-" where nothing was measured. Transfer full. */
static char *first_and_later(const struct test_result *test, enum leg_total figure)
{
    g_autofree char *first = median_and_max(test->totals.figures[LEG_FIRST][figure]);
    g_autofree char *later = median_and_max(test->totals.figures[LEG_LATER][figure]);

    if (strcmp(first, "-") == 0 && strcmp(later, "-") == 0)
        return g_strdup("-");
    return strcmp(later, "-") == 0 ? g_strdup_printf("%s ms", first)
                                   : g_strdup_printf("%s, %s ms", first, later);
}

/* "10", or "3/10" when not all were completed. Transfer full. */
static char *legs(const struct test_result *test)
{
    uint64_t all = test->totals.legs;
    uint64_t completed = test->totals.ends[VTMH__LEG_END__LEG_COMPLETED];

    if (all == 0)
        return g_strdup("-");
    if (completed == all)
        return g_strdup_printf("%" G_GUINT64_FORMAT, completed);
    return g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, completed, all);
}

/* "clean 9/10", "corrupt 1/10 (17 pages)", "not checked". Transfer full. */
static char *memory(const struct test_result *test)
{
    const struct leg_totals *totals = &test->totals;
    uint64_t clean = totals->checks[VTMH__MEMORY_CHECK__MEMORY_CLEAN];
    uint64_t corrupt = totals->checks[VTMH__MEMORY_CHECK__MEMORY_CORRUPT];

    if (corrupt > 0)
        return g_strdup_printf(
            "corrupt %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT " page%s)",
            corrupt, totals->legs, totals->bad_pages, totals->bad_pages == 1 ? "" : "s");
    if (clean > 0)
        return g_strdup_printf("clean %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, clean,
                               totals->legs);
    return g_strdup(totals->legs > 0 ? "not checked" : "-");
}

enum column { TEST, STATUS, TIME, LEGS, DOWNTIME, STOP_TO_RESUME, MEMORY, COLUMNS };

static const char *const headings[COLUMNS] = {
    [TEST] = "TEST",     [STATUS] = "STATUS",     [TIME] = "TIME",
    [LEGS] = "LEGS",     [DOWNTIME] = "DOWNTIME", [STOP_TO_RESUME] = "STOP→RESUME",
    [MEMORY] = "MEMORY",
};
static const char ascii_stop_to_resume[] = "STOP->RESUME";

static void fill_row(char *cells[COLUMNS], const struct test_result *test)
{
    g_autofree char *id = test_result_id(test);

    cells[TEST] = text_printable(id);
    cells[STATUS] = g_strdup(status_name(test->status));
    cells[TIME] = text_duration(MAX(test->elapsed_s, 0));
    cells[LEGS] = legs(test);
    cells[DOWNTIME] = first_and_later(test, TOTAL_DOWNTIME);
    cells[STOP_TO_RESUME] = first_and_later(test, TOTAL_STOP_TO_RESUME);
    cells[MEMORY] = memory(test);
}

static void print_row(FILE *out, char *const cells[COLUMNS], const unsigned widths[COLUMNS],
                      const char *colour, const char *colour_end)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        unsigned fill = i + 1 < COLUMNS ? widths[i] - text_columns(cells[i]) + 2 : 0;

        fprintf(out, "%s%s%s%*s", i == STATUS ? colour : "", cells[i],
                i == STATUS ? colour_end : "", (int)fill, "");
    }
    fputc('\n', out);
}

static void print_table(FILE *out, const struct job_result *job, bool colours, bool is_utf8)
{
    unsigned rows = job->tests->len, widths[COLUMNS];
    char *(*table)[COLUMNS] = g_malloc0_n(MAX(rows, 1), sizeof(*table));
    const char *top[COLUMNS];

    memcpy(top, headings, sizeof top);
    if (!is_utf8)
        top[STOP_TO_RESUME] = ascii_stop_to_resume;

    for (unsigned i = 0; i < COLUMNS; i++)
        widths[i] = text_columns(top[i]);
    for (unsigned row = 0; row < rows; row++) {
        fill_row(table[row], g_ptr_array_index(job->tests, row));
        for (unsigned i = 0; i < COLUMNS; i++)
            widths[i] = MAX(widths[i], text_columns(table[row][i]));
    }
    print_row(out, (char *const *)top, widths, "", "");
    for (unsigned row = 0; row < rows; row++) {
        const struct test_result *test = g_ptr_array_index(job->tests, row);

        print_row(out, table[row], widths, summary_colour(test->status, colours),
                  summary_colour_end(colours));
        for (unsigned i = 0; i < COLUMNS; i++)
            g_free(table[row][i]);
    }
    g_free(table);
}

/* "4 tests: 3 PASS, 1 FAIL in 34.5 s": the worst last. */
static void print_totals(FILE *out, const struct job_result *job, bool colours)
{
    static const Vtmh__Status order[] = {
        VTMH__STATUS__STATUS_PASS,    VTMH__STATUS__STATUS_SKIP,      VTMH__STATUS__STATUS_CANCEL,
        VTMH__STATUS__STATUS_WARN,    VTMH__STATUS__STATUS_ERROR,     VTMH__STATUS__STATUS_FAIL,
        VTMH__STATUS__STATUS_ABORTED, VTMH__STATUS__STATUS_INTERRUPT, VTMH__STATUS__STATUS_NONE};
    g_autofree char *time = text_duration(MAX(job->elapsed_s, 0));
    const char *before = ": ";

    fprintf(out, "\n%u test%s", job->tests->len, job->tests->len == 1 ? "" : "s");
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        unsigned count = job_result_count(job, order[i]);

        if (count == 0)
            continue;
        fprintf(out, "%s%s%u %s%s", before, summary_colour(order[i], colours), count,
                status_name(order[i]), summary_colour_end(colours));
        before = ", ";
    }
    fprintf(out, " in %s\n", time);
}

/* On one line; NULL stays NULL. Transfer full. */
static char *on_a_line(char *text)
{
    char *line = text != NULL ? text_printable(text) : NULL;

    g_free(text);
    return line;
}

/* The folder of a test's logs, as it can be pasted behind a command. */
static void print_logs(FILE *out, const struct job_result *job, const struct test_result *test)
{
    g_autofree char *path = g_build_filename(job->dir != NULL ? job->dir : "", test->logdir, NULL);
    g_autofree char *word = arguments_word(path);
    g_autofree char *shown = text_printable(word);

    fprintf(out, INDENT "logs: %s\n", shown);
}

/* Each test that did not pass with its cause, what it leaked, and where its logs are. */
static void print_causes(FILE *out, const struct job_result *job, bool colours)
{
    for (unsigned i = 0; i < job->tests->len; i++) {
        const struct test_result *test = g_ptr_array_index(job->tests, i);
        g_autofree char *id = test_result_id(test);
        g_autofree char *name = text_printable(id);
        g_autofree char *why = on_a_line(test_result_failure_of_test(test));

        if (test->status == VTMH__STATUS__STATUS_PASS && test->leaks->len == 0)
            continue;
        fprintf(out, "\n%s%s%s  %s\n", summary_colour(test->status, colours),
                status_name(test->status), summary_colour_end(colours), name);
        if (why != NULL)
            fprintf(out, INDENT "%s\n", why);
        for (unsigned k = 0; k < test->leaks->len; k++) {
            g_autofree char *leak = text_printable(g_ptr_array_index(test->leaks, k));

            fprintf(out, INDENT "left behind: %s\n", leak);
        }
        if (test->logdir != NULL)
            print_logs(out, job, test);
    }
}

static void print_notes(FILE *out, const struct job_result *job)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new();
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned i = 0; i < job->tests->len; i++) {
        const struct test_result *test = g_ptr_array_index(job->tests, i);

        for (unsigned k = 0; k < test->notes->len; k++) {
            char *note = g_ptr_array_index(test->notes, k);
            unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, note));

            if (count == 0)
                g_ptr_array_add(notes, note);
            g_hash_table_insert(counts, note, GUINT_TO_POINTER(count + 1));
        }
    }
    if (notes->len + job->notes->len > 0)
        fputc('\n', out);
    for (unsigned i = 0; i < job->notes->len; i++) {
        g_autofree char *shown = text_printable(g_ptr_array_index(job->notes, i));

        fprintf(out, "note: %s\n", shown);
    }
    for (unsigned i = 0; i < notes->len; i++) {
        const char *note = g_ptr_array_index(notes, i);
        unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, note));
        g_autofree char *shown = text_printable(note);

        fprintf(out, "note: %s (%u test%s)\n", shown, count, count == 1 ? "" : "s");
    }
}

/* How a soak went; of drift a test may have been warned, or nobody. */
static void print_drift(FILE *out, const struct job_result *job)
{
    for (unsigned i = 0; i < job->drift_warnings->len; i++)
        fprintf(out, "\nwarning: %s\n", (char *)g_ptr_array_index(job->drift_warnings, i));
    if (job->drift_text != NULL)
        fprintf(out, "\n%s", job->drift_text);
}

/* One line a test, as grep likes it. */
static void print_verdicts(FILE *out, const struct job_result *job, bool colours)
{
    for (unsigned i = 0; i < job->tests->len; i++) {
        const struct test_result *test = g_ptr_array_index(job->tests, i);
        g_autofree char *id = test_result_id(test);
        g_autofree char *name = text_printable(id);
        g_autofree char *why = on_a_line(test_result_failure(test));

        fprintf(out, "%s%s%s %s%s%s\n", summary_colour(test->status, colours),
                status_name(test->status), summary_colour_end(colours), name,
                why != NULL ? ": " : "", why != NULL ? why : "");
    }
    for (unsigned i = 0; i < job->drift_warnings->len; i++)
        fprintf(out, "WARN %s\n", (char *)g_ptr_array_index(job->drift_warnings, i));
}

/* All but the path of the folder. */
static void print_all(FILE *out, const struct job_result *job, enum summary_form form, bool colours,
                      bool is_utf8)
{
    if (form == SUMMARY_SHORT) {
        print_verdicts(out, job, colours);
        return;
    }
    if (job->tests->len > 0)
        print_table(out, job, colours, is_utf8);
    print_totals(out, job, colours);
    print_causes(out, job, colours);
    print_notes(out, job);
    print_drift(out, job);
    fputc('\n', out);
}

static void print_in_ascii(FILE *out, const struct job_result *job, enum summary_form form,
                           bool colours)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    g_autofree char *ascii = NULL;

    print_all(memory, job, form, colours, false);
    fclose(memory);
    ascii = text_ascii(text);
    fputs(ascii, out);
    free(text);
}

int summary_print(FILE *out, const struct job_result *job, enum summary_form form, bool colours,
                  bool is_utf8, GError **err)
{
    bool is_written;

    if (is_utf8)
        print_all(out, job, form, colours, true);
    else
        print_in_ascii(out, job, form, colours);
    fprintf(out, "%s\n", job->dir != NULL ? job->dir : "-");
    is_written = fflush(out) == 0 && !ferror(out);
    return is_written ? 0 : file_fail(err, "write", "standard output");
}
