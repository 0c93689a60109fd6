/*
 * What is on the screen is checked by a terminal of our own: it knows what the display may use and
 * fails on everything else.
 */
#include "orchestrator/report/display_private.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 64

static int64_t now_us;

static int64_t clock_us(void)
{
    return now_us;
}

static struct display *display;
static struct display_target target;
static char *live_text, *out_text;
static size_t live_size, out_size;

static unsigned terminal_rows = 24;
static bool is_ascii;

static void open_display(enum display_level level, bool is_terminal, unsigned columns)
{
    now_us = (int64_t)1000 * G_USEC_PER_SEC;
    target = (struct display_target){
        .live = open_memstream(&live_text, &live_size),
        .out = open_memstream(&out_text, &out_size),
        .is_terminal = is_terminal,
        .is_utf8 = !is_ascii,
        .columns = columns,
        .rows = terminal_rows,
        .clock_us = clock_us,
    };
    display = display_new_on(level, &target);
}

static void close_display(void)
{
    display_free(display);
    fclose(target.live);
    fclose(target.out);
    free(live_text);
    free(out_text);
}

TestSuite(display, .fini = close_display);

/* The screen after all that was written to live so far: rows joined by line feeds. */
static char *screen(unsigned columns)
{
    GString *rows[ROWS];
    unsigned row = 0, last = 0;
    bool is_start = true; /* the cursor is in the first column */
    GString *text = g_string_new(NULL);

    fflush(target.live);
    for (unsigned i = 0; i < ROWS; i++)
        rows[i] = g_string_new(NULL);
    for (const char *c = live_text; *c != '\0'; c++) {
        unsigned count;
        char command;
        int used = 0;

        if (*c == '\n') {
            cr_assert_lt(++row, ROWS);
            is_start = true;
        } else if (*c == '\r') {
            is_start = true;
        } else if (strncmp(c, "\033[K", 3) == 0) {
            if (is_start)
                g_string_truncate(rows[row], 0);
            c += 2;
        } else if (strncmp(c, "\033[J", 3) == 0) {
            cr_assert(is_start);
            for (unsigned i = row; i < ROWS; i++)
                g_string_truncate(rows[i], 0);
            c += 2;
        } else if (sscanf(c, "\033[%u%c%n", &count, &command, &used) == 2) {
            cr_assert(is_start && command == 'A' && count <= row, "moved up %u of %u", count, row);
            row -= count;
            c += used - 1;
        } else {
            cr_assert_neq(*c, '\033', "unknown sequence %.8s", c + 1);
            if (is_start)
                g_string_truncate(rows[row], 0);
            is_start = false;
            g_string_append_c(rows[row], *c);
        }
        last = MAX(last, row);
    }
    for (unsigned i = 0; i <= last; i++) {
        cr_expect_lt(g_utf8_strlen(rows[i]->str, -1), columns, "wraps: %s", rows[i]->str);
        if (rows[i]->len > 0)
            g_string_append_printf(text, "%s\n", rows[i]->str);
        g_string_free(rows[i], TRUE);
    }
    for (unsigned i = last + 1; i < ROWS; i++)
        g_string_free(rows[i], TRUE);
    return g_string_free(text, FALSE);
}

static void expect_screen(unsigned columns, const char *expected)
{
    g_autofree char *shown = screen(columns);

    cr_expect_str_eq(shown, expected, "the screen shows:\n%sand not:\n%s", shown, expected);
}

static void expect_plain(const char *expected)
{
    fflush(target.live);
    cr_expect_str_eq(live_text, expected, "%s", live_text);
}

static struct test_result *make_test(unsigned number, const char *name)
{
    struct test_result *test = test_result_new(number, name, name);

    test->hosts = g_strsplit("host1 host2", " ", -1);
    return test;
}

static Vtmh__Progress progress_of(const char *vm, const char *phase)
{
    Vtmh__Progress progress = VTMH__PROGRESS__INIT;

    progress.vm = (char *)vm;
    progress.phase = (char *)phase;
    progress.leg = 3;
    progress.legs = 10;
    progress.source = 0;
    progress.destination = 1;
    progress.percent = progress.rate_bytes_per_s = progress.downtime_ms = -1;
    progress.remaining_bytes = -1;
    return progress;
}

Test(display, redraws_hosts_in_place_until_they_are_ready)
{
    open_display(DISPLAY_NORMAL, true, 80);
    display_host(display, "host1", "connecting");
    display_host(display, "host2", "connecting");
    expect_screen(80, "host1: connecting\nhost2: connecting\n");
    display_host(display, "host1", "uploading the node 43 %");
    expect_screen(80, "host1: uploading the node 43 %\nhost2: connecting\n");
    display_host(display, "host1", NULL);
    expect_screen(80, "host2: connecting\n");
    display_host(display, "host2", NULL);
    expect_screen(80, "");
}

Test(display, shows_a_line_a_test_and_a_line_a_vm_with_units)
{
    g_autoptr(test_result) test = make_test(1, "quick.ping_pong");
    Vtmh__Progress vm1 = progress_of("vm1", "migrating"), vm2 = progress_of("vm2", "booting");

    open_display(DISPLAY_NORMAL, true, 100);
    vm1.percent = 43.4;
    vm1.rate_bytes_per_s = 118.25 * (1 << 20);
    vm1.remaining_bytes = 37L << 20;
    vm2.legs = 0;
    display_test_begin(display, test, 4);
    display_progress(display, test, "host1", &vm1);
    now_us += 2500000;
    display_progress(display, test, "host1", &vm2);
    expect_screen(100,
                  "(1/4) quick.ping_pong  2.5 s\n"
                  "  vm1  leg 3/10  host1 -> host2  migrating  43 %  118.2 MiB/s  37.0 MiB left\n"
                  "  vm2  host1 -> host2  booting\n");
    vm1.phase = (char *)"switchover";
    vm1.percent = vm1.rate_bytes_per_s = -1;
    vm1.remaining_bytes = -1;
    vm1.downtime_ms = 12.34;
    now_us += 500000;
    display_progress(display, test, "host2", &vm1);
    expect_screen(100, "(1/4) quick.ping_pong  3.0 s\n"
                       "  vm1  leg 3/10  host1 -> host2  switchover  downtime 12.3 ms\n"
                       "  vm2  host1 -> host2  booting\n");
}

Test(display, tells_how_long_the_legs_will_still_take)
{
    g_autoptr(test_result) test = make_test(1, "soak");
    Vtmh__Progress progress = progress_of("vm1", "migrating");

    open_display(DISPLAY_NORMAL, true, 100);
    display_test_begin(display, test, 1);
    progress.legs = 100;
    for (progress.leg = 1; progress.leg <= 4; progress.leg++, now_us += 2000000)
        display_progress(display, test, "host1", &progress);
    progress.leg = 4;
    display_progress(display, test, "host2", &progress);
    expect_screen(100, "(1/1) soak  8.0 s\n"
                       "  vm1  leg 4/100  host1 -> host2  migrating  done in 3 min 12 s\n");
    display_ends_in(display, 60000);
    now_us += 1000000;
    display_progress(display, test, "host1", &progress);
    expect_screen(100, "(1/1) soak  9.0 s\n"
                       "  vm1  leg 4/100  host1 -> host2  migrating  done in 59.0 s\n");
}

Test(display, leaves_a_verdict_above_the_live_lines)
{
    g_autoptr(test_result) first = make_test(1, "tick"), second = make_test(2, "jeos");
    Vtmh__Progress progress = progress_of("vm1", "booting");

    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, first, 2);
    display_test_begin(display, second, 2);
    now_us += G_USEC_PER_SEC;
    display_progress(display, second, "host1", &progress);
    first->status = VTMH__STATUS__STATUS_PASS;
    first->elapsed_s = 1;
    display_test_end(display, first, 2);
    expect_screen(80, "(1/2) tick: PASS (1.0 s)\n"
                      "(2/2) jeos  1.0 s\n"
                      "  vm1  leg 3/10  host1 -> host2  booting\n");
    second->status = VTMH__STATUS__STATUS_FAIL;
    second->fail_host = g_strdup("host2");
    second->fail_cause = g_strdup("qemu: died");
    display_test_end(display, second, 2);
    expect_screen(80, "(1/2) tick: PASS (1.0 s)\n"
                      "(2/2) jeos: FAIL (0.0 s)  host2: qemu: died\n");
}

Test(display, puts_messages_and_warnings_above_the_live_lines)
{
    g_autoptr(test_result) test = make_test(1, "tick");

    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, test, 1);
    display_message(display, "%s:%d: wrong\n  line\n     ^", "a.cfg", 3);
    display_log(display, "host1", VTMH__LOG_LEVEL__LOG_WARNING, "slow\033[2J");
    display_log(display, "host1", VTMH__LOG_LEVEL__LOG_INFO, "chatter");
    now_us += 2 * (int64_t)G_USEC_PER_SEC;
    display_tick(display);
    expect_screen(80, "vtmh: a.cfg:3: wrong\n"
                      "vtmh:   line\n"
                      "vtmh:      ^\n"
                      "host1: warning: slow\\x1b[2J\n"
                      "(1/1) tick  2.0 s\n");
}

/* A failing test as its hosts tell of it: the one at fault, and the other that is told to stop. */
static struct test_result *begin_failing(void)
{
    struct test_result *test = make_test(1, "tick");

    open_display(DISPLAY_NORMAL, false, 80);
    display_test_begin(display, test, 1);
    display_log(display, "host2", VTMH__LOG_LEVEL__LOG_ERROR, "qemu: died");
    display_log(display, "host1", VTMH__LOG_LEVEL__LOG_WARNING, "aborted: host2: qemu: died");
    display_log(display, "host1", VTMH__LOG_LEVEL__LOG_WARNING, "something else");
    test->status = VTMH__STATUS__STATUS_FAIL;
    test->elapsed_s = 0;
    test->fail_host = g_strdup("host2");
    test->fail_cause = g_strdup("qemu: died");
    return test;
}

Test(display, tells_a_cause_once_and_what_else_was_said)
{
    g_autoptr(test_result) test = begin_failing();

    display_test_end(display, test, 1);
    expect_plain("(1/1) tick: begun on host1, host2\n"
                 "host1: warning: something else\n"
                 "(1/1) tick: FAIL (0.0 s)  host2: qemu: died\n");
}

Test(display, tells_a_cause_early_where_the_verdict_takes_long_and_then_once)
{
    g_autoptr(test_result) test = begin_failing();

    now_us += G_USEC_PER_SEC;
    display_tick(display);
    expect_plain("(1/1) tick: begun on host1, host2\n");
    now_us += G_USEC_PER_SEC;
    display_tick(display);
    display_tick(display);
    display_log(display, "host2", VTMH__LOG_LEVEL__LOG_ERROR, "qemu: died");
    display_test_end(display, test, 1);
    expect_plain("(1/1) tick: begun on host1, host2\n"
                 "host2: error: qemu: died\n"
                 "host1: warning: something else\n"
                 "(1/1) tick: FAIL (0.0 s)  host2: qemu: died\n");
}

Test(display, tell_once_why_a_host_cannot_be_had)
{
    g_autoptr(test_result) test = make_test(1, "tick");

    open_display(DISPLAY_NORMAL, false, 80);
    display_host_fails(display, "host2", "refused");
    test->status = VTMH__STATUS__STATUS_CANCEL;
    test->elapsed_s = 0;
    test->fail_host = g_strdup("host2");
    test->fail_cause = g_strdup("refused");
    display_test_end(display, test, 1);
    expect_plain("host2: refused\n(1/1) tick: CANCEL (0.0 s)\n");
}

Test(display, need_not_name_the_cause_in_the_verdict_when_nothing_else_was_told)
{
    g_autoptr(test_result) test = make_test(1, "tick");

    open_display(DISPLAY_NORMAL, false, 80);
    display_test_begin(display, test, 1);
    display_log(display, "host2", VTMH__LOG_LEVEL__LOG_ERROR, "qemu: died");
    now_us += 2 * (int64_t)G_USEC_PER_SEC;
    display_tick(display);
    test->status = VTMH__STATUS__STATUS_FAIL;
    test->elapsed_s = 2;
    test->fail_host = g_strdup("host2");
    test->fail_cause = g_strdup("qemu: died");
    display_test_end(display, test, 1);
    expect_plain("(1/1) tick: begun on host1, host2\n"
                 "host2: error: qemu: died\n"
                 "(1/1) tick: FAIL (2.0 s)\n");
}

Test(display, draws_at_most_ten_times_a_second_and_keeps_the_last_state)
{
    g_autoptr(test_result) test = make_test(1, "tick");
    Vtmh__Progress progress = progress_of("vm1", "migrating");
    size_t before;

    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, test, 1);
    fflush(target.live);
    before = live_size;
    for (unsigned i = 0; i < 100; i++) {
        progress.percent = i;
        display_progress(display, test, "host1", &progress);
    }
    fflush(target.live);
    cr_expect_eq(live_size, before, "drawn without time passing");
    now_us += 99000;
    display_tick(display);
    fflush(target.live);
    cr_expect_eq(live_size, before, "drawn after 99 ms");
    now_us += 1000;
    display_tick(display);
    expect_screen(80, "(1/1) tick  0.1 s\n"
                      "  vm1  leg 3/10  host1 -> host2  migrating  99 %\n");
}

Test(display, never_lets_a_line_wrap)
{
    g_autoptr(test_result) test = make_test(1, "a.very.long.name.of.a.test.that.needs.room");
    Vtmh__Progress progress = progress_of("vm1", "migrating");

    open_display(DISPLAY_NORMAL, true, 30);
    display_test_begin(display, test, 1);
    now_us += G_USEC_PER_SEC;
    display_progress(display, test, "host1", &progress);
    expect_screen(30, "(1/1) a.very.long.name.of.a.…\n"
                      "  vm1  leg 3/10  host1 -> ho…\n");
}

Test(display, follows_the_width_of_the_terminal)
{
    g_autoptr(test_result) test = make_test(1, "a.name.of.thirty.characters.xx");

    open_display(DISPLAY_NORMAL, true, 30);
    display_test_begin(display, test, 1);
    display_set_size(display, 60, 24);
    now_us += G_USEC_PER_SEC;
    display_tick(display);
    expect_screen(60, "(1/1) a.name.of.thirty.characters.xx  1.0 s\n");
}

Test(display, keeps_the_live_lines_fewer_than_a_terminal_has)
{
    g_autoptr(test_result) test = make_test(1, "storm");

    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, test, 1);
    for (unsigned i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("vm%u", i);
        Vtmh__Progress progress = progress_of(name, "booting");

        now_us += G_USEC_PER_SEC;
        display_progress(display, test, "host1", &progress);
    }
    g_autofree char *shown = screen(80);
    g_auto(GStrv) lines = g_strsplit(shown, "\n", -1);
    cr_expect_eq(g_strv_length(lines) - 1, 20);
    cr_expect_str_eq(lines[19], "… 22 more");
}

static void show_vms(const struct test_result *test, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("vm%u", i);
        Vtmh__Progress progress = progress_of(name, "booting");

        now_us += G_USEC_PER_SEC;
        display_progress(display, test, "host1", &progress);
    }
}

/* The cursor stands on the line below, so one row less than there are. */
Test(display, fits_into_a_terminal_of_eight_rows)
{
    g_autoptr(test_result) test = make_test(1, "storm");

    terminal_rows = 8;
    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, test, 1);
    show_vms(test, 12);
    g_autofree char *shown = screen(80);
    g_auto(GStrv) lines = g_strsplit(shown, "\n", -1);
    cr_expect_eq(g_strv_length(lines) - 1, 7);
    cr_expect_str_eq(lines[6], "… 7 more");
}

Test(display, shrinks_with_the_terminal)
{
    g_autoptr(test_result) test = make_test(1, "storm");

    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, test, 1);
    show_vms(test, 12);
    fflush(target.live);
    size_t before = live_size;
    display_set_size(display, 40, 5);
    fflush(target.live);
    cr_expect(g_str_has_prefix(live_text + before, "\r\033[4A"), "no further up than it can see");
    cr_expect_not_null(strstr(live_text + before, "… 10 more\033[K\n"));
    before = live_size;
    display_set_size(display, 40, 24);
    fflush(target.live);
    cr_expect_not_null(strstr(live_text + before, "vm11"), "shows all again");
}

Test(display, is_in_ascii_where_the_terminal_takes_nothing_else)
{
    g_autoptr(test_result) test = make_test(1, "a.very.long.name→that.does.not.fit");

    is_ascii = true;
    open_display(DISPLAY_NORMAL, true, 30);
    display_test_begin(display, test, 1);
    display_message(display, "%s", "à");
    expect_screen(30, "vtmh: \\u00e0\n"
                      "(1/1) a.very.long.name->th...\n");
}

Test(display, keeps_to_what_it_can_show_whatever_a_host_makes_up)
{
    g_autoptr(test_result) test = make_test(1, "storm");

    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, test, 1);
    show_vms(test, 1000);
    g_autofree char *shown = screen(80);
    cr_expect_not_null(strstr(shown, "… 238 more"), "%s", shown);
}

Test(display, knows_neither_colours_nor_live_lines_on_a_dumb_terminal)
{
    g_autoptr(test_result) test = make_test(1, "tick");
    char *text = NULL;
    size_t size = 0;
    FILE *before = stderr;

    open_display(DISPLAY_NORMAL, true, 80);
    setenv("TERM", "dumb", true);
    stderr = open_memstream(&text, &size);
    struct display *dumb = display_new(DISPLAY_NORMAL, true, 80, 24);
    test->status = VTMH__STATUS__STATUS_FAIL;
    display_test_begin(dumb, test, 1);
    display_test_end(dumb, test, 1);
    display_free(dumb);
    fclose(stderr);
    stderr = before;
    cr_expect_not_null(strstr(text, "FAIL"), "%s", text);
    cr_expect_null(strchr(text, '\033'), "%s", text);
    free(text);
}

Test(display, prints_one_plain_line_an_event_when_stderr_is_no_terminal)
{
    g_autoptr(test_result) test = make_test(1, "tick");
    Vtmh__Progress progress = progress_of("vm1", "migrating");

    open_display(DISPLAY_NORMAL, false, 20);
    display_host(display, "host1", "connecting");
    display_host(display, "host1", "uploading the node 1 %");
    display_host(display, "host1", "uploading the node 99 %");
    display_host(display, "host1", NULL);
    display_test_begin(display, test, 1);
    for (unsigned i = 0; i < 5; i++) {
        progress.percent = 20 * i;
        now_us += G_USEC_PER_SEC;
        display_progress(display, test, "host1", &progress);
        display_tick(display);
    }
    progress.leg = 4;
    display_progress(display, test, "host1", &progress);
    display_log(display, "host1", VTMH__LOG_LEVEL__LOG_ERROR, "bad");
    test->status = VTMH__STATUS__STATUS_PASS;
    test->elapsed_s = 5;
    display_test_end(display, test, 1);
    expect_plain("host1: connecting\n"
                 "host1: uploading the node 1 %\n"
                 "host1: ready\n"
                 "(1/1) tick: begun on host1, host2\n"
                 "(1/1) vm1  leg 3/10  host1 -> host2  migrating\n"
                 "(1/1) vm1  leg 4/10  host1 -> host2  migrating\n"
                 "host1: error: bad\n"
                 "(1/1) tick: PASS (5.0 s)\n");
}

Test(display, shows_the_nodes_log_when_verbose)
{
    open_display(DISPLAY_VERBOSE, false, 80);
    display_log(display, "host1", VTMH__LOG_LEVEL__LOG_INFO, "leg 1 began");
    display_log(display, NULL, VTMH__LOG_LEVEL__LOG_DEBUG, "sent");
    expect_plain("host1: leg 1 began\n"
                 "vtmh: debug: sent\n");
}

Test(display, says_nothing_but_what_must_be_seen_when_quiet)
{
    g_autoptr(test_result) test = make_test(1, "tick");
    g_autoptr(job_result) job = job_result_new();
    Vtmh__Progress progress = progress_of("vm1", "migrating");

    open_display(DISPLAY_QUIET, true, 80);
    display_host(display, "host1", "connecting");
    display_test_begin(display, test, 1);
    now_us += G_USEC_PER_SEC;
    display_progress(display, test, "host1", &progress);
    display_tick(display);
    display_test_end(display, test, 1);
    display_log(display, "host1", VTMH__LOG_LEVEL__LOG_INFO, "chatter");
    expect_plain("");
    display_message(display, "look");
    expect_plain("vtmh: look\n");
    job->dir = g_strdup("/results/job-1");
    display_summary(display, job, NULL);
    fflush(target.out);
    cr_expect_str_eq(out_text, "/results/job-1\n");
}

Test(display, puts_the_table_on_stdout_and_takes_the_live_lines_away)
{
    g_autoptr(test_result) test = make_test(1, "tick");
    g_autoptr(job_result) job = job_result_new();

    open_display(DISPLAY_NORMAL, true, 80);
    display_test_begin(display, test, 1);
    job->dir = g_strdup("/results/job-1");
    display_summary(display, job, NULL);
    expect_screen(80, "");
    fflush(target.out);
    cr_expect(g_str_has_suffix(out_text, "\n/results/job-1\n"), "%s", out_text);
}

Test(display, leaves_stdout_to_others_when_asked)
{
    g_autoptr(job_result) job = job_result_new();

    open_display(DISPLAY_QUIET, false, 80);
    job->dir = g_strdup("/results/job-1");
    display_leave_stdout(display);
    display_summary(display, job, NULL);
    expect_plain("/results/job-1\n");
    fflush(target.out);
    cr_expect_str_eq(out_text, "");
}

Test(display, survives_progress_of_a_test_it_does_not_know)
{
    g_autoptr(test_result) test = make_test(1, "tick");
    Vtmh__Progress progress = progress_of("vm1", "migrating");

    open_display(DISPLAY_NORMAL, true, 80);
    display_progress(display, test, "host1", &progress);
    display_test_begin(display, test, 1);
    progress.source = 7;
    now_us += G_USEC_PER_SEC;
    display_progress(display, test, "host1", &progress);
    expect_screen(80, "(1/1) tick  1.0 s\n  vm1  leg 3/10  migrating\n");
}
