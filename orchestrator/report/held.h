/*
 * Warnings and errors of hosts while tests run, held back for a moment: mostly they are the cause
 * that the verdict names at once, and each host tells it once more. What has no verdict soon is
 * printed, once.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct held;

struct held *held_new(void);
void held_free(struct held *held);

/* text: what the host said; line: as it is printed. Both are copied. Nothing where the same is
 * held, or has been printed, already. */
void held_add(struct held *held, const char *text, const char *line, int64_t now_us);

/* It has been printed. */
void held_add_printed(struct held *held, const char *text);

/* The lines that have waited long enough. Transfer full: array of char *. */
GPtrArray *held_take_old(struct held *held, int64_t now_us);

/*
 * A test has ended with this cause (NULL: none): the lines that say something else. *is_told: the
 * cause is the only thing that has been printed of it, so the verdict need not say it again.
 * Transfer full.
 */
GPtrArray *held_take(struct held *held, const char *cause, bool *is_told);
