/*
 * What the user sees while a job runs. On a terminal: a live line per test and per VM (phase, leg,
 * percent, rate, remaining, downtime), redrawn in place; else plain lines, one an event. Everything
 * goes to stderr but the table of results and the last line, the path, which go to stdout.
 */
#pragma once

#include "orchestrator/result.h"

struct display;

enum display_level {
    DISPLAY_QUIET,   /* -q: only the last table's verdict lines and the path */
    DISPLAY_NORMAL,
    DISPLAY_VERBOSE, /* -v: the nodes' log records too */
};

struct display *display_new(enum display_level level, bool is_terminal, unsigned columns);
void display_free(struct display *display);

/* "host1: uploading the node 43 %": getting hosts ready. state NULL: the host is ready. */
void display_host(struct display *display, const char *host, const char *state);

void display_test_begin(struct display *display, const struct test_result *test, unsigned total);
void display_progress(struct display *display, const struct test_result *test, const char *host,
                      const Vtmh__Progress *progress);
void display_test_end(struct display *display, const struct test_result *test, unsigned total);

/* A record of a node's or our own log; shown with -v, warnings and errors always. */
void display_log(struct display *display, const char *host, Vtmh__LogLevel level,
                 const char *text);

/* A message that must be seen: printed above the live lines, "vtmh: …" in front of each. */
void display_message(struct display *display, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The table (test, status, time, legs, downtime, memory), totals, causes, notes, path. */
void display_summary(struct display *display, const struct job_result *job);
