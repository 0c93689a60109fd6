/*
 * What runs is in a region at the bottom of the terminal: hosts that are being made ready, then the
 * running tests, each with its VMs. What stays (verdicts, messages) is printed above it.
 */
#include "orchestrator/report/display_private.h"

#include "orchestrator/report/held.h"
#include "orchestrator/report/region.h"
#include "orchestrator/report/summary.h"
#include "orchestrator/report/text.h"
#include "orchestrator/report/time_left.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REDRAW_US 100000
#define WORTH_TELLING_S 10 /* of the time that a test will still take */
#define VMS_MAX 256        /* in one test; a host can make up any number of names */

struct live_vm {
    char *name;
    char *text;       /* the last line drawn for it */
    GHashTable *told; /* host -> "phase leg": plain lines are printed when it changes */
    char *last_told;  /* the last line printed for it, whoever said so */
    struct time_left left;
};

struct live_test {
    const struct test_result *test;
    unsigned total;
    int64_t begun_us;
    GPtrArray *vms; /* struct live_vm, as they appear */
};

struct live_host {
    char *name;
    char *state;
};

struct display {
    enum display_level level;
    struct display_target target;
    GPtrArray *hosts; /* struct live_host */
    GPtrArray *tests; /* struct live_test */
    struct held *held;
    struct region region; /* of target.live */
    int64_t drawn_us;     /* when */
    int64_t ends_us;      /* when the job's time is over; 0: never */
    bool is_stale;        /* something was left out since */
};

static void free_vm(void *data)
{
    struct live_vm *vm = data;

    g_free(vm->name);
    g_free(vm->text);
    g_hash_table_unref(vm->told);
    g_free(vm->last_told);
    g_free(vm);
}

static void free_test(void *data)
{
    struct live_test *test = data;

    g_ptr_array_unref(test->vms);
    g_free(test);
}

static void free_host(void *data)
{
    struct live_host *host = data;

    g_free(host->name);
    g_free(host->state);
    g_free(host);
}

struct display *display_new_on(enum display_level level, const struct display_target *target)
{
    struct display *display = g_new0(struct display, 1);

    display->level = level;
    display->target = *target;
    display->hosts = g_ptr_array_new_with_free_func(free_host);
    display->tests = g_ptr_array_new_with_free_func(free_test);
    display->held = held_new();
    display->region = (struct region){.stream = target->live, .is_utf8 = target->is_utf8};
    display_set_size(display, target->columns, target->rows);
    return display;
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && *value != '\0';
}

struct display *display_new(enum display_level level, bool is_terminal, unsigned columns,
                            unsigned rows)
{
    bool is_dumb = !is_set("TERM") || g_strcmp0(getenv("TERM"), "dumb") == 0;
    bool colours = !is_set("NO_COLOR") && !is_dumb;

    return display_new_on(level, &(struct display_target){
                                     .live = stderr,
                                     .out = stdout,
                                     .is_terminal = is_terminal && !is_dumb,
                                     .live_colours = colours && is_terminal,
                                     .out_colours = colours && isatty(STDOUT_FILENO),
                                     .is_utf8 = g_get_charset(NULL),
                                     .columns = columns,
                                     .rows = rows,
                                     .clock_us = g_get_monotonic_time,
                                 });
}

void display_leave_stdout(struct display *display)
{
    display->target.out = display->target.live;
    display->target.out_colours = display->target.live_colours;
}

static bool is_live(const struct display *display)
{
    return display->target.is_terminal && display->level != DISPLAY_QUIET;
}

/* "(3/12)"; where nobody knows how many there will be, "(3)". Transfer full. */
static char *place(const struct test_result *test, unsigned total)
{
    return total > 0 ? g_strdup_printf("(%u/%u)", test->number, total)
                     : g_strdup_printf("(%u)", test->number);
}

/* " on a, b" if tests run beside it on other hosts. Transfer full. */
static char *where(const struct display *display, const struct test_result *test)
{
    g_autofree char *hosts = test->hosts != NULL ? g_strjoinv(", ", test->hosts) : NULL;

    return hosts != NULL && display->tests->len > 1 ? g_strconcat(" on ", hosts, NULL)
                                                    : g_strdup("");
}

static void add_test(GPtrArray *lines, const struct display *display, const struct live_test *live)
{
    g_autofree char *number = place(live->test, live->total);
    g_autofree char *hosts = where(display, live->test);
    double seconds = (double)(display->target.clock_us() - live->begun_us) / G_USEC_PER_SEC;
    g_autofree char *time = text_duration(seconds);
    g_autofree char *name = text_printable(live->test->shortname);

    g_ptr_array_add(lines, g_strdup_printf("%s %s%s  %s", number, name, hosts, time));
    for (unsigned i = 0; i < live->vms->len; i++) {
        const struct live_vm *vm = g_ptr_array_index(live->vms, i);

        if (vm->text != NULL)
            g_ptr_array_add(lines, g_strdup(vm->text));
    }
}

/* The region as it should be. Transfer full: array of char *. */
static GPtrArray *make_lines(const struct display *display)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < display->hosts->len; i++) {
        const struct live_host *host = g_ptr_array_index(display->hosts, i);

        g_ptr_array_add(lines, g_strdup_printf("%s: %s", host->name, host->state));
    }
    for (unsigned i = 0; i < display->tests->len; i++)
        add_test(lines, display, g_ptr_array_index(display->tests, i));
    return lines;
}

static void draw(struct display *display)
{
    if (!is_live(display))
        return;
    g_autoptr(GPtrArray) lines = make_lines(display);
    region_draw(&display->region, lines);
    display->drawn_us = display->target.clock_us();
    display->is_stale = false;
}

/* For what comes often: at most ten times a second. */
static void draw_soon(struct display *display)
{
    display->is_stale = true;
    if (display->target.clock_us() - display->drawn_us >= REDRAW_US)
        draw(display);
}

/* A line that stays, above the region. */
static void print_line(struct display *display, const char *line)
{
    g_autofree char *fit = region_text(&display->region, line);

    region_take_away(&display->region);
    fprintf(display->target.live, "%s\n", fit);
    fflush(display->target.live);
    draw(display);
}

void display_set_size(struct display *display, unsigned columns, unsigned rows)
{
    if (region_set_size(&display->region, columns, rows))
        draw(display);
}

void display_free(struct display *display)
{
    if (display == NULL)
        return;
    region_take_away(&display->region);
    fflush(display->target.live);
    g_ptr_array_unref(display->hosts);
    g_ptr_array_unref(display->tests);
    held_free(display->held);
    g_free(display);
}

static void print_lines(struct display *display, const GPtrArray *lines)
{
    for (unsigned i = 0; i < lines->len; i++)
        print_line(display, g_ptr_array_index(lines, i));
}

void display_tick(struct display *display)
{
    g_autoptr(GPtrArray) old = held_take_old(display->held, display->target.clock_us());

    print_lines(display, old);
    if (display->is_stale || display->tests->len > 0)
        draw_soon(display);
}

static void set_host(struct display *display, const char *name, const char *state)
{
    for (unsigned i = 0; i < display->hosts->len; i++) {
        struct live_host *host = g_ptr_array_index(display->hosts, i);

        if (strcmp(host->name, name) != 0)
            continue;
        g_free(host->state);
        host->state = g_strdup(state);
        if (state == NULL)
            g_ptr_array_remove_index(display->hosts, i);
        return;
    }
    if (state != NULL) {
        struct live_host *host = g_new0(struct live_host, 1);

        host->name = g_strdup(name);
        host->state = g_strdup(state);
        g_ptr_array_add(display->hosts, host);
    }
}

/* How much of a state says what is done; the rest ("43 %") says how far it is. */
static size_t words_of(const char *state)
{
    return strcspn(state, "0123456789");
}

static const char *state_of(const struct display *display, const char *name)
{
    for (unsigned i = 0; i < display->hosts->len; i++) {
        const struct live_host *host = g_ptr_array_index(display->hosts, i);

        if (strcmp(host->name, name) == 0)
            return host->state;
    }
    return NULL;
}

void display_host(struct display *display, const char *host, const char *state)
{
    g_autofree char *name = text_printable(host);
    g_autofree char *shown = state != NULL ? text_printable(state) : NULL;
    const char *before = state_of(display, name);
    bool is_news = shown == NULL || before == NULL || words_of(before) != words_of(shown) ||
                   strncmp(before, shown, words_of(shown)) != 0;

    set_host(display, name, shown);
    if (is_live(display)) {
        if (is_news)
            draw(display);
        else
            draw_soon(display);
    } else if (is_news && display->level != DISPLAY_QUIET) {
        g_autofree char *line = g_strdup_printf("%s: %s", name, shown ? shown : "ready");

        print_line(display, line);
    }
}

void display_host_fails(struct display *display, const char *host, const char *why)
{
    g_autofree char *shown = text_printable(why);

    display_host(display, host, why);
    if (!is_live(display))
        held_add_printed(display->held, shown);
}

static struct live_test *find_test(const struct display *display, const struct test_result *test)
{
    for (unsigned i = 0; i < display->tests->len; i++) {
        struct live_test *live = g_ptr_array_index(display->tests, i);

        if (live->test == test)
            return live;
    }
    return NULL;
}

void display_test_begin(struct display *display, const struct test_result *test, unsigned total)
{
    struct live_test *live = g_new0(struct live_test, 1);

    live->test = test;
    live->total = total;
    live->begun_us = display->target.clock_us();
    live->vms = g_ptr_array_new_with_free_func(free_vm);
    g_ptr_array_add(display->tests, live);
    if (is_live(display)) {
        draw(display);
    } else if (display->level != DISPLAY_QUIET) {
        g_autofree char *name = text_printable(test->shortname);
        g_autofree char *hosts = test->hosts ? g_strjoinv(", ", test->hosts) : NULL;
        g_autofree char *number = place(test, total);
        g_autofree char *line = g_strdup_printf("%s %s: begun%s%s", number, name,
                                                hosts ? " on " : "", hosts ? hosts : "");

        print_line(display, line);
    }
}

static struct live_vm *find_vm(struct live_test *live, const char *name)
{
    struct live_vm *vm;

    for (unsigned i = 0; i < live->vms->len; i++) {
        vm = g_ptr_array_index(live->vms, i);
        if (strcmp(vm->name, name) == 0)
            return vm;
    }
    if (live->vms->len >= VMS_MAX)
        return NULL;
    vm = g_new0(struct live_vm, 1);
    vm->name = g_strdup(name);
    vm->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_ptr_array_add(live->vms, vm);
    return vm;
}

/* "vm1  leg 3/10  host1 -> host2  migrating": what a change of is worth a plain line. */
static char *describe_phase(const struct test_result *test, const Vtmh__Progress *progress)
{
    GString *line = g_string_new(progress->vm);
    unsigned hosts = test->hosts != NULL ? g_strv_length(test->hosts) : 0;
    char *printable;

    if (progress->legs > 0)
        g_string_append_printf(line, "  leg %u/%u", progress->leg, progress->legs);
    if (progress->source < hosts && progress->destination < hosts &&
        progress->source != progress->destination)
        g_string_append_printf(line, "  %s -> %s", test->hosts[progress->source],
                               test->hosts[progress->destination]);
    g_string_append_printf(line, "  %s", progress->phase);
    printable = text_printable(line->str);
    g_string_free(line, TRUE);
    return printable;
}

/* The figures behind it, as far as they are known. */
static void append_figures(GString *line, const Vtmh__Progress *progress)
{
    if (progress->percent >= 0)
        g_string_append_printf(line, "  %.0f %%", progress->percent);
    if (progress->rate_bytes_per_s >= 0)
        g_string_append_printf(line, "  %.1f MiB/s", progress->rate_bytes_per_s / (1 << 20));
    if (progress->remaining_bytes >= 0) {
        g_autofree char *remaining = text_bytes((double)progress->remaining_bytes);

        g_string_append_printf(line, "  %s left", remaining);
    }
    if (progress->downtime_ms >= 0)
        g_string_append_printf(line, "  downtime %.1f ms", progress->downtime_ms);
}

void display_ends_in(struct display *display, int64_t ms)
{
    display->ends_us = ms > 0 ? display->target.clock_us() + ms * 1000 : 0;
}

/* "  done in 4 min 10 s", where that is worth a word. */
static void append_time_left(GString *line, const struct display *display, struct live_vm *vm,
                             const Vtmh__Progress *progress)
{
    int64_t now_us = display->target.clock_us();
    double left_s;

    if (progress->legs == 0)
        return;
    time_left_at(&vm->left, progress->leg, now_us);
    left_s = time_left_s(&vm->left, progress->legs, now_us);
    if (display->ends_us > 0)
        left_s = MIN(left_s, (double)(display->ends_us - now_us) / G_USEC_PER_SEC);
    if (left_s >= WORTH_TELLING_S) {
        g_autofree char *left = text_duration(left_s);

        g_string_append_printf(line, "  done in %s", left);
    }
}

static void print_phase(struct display *display, const struct live_test *live, struct live_vm *vm,
                        const char *host, const char *phase)
{
    const char *told = g_hash_table_lookup(vm->told, host);
    g_autofree char *number = place(live->test, live->total);
    g_autofree char *line = NULL;

    if (g_strcmp0(told, phase) == 0)
        return;
    g_hash_table_insert(vm->told, g_strdup(host), g_strdup(phase));
    /* What the other end has just said in the same words need not be said twice. */
    if (g_strcmp0(vm->last_told, phase) == 0)
        return;
    g_free(vm->last_told);
    vm->last_told = g_strdup(phase);
    line = g_strdup_printf("%s %s", number, phase);
    print_line(display, line);
}

void display_progress(struct display *display, const struct test_result *test, const char *host,
                      const Vtmh__Progress *progress)
{
    struct live_test *live = find_test(display, test);
    g_autofree char *phase = NULL;
    struct live_vm *vm;
    GString *line;

    if (live == NULL || display->level == DISPLAY_QUIET)
        return;
    vm = find_vm(live, progress->vm);
    if (vm == NULL)
        return;
    phase = describe_phase(test, progress);
    if (!is_live(display)) {
        print_phase(display, live, vm, host, phase);
        return;
    }
    line = g_string_new("  ");
    g_string_append(line, phase);
    append_figures(line, progress);
    append_time_left(line, display, vm, progress);
    g_free(vm->text);
    vm->text = g_string_free(line, FALSE);
    draw_soon(display);
}

void display_test_end(struct display *display, const struct test_result *test, unsigned total)
{
    struct live_test *live = find_test(display, test);
    bool colours = display->target.live_colours;
    g_autofree char *number = place(test, total);
    g_autofree char *name = text_printable(test->shortname);
    g_autofree char *time = text_duration(MAX(test->elapsed_s, 0));
    g_autofree char *failure = test_result_failure(test);
    g_autofree char *shown = failure ? text_printable(failure) : NULL;
    g_autofree char *why = test->fail_cause ? text_printable(test->fail_cause) : NULL;
    g_autoptr(GPtrArray) others = NULL;
    g_autofree char *line = NULL;
    bool is_told;

    if (live != NULL)
        g_ptr_array_remove(display->tests, live);
    if (display->level == DISPLAY_QUIET)
        return;
    others = held_take(display->held, why, &is_told);
    print_lines(display, others);
    if (is_told)
        g_clear_pointer(&why, g_free);
    line = g_strdup_printf("%s %s: %s%s%s (%s)%s%s", number, name,
                           summary_colour(test->status, colours), status_name(test->status),
                           summary_colour_end(colours), time, why ? "  " : "", why ? shown : "");
    print_line(display, line);
}

static const char *const level_words[] = {
    [VTMH__LOG_LEVEL__LOG_DEBUG] = "debug: ",
    [VTMH__LOG_LEVEL__LOG_INFO] = "",
    [VTMH__LOG_LEVEL__LOG_WARNING] = "warning: ",
    [VTMH__LOG_LEVEL__LOG_ERROR] = "error: ",
};

void display_log(struct display *display, const char *host, Vtmh__LogLevel level, const char *text)
{
    const char *word = (size_t)level < G_N_ELEMENTS(level_words) ? level_words[level] : "error: ";
    bool is_grave = level != VTMH__LOG_LEVEL__LOG_DEBUG && level != VTMH__LOG_LEVEL__LOG_INFO;
    g_autofree char *shown = NULL, *line = NULL;

    if (display->level == DISPLAY_QUIET || (!is_grave && display->level != DISPLAY_VERBOSE))
        return;
    shown = text_printable(text);
    line = g_strdup_printf("%s: %s%s", host != NULL ? host : "vtmh", word, shown);
    if (display->tests->len > 0 && display->level != DISPLAY_VERBOSE)
        held_add(display->held, shown, line, display->target.clock_us());
    else
        print_line(display, line);
}

void display_message(struct display *display, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    va_list list;

    va_start(list, format);
    text = g_strdup_vprintf(format, list);
    va_end(list);
    region_take_away(&display->region);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *shown = text_printable(*line);
        g_autofree char *fit = region_text(&display->region, shown);

        fprintf(display->target.live, "vtmh: %s\n", fit);
    }
    fflush(display->target.live);
    draw(display);
}

void display_text(struct display *display, const char *text)
{
    g_autofree char *fit = region_text(&display->region, text);

    region_take_away(&display->region);
    fputs(fit, display->target.live);
    fflush(display->target.live);
    draw(display);
}

int display_summary(struct display *display, const struct job_result *job, GError **err)
{
    region_take_away(&display->region);
    fflush(display->target.live);
    g_ptr_array_set_size(display->hosts, 0);
    g_ptr_array_set_size(display->tests, 0);
    return summary_print(display->target.out, job,
                         display->level == DISPLAY_QUIET ? SUMMARY_SHORT : SUMMARY_FULL,
                         display->target.out_colours, display->target.is_utf8, err);
}
