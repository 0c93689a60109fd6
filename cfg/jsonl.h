/*
 * Canonical JSON lines: one object a test, keys sorted by their UTF-8 bytes, no white space, all
 * values strings but `dep`, an array of strings. Two equal tests give equal bytes.
 */
#ifndef VTMH_CFG_JSONL_H
#define VTMH_CFG_JSONL_H

#include <glib.h>
#include <stddef.h>

#include "cfg/params.h"

/* Bytes that jsonl_escape() writes at most for SIZE bytes of text. */
#define JSONL_ESCAPED_MAX(size) (6 * (size) + 2)

/* Writes TEXT as a JSON string with its quotes; returns the number of bytes. OUT has room for
 * JSONL_ESCAPED_MAX(size). Nothing is terminated. */
size_t jsonl_escape(char *out, const char *text, size_t size);

/* Appends TEXT as a JSON string with its quotes. */
void jsonl_append_string(GString *out, const char *text);

/* Appends the whole line of one test, line feed included. */
void jsonl_append_params(GString *out, const struct params *p);

#endif
