/*
 * A block of lines at the bottom of a terminal, drawn anew in its place; what stays is printed
 * above it. The cursor always stands at the start of the line below the last one, so there is
 * nothing to restore when the program ends. On a stream that is no terminal it has no lines.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

struct region {
    FILE *stream;           /* the caller's */
    bool is_utf8;           /* what the stream takes; else ASCII */
    unsigned columns, rows; /* of the terminal */
    unsigned drawn;         /* lines that are on it */
};

/* The terminal's size; 0: unknown. Whether there are lines to be drawn anew. */
bool region_set_size(struct region *region, unsigned columns, unsigned rows);

/* Draws the lines (char *, printable) in the place of those before; where there are too many, the
 * last one says how many more. */
void region_draw(struct region *region, const GPtrArray *lines);

/* Leaves the cursor where the region began, so that what is printed then stays. */
void region_take_away(struct region *region);

/* The text as the stream takes it. Transfer full. */
char *region_text(const struct region *region, const char *text);
