/*
 * What the user sees while a job runs. On a terminal: a live line per test and per VM (phase, leg,
 * percent, rate, remaining, downtime), redrawn in place; else plain lines, one an event. Everything
 * goes to stderr but the table of results and the last line, the path, which go to stdout.
 *
 * Nothing here waits, and no timer runs: progress is drawn at most ten times a second, what was
 * left out then with the next call; display_tick() keeps the seconds going between. Whatever a
 * guest or a host says is shown without its control characters. The cursor always stands at the
 * start of the line below the last one, so there is nothing to restore when the program ends. Where
 * the locale's characters are not UTF-8 everything is ASCII.
 */
#pragma once

#include "orchestrator/result.h"

struct display;

enum display_level {
    DISPLAY_QUIET, /* -q: only verdict lines with their causes, the path, and messages */
    DISPLAY_NORMAL,
    DISPLAY_VERBOSE, /* -v: the nodes' log records too */
};

/*
 * is_terminal, columns, rows: of stderr; 0: unknown. Colours only on a terminal and with NO_COLOR
 * unset or empty; neither colours nor live lines where TERM is unset, empty or dumb.
 */
struct display *display_new(enum display_level level, bool is_terminal, unsigned columns,
                            unsigned rows);
/* Takes the live lines away. NULL is fine. */
void display_free(struct display *display);
AUTOPTR_STRUCT(display, display_free);

/* The terminal's size has changed; 0: unknown. */
void display_set_size(struct display *display, unsigned columns, unsigned rows);

/* Keeps stdout for others (--json -): the table and the path go to stderr, too. */
void display_leave_stdout(struct display *display);

/* "host1: uploading the node 43 %": getting hosts ready. state NULL: the host is ready. */
void display_host(struct display *display, const char *host, const char *state);

/* The same with why the host cannot be had, which a verdict need not say again. */
void display_host_fails(struct display *display, const char *host, const char *why);

/* The job's time (--for): no test takes longer. 0: there is none. */
void display_ends_in(struct display *display, int64_t ms);

/* total: of the job's results; 0: nobody knows. test must live until display_test_end(). */
void display_test_begin(struct display *display, const struct test_result *test, unsigned total);
void display_progress(struct display *display, const struct test_result *test, const char *host,
                      const Vtmh__Progress *progress);
void display_test_end(struct display *display, const struct test_result *test, unsigned total);

/* Draws what was left out, and the time. Call about once a second on a terminal. */
void display_tick(struct display *display);

/*
 * A record of a node's or our own log; shown with -v; warnings and errors also without, but not
 * with -q. While a test runs they wait a moment (display_tick), and what its verdict says is not
 * said twice.
 */
void display_log(struct display *display, const char *host, Vtmh__LogLevel level, const char *text);

/* A message that must be seen: printed above the live lines, "vtmh: …" in front of each; a text of
 * several lines (a configuration error with its caret) stays so. */
void display_message(struct display *display, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Lines that are a report of their own, each with its end: as they are, above the live lines. */
void display_text(struct display *display, const char *text);

/*
 * The table (test, status, time, legs, downtime, memory), totals, causes, notes, path. Returns 0,
 * or -1 when it could not be written (G_FILE_ERROR).
 */
int display_summary(struct display *display, const struct job_result *job, GError **err);
