/* Text for people: what guests, hosts and users say, made fit for a line of a log or a terminal. */
#pragma once

#include <glib.h>
#include <stdint.h>

/* "2026-11-21T23:00:00.123Z" from microseconds since 1970. Transfer full. */
char *text_time(int64_t time_us);

/*
 * One line without control characters: "\n", "\t", "\xNN" are written for them, and a backslash
 * stays one. What is not UTF-8 becomes U+FFFD. Nothing a guest prints can move a terminal's cursor
 * or fake a line of the log. Transfer full.
 */
char *text_printable(const char *text);

/*
 * Text for a terminal whose characters are not UTF-8: "->" and "..." for their signs, "\\u2192" for
 * what ASCII has nothing like. text: valid UTF-8. Transfer full.
 */
char *text_ascii(const char *text);

/* The beginning of text, at most max bytes and whole characters. Transfer full. */
char *text_cut_bytes(const char *text, size_t max);

/* Columns of a terminal that the text takes. */
unsigned text_columns(const char *text);

/* The beginning of text, in at most columns columns, more ("…") at its end when something is
 * missing. Transfer full. */
char *text_cut_columns(const char *text, unsigned columns, const char *more);

/* "37.0 MiB", "512 KiB", "12 B". Transfer full. */
char *text_bytes(double bytes);

/* "3.2 s", "2 min 05 s", "1 h 02 min". Transfer full. */
char *text_duration(double seconds);

/* "1,219 ms", "20 ms", "31.482 ms": microseconds are told below a second. Transfer full. */
char *text_ms(double ms);
