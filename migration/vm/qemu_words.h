/*
 * What QEMU says, sorted: it has no codes for why a migration failed, only sentences, on stderr and
 * in error-desc. This is the one place where they are read; what comes of it is data. Pure.
 */
#pragma once

#include <stdbool.h>

/*
 * The sentences that say why, joined by "; ", out of what a QEMU has printed: without its name in
 * front, without warnings and dumps of registers; at most the last four. Where it speaks of
 * something besides a stream that broke, only of that. NULL if nothing is left. *is_own_out: it
 * speaks of itself, and not only of what it saw of the other end. Transfer full.
 */
char *qemu_words_why(const char *printed, bool *is_own_out);

/* Whether a QEMU that does not start says that it lacks what was asked for: another would have it.
 */
bool qemu_words_is_lack(const char *sentence);

/* Whether a sentence tells no more than that the other end, or the way to it, failed. */
bool qemu_words_is_symptom(const char *sentence);

/* The run state in HMP's "VM status: paused (inmigrate)": "inmigrate"; NULL if it says none.
 * Transfer full. */
char *qemu_words_run_state(const char *info_status);

/* Makes of text what draws on no terminal: '?' for all that is not ASCII, a line feed or a tab. */
void qemu_words_make_plain(char *text);
