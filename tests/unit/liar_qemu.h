/*
 * A QEMU that says anything. It stands in for migration/vm/qemu_process.c: the parser of QMP and
 * the readers of its answers are the real ones, the process is a fiber that answers each command
 * with the next line of a script.
 *
 * A line of the script is what a command returns, whatever that is; behind '!' it is said as it
 * stands, before the answer (an event, a greeting, garbage). A line '-' and the script's end end
 * the liar; the next process reads on behind it.
 */
#pragma once

#include "cfg/params.h"

#include <stddef.h>

/* Lives one life of a QEMU by the script: an offer, a VM that moves out, a VM that is moved to.
 * Every call may fail; none may do harm. Outside of fibers. params: of a VM, TCG. Returns how many
 * of the life's LIAR_STEPS came to a good end. */
#define LIAR_STEPS                                                                                 \
    4 /* the offer, the platform, the move away, the arrival that is told to fail                  \
       */
unsigned liar_live(const struct params *params, const char *script, size_t size);

/* What a liar's life asks, in order, and what an honest QEMU returns: a script to begin with. */
extern const char *const liar_honest_script;

/* How long a call waits for an answer: 20 ms, since many do not come; more where all do. */
extern int64_t liar_patience_ms;
