#include "migration/move/stall.h"

#include <glib.h>
#include <string.h>

#define BUSY_SHARE 100 /* a process that used less than one part in so many of the time is idle */

void stall_init(struct stall *stall, int64_t stall_ms, int64_t patience_ms, int64_t now_ms)
{
    *stall = (struct stall){
        .stall_ms = stall_ms,
        .patience_ms = MAX(patience_ms, stall_ms),
        .began_ms = now_ms,
        .moved_ms = now_ms,
        .answered_ms = now_ms,
        .asked_ms = now_ms,
        .cpu_ms = -1,
        .bytes = -1,
    };
}

void stall_ask(struct stall *stall, int64_t now_ms, int64_t cpu_ms)
{
    stall->asked_ms = now_ms;
    stall->cpu_ms = cpu_ms;
}

/* "none" is what a QEMU says that has not come to the command yet. */
static bool flows(const char *status)
{
    static const char *const before[] = {"none", "setup", "wait-unplug"};
    for (size_t i = 0; i < G_N_ELEMENTS(before); i++)
        if (strcmp(status, before[i]) == 0)
            return false;
    return true;
}

enum stall_finding stall_answered(struct stall *stall, int64_t now_ms, const char *status,
                                  int64_t bytes)
{
    /* What was between two answers that did not come is not held against the stream. */
    if (now_ms - stall->answered_ms >= stall->stall_ms)
        stall->moved_ms = now_ms;
    stall->answered_ms = now_ms;
    if (!flows(status)) {
        stall->moved_ms = now_ms;
        return now_ms - stall->began_ms >= stall->patience_ms ? STALL_SETUP : STALL_NONE;
    }
    if (bytes != stall->bytes) {
        stall->bytes = bytes;
        stall->moved_ms = now_ms;
    }
    return now_ms - stall->moved_ms >= stall->stall_ms ? STALL_BYTES : STALL_NONE;
}

enum stall_finding stall_unanswered(const struct stall *stall, int64_t now_ms, int64_t cpu_ms)
{
    if (cpu_ms < 0 || stall->cpu_ms < 0 ||
        (cpu_ms - stall->cpu_ms) * BUSY_SHARE < now_ms - stall->asked_ms)
        return STALL_HUNG;
    return now_ms - stall->answered_ms >= stall->patience_ms ? STALL_SLOW : STALL_NONE;
}
