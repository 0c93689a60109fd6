/*
 * What judging costs: `vtmh --dry-run` beside `vtmh show` of the same file, each in a process of
 * its own, in turns.
 */
#pragma once

#include <glib.h>

/*
 * vtmh: the program. file: a configuration; NULL: one of 5,000 tests with 250 keys each, made for
 * this. Prints a JSON line for each program (what, seconds of CPU, the least of five; max_rss_kb)
 * and one with their ratio. -1: err says which program failed how (G_SPAWN_ERROR, G_FILE_ERROR).
 */
int bench_dry_run(const char *vtmh, const char *file, GError **err);
