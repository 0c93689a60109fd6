/*
 * What happens while a VM moves, as data: the parameter mig_script.
 *
 *     mig_script = 1s speed 10M; 50% downtime 500ms; pre-switchover cancel
 *
 * Steps stand one behind the other, separated by ';': when, what, and with what. Each end does
 * those that are its own: all but the ones that name the destination are the source's.
 *
 *     WHEN   1s, 500ms      since this end began to move (the step before may have to come first)
 *            50%            of the guest's memory is over; of the source alone
 *            2syncs         so many dirty syncs are done: 1 at the start, 2 after the first pass;
 * of the source alone active         the hypervisor's status, as QMP's MigrationStatus has it
 *            active+500ms   so long after that; +500ms alone: after the step before of this end
 *     WHAT   cancel         the source calls the leg off; not any more in post-copy
 *            speed SIZE     bytes a second; 0: none
 *            downtime TIME  the limit
 *            pause, resume  the guest on the source
 *            postcopy       the switch to post-copy
 *            cut            the stream breaks
 *            kill END       the hypervisor of source or destination: SIGKILL
 *            freeze END     … SIGSTOP        thaw END     … SIGCONT
 *
 * A step whose time does not come before the stream ends is not done. The log says which were;
 * where the leg was to complete, and has, that makes the test a WARN. One that cannot be done is
 * the end of the leg, and fails the test however the leg may end.
 */
#pragma once

#include "migration/vm/vm.h"

enum script_when {
    SCRIPT_AT_ONCE,
    SCRIPT_AFTER_MS,
    SCRIPT_AT_PERCENT,
    SCRIPT_AT_SYNC,
    SCRIPT_AT_STATUS
};

enum script_action {
    SCRIPT_CANCEL,
    SCRIPT_SPEED,
    SCRIPT_DOWNTIME,
    SCRIPT_PAUSE,
    SCRIPT_RESUME,
    SCRIPT_POSTCOPY,
    SCRIPT_CUT,
    SCRIPT_KILL,
    SCRIPT_FREEZE,
    SCRIPT_THAW,
};

struct script_step {
    enum script_when when;
    int64_t at; /* ms, percent, or syncs */
    int64_t later_ms;
    char status[24]; /* SCRIPT_AT_STATUS */
    enum script_action action;
    uint64_t value; /* bytes a second, or ms */
    bool at_destination;
    char *text; /* as it was written */
};

/* An array of struct script_step; free with g_array_unref(). NULL with CFG_ERROR_PARAM_VALUE, which
 * names the step. text: of the parameter. */
GArray *script_parse(const char *text, GError **err);

/* Whether the script has a step that does this. script: NULL has none. */
bool script_does(const GArray *script, enum script_action action);

/* The last look at a migration, and its event, set with each. Several scripts may wait for it. */
struct script_looks {
    struct vm_move_stats last;
    struct event changed;
};

/* A script while it is carried out, at one end. */
struct script_run {
    const GArray *steps;
    struct vm *vm;
    const struct host *host;
    bool at_destination;
    unsigned next; /* index of the step that is looked at; script_run() moves it on */

    /* Of the source alone. */
    struct script_looks *looks;
    bool *called_off;         /* set when a step has called the leg off */
    const bool *has_switched; /* the command to switch to post-copy is given: cancel is none any
                                 more, though the hypervisor may not have come to it */
    int (*switch_over)(void *leg, GError **err); /* to post-copy */
    int (*cut)(void *leg, GError **err);
    void *leg;
};

/* The body of a fiber: arg is a struct script_run. Ends with the last of its steps. -1: a step
 * could not be done. */
int script_run(void *arg, GError **err);

/* The text of the step that is due next at this end; NULL: all are done, or there are none. */
const char *script_due(struct script_run *run);
