/*
 * What a sound guest does not say: the words by which a kernel, a BIOS or a shell tells that
 * something broke. Pure: lines in, judgements out.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* An extended regular expression, alike to PCRE and to grep -E. */
#define COMPLAINT_WORDS                                                                            \
    "(^|[^A-Za-z])BUG: |kernel BUG at|Oops: |[Gg]eneral protection|invalid opcode|soft "           \
    "lockup|hard LOCKUP|"                                                                          \
    "KVM internal error|\\(core dumped\\)|No bootable"

/* Whether a line has such words. */
bool complaint_is_one(const char *line);

/*
 * What a kernel's log (dmesg -r: "<4>[   12.345678] text") has of it: lines with such words, and
 * all of a level below `below` (0 emergency … 7 debug). Lines up to *seen_us of the guest's time
 * are known already; *seen_us becomes that of the last line. Those that match `expected` (may be
 * NULL) do not count. Appends to found what people are to read of each, at most COMPLAINT_MAX.
 */
#define COMPLAINT_MAX 8
void complaints_of_log(const char *log, unsigned below, const GRegex *expected, int64_t *seen_us,
                       GPtrArray *found);
