/*
 * A file that is appended to and never grows beyond a bound: what does not fit into NAME any more
 * begins a new NAME, and the one before becomes NAME.1, that before it NAME.2, and so on. The very
 * first becomes NAME.first and stays, whatever comes: of a file too long, the beginning and the end
 * are kept whole. A line is in one part, unless it is longer than a part.
 *
 * All that was appended is with the kernel when a call returns, so that a killed program loses
 * nothing. What cannot be appended in full (the disk is full) is taken back, so that the file ends
 * with a whole piece. Errors are of G_FILE_ERROR and name the path.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct parts;

/* part_bytes: of each part; 0: there is only one, without end. n_before: how many parts are kept
 * beside the first and the newest. Nothing is opened yet. Transfer full. */
struct parts *parts_new(const char *path, int64_t part_bytes, unsigned n_before);

/* Appends whole lines, or a piece of a file that has none. */
int parts_append(struct parts *parts, const void *data, size_t size, GError **err);

/* What all parts together take on the disk. */
int64_t parts_bytes(const struct parts *parts);

/* Whether something has been left out between the first part and the others. */
bool parts_have_gap(const struct parts *parts);

/* Closes the descriptor until the next call. */
void parts_rest(struct parts *parts);

/* NULL is fine. */
void parts_free(struct parts *parts);
AUTOPTR_STRUCT(parts, parts_free);
