/* The real-time clock: read by rtc.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

const struct param_info rtc_params[] = {
    {MACHINE("rtc_base"), .kind = PARAM_WORD, .fallback = "utc",
     .values = WORDS("utc", "localtime"),
     .word_pattern = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
                     "(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])?$",
     .word_rule = "a date such as 2026-01-31 or 2026-01-31T12:00:00",
     .doc = "what the real-time clock begins with"},
    {MACHINE("rtc_clock"), .kind = PARAM_WORD, .fallback = "host",
     .values = WORDS("host", "rt", "vm"), .doc = "clock that drives the real-time clock"},
    {MACHINE("rtc_drift"), .kind = PARAM_WORD, .fallback = "none", .values = WORDS("none", "slew"),
     .doc = "what the real-time clock does about ticks that were lost (-rtc driftfix)"},
    {.name = NULL},
};
