/* How a leg ended and where its guest is: the words for it in params, records, results and
 * messages, and what goes with what. */
#pragma once

#include "proto/vtmh.pb-c.h"

#include <stdbool.h>

/* "completed", "cancelled", "refused", "failed", "uncertain"; "unknown". NULL for what a newer peer
 * may send. end: of Vtmh__LegEnd. */
const char *leg_end_word(unsigned end);
bool leg_end_of_word(const char *word, Vtmh__LegEnd *end_out); /* word may be NULL */

/* Under TCG QEMU was seen to lose single pages in legs of so many dirty syncs and more, whatever
 * the options; in shorter ones never. */
#define LEG_TCG_MANY_SYNCS 95
#define LEG_TCG_DOUBT                                                                              \
    "QEMU under TCG was seen to lose single pages in legs of so many, whatever the options"

/* "not_checked", "clean", "corrupt". NULL for what a newer peer may send. */
const char *memory_check_word(unsigned check);

/* "none", "source", "destination", "uncertain"; likewise. */
const char *leg_survivor_word(unsigned survivor);
bool leg_survivor_of_word(const char *word, Vtmh__Survivor *survivor_out);

/* Whether the guest is where it may be after such an end. survivors: what was planned, as bits,
 * 1 << Survivor; 0: the usual place, which is the destination after a leg that has completed, else
 * the source, if that is not uncertain. */
bool leg_survivor_is_planned(unsigned survivors, Vtmh__LegEnd end, Vtmh__Survivor survivor);
Vtmh__Survivor leg_usual_survivor(Vtmh__LegEnd end);
