/*
 * Every fault in every phase of a leg. A cell is a fault and a phase: the fault strikes at each
 * point of the phase, in each way of moving, and what must be true (handover_truth.c) is. Beside
 * that the cell says what the verdict can be.
 */
#include "tests/unit/handover_world.h"

#include <criterion/criterion.h>
#include <string.h>

#define SHOWN_AT_MOST 3

TestSuite(handover_matrix, .init = world_set_up, .fini = world_tear_down);

/*
 * What a cell says: the verdicts that its runs can have. PASS where nobody notices; FAIL where what
 * is tested broke, and ERROR where the testbed did; INTERRUPT; NONE where nobody is left to have
 * one. Anything else is the reason why there is no such cell.
 */
static const char verdict_letters[] = {
    [VTMH__STATUS__STATUS_NONE] = 'N',    [VTMH__STATUS__STATUS_PASS] = 'P',
    [VTMH__STATUS__STATUS_SKIP] = '?',    [VTMH__STATUS__STATUS_CANCEL] = '?',
    [VTMH__STATUS__STATUS_WARN] = 'W',    [VTMH__STATUS__STATUS_ERROR] = 'E',
    [VTMH__STATUS__STATUS_FAIL] = 'F',    [VTMH__STATUS__STATUS_INTERRUPT] = 'I',
    [VTMH__STATUS__STATUS_ABORTED] = '?',
};

#define NO_STREAM "there is no stream yet"
#define STREAM_IS_OVER "the stream is over"

#define PRE_COPY(before_ready, ready, moving, completed, moved, running)                           \
    {                                                                                              \
        [PHASE_BEFORE_READY] = (before_ready), [PHASE_READY] = (ready), [PHASE_MOVING] = (moving), \
        [PHASE_COMPLETED] = (completed), [PHASE_MOVED] = (moved), [PHASE_RUNNING] = (running),     \
    }

#define POST_COPY(before_ready, ready, moving, switching, switched, given, two_halves, completed,  \
                  moved)                                                                           \
    {                                                                                              \
        [PHASE_BEFORE_READY] = (before_ready), [PHASE_READY] = (ready), [PHASE_MOVING] = (moving), \
        [PHASE_SWITCHING] = (switching), [PHASE_SWITCHED] = (switched), [PHASE_GIVEN] = (given),   \
        [PHASE_TWO_HALVES] = (two_halves), [PHASE_COMPLETED] = (completed),                        \
        [PHASE_MOVED] = (moved),                                                                   \
    }

#define ONE_LEG .n_vms = 1, .legs = 1
#define IN_POSTCOPY ONE_LEG, .postcopy_when = POSTCOPY_AT_ONCE

#define MANAGED ONE_LEG, .managed = true

struct row {
    enum fault_kind fault;
    const char *cells[N_PHASES]; /* NULL: not of the matrix */
};

static const struct row pre_copy_rows[] = {
    /* What prepares the guest or the destination is the testbed. In the end the source's copy is
     * ended anyway. */
    {FAULT_SOURCE_VM_KILLED, PRE_COPY("EF", "EF", "F", "F", "F", "PF")},
    {FAULT_DESTINATION_VM_KILLED, PRE_COPY("EF", "EF", "F", "F", "F", "F")},
    {FAULT_SOURCE_NODE_KILLED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_NODE_KILLED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_COORDINATOR_KILLED, PRE_COPY("N", "N", "N", "N", "N", "N")},
    {FAULT_SOURCE_FROZEN, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_FROZEN, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_SOURCE_SLOW, PRE_COPY("P", "P", "P", "P", "P", "P")},
    {FAULT_DESTINATION_SLOW, PRE_COPY("P", "P", "P", "P", "P", "P")},
    {FAULT_SOURCE_LOST, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_LOST, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_SOURCE_STOPPED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_STOPPED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_INTERRUPTED, PRE_COPY("I", "I", "I", "I", "I", "I")},
    {FAULT_WAY_CUT, PRE_COPY("E", "E", "E", "P", "P", "P")},
    {.fault = FAULT_NONE},
};

/* One that is slow while the switch is agreed on may have moved before. */
static const struct row post_copy_rows[] = {
    {FAULT_SOURCE_VM_KILLED, POST_COPY("EF", "EF", "F", "F", "F", "F", "F", "F", "PF")},
    {FAULT_DESTINATION_VM_KILLED, POST_COPY("EF", "EF", "F", "F", "F", "F", "F", "F", "F")},
    {FAULT_SOURCE_NODE_KILLED, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_NODE_KILLED, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_COORDINATOR_KILLED, POST_COPY("N", "N", "N", "N", "N", "N", "N", "N", "N")},
    {FAULT_SOURCE_FROZEN, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_FROZEN, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_SOURCE_SLOW, POST_COPY("P", "PW", "W", "PW", "P", "P", "P", "P", "P")},
    {FAULT_DESTINATION_SLOW, POST_COPY("P", "PW", "W", "PW", "P", "P", "P", "P", "P")},
    {FAULT_SOURCE_LOST, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_LOST, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_SOURCE_STOPPED, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_STOPPED, POST_COPY("E", "E", "E", "E", "E", "E", "E", "E", "E")},
    {FAULT_INTERRUPTED, POST_COPY("I", "I", "I", "I", "I", "I", "I", "I", "I")},
    {FAULT_WAY_CUT, POST_COPY("E", "E", "E", "E", "E", "E", "E", "P", "P")},
    {.fault = FAULT_NONE},
};

#define HAS_LEFT "its manager has ended it"
#define NOT_MADE "its manager has not made it yet"

/* Managers that hold the guest at the destination. The source's copy is gone when the call has
 * returned; the one there is not made before. */
static const struct row held_rows[] = {
    {FAULT_SOURCE_VM_KILLED, PRE_COPY("EF", "EF", "F", HAS_LEFT, HAS_LEFT, HAS_LEFT)},
    {FAULT_DESTINATION_VM_KILLED, PRE_COPY(NOT_MADE, NOT_MADE, "F", "F", "F", "F")},
    {FAULT_SOURCE_NODE_KILLED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_NODE_KILLED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_COORDINATOR_KILLED, PRE_COPY("N", "N", "N", "N", "N", "N")},
    {FAULT_SOURCE_FROZEN, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_FROZEN, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_SOURCE_SLOW, PRE_COPY("P", "P", "P", "P", "P", "P")},
    {FAULT_DESTINATION_SLOW, PRE_COPY("P", "P", "P", "P", "P", "P")},
    {FAULT_SOURCE_LOST, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_LOST, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_SOURCE_STOPPED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_DESTINATION_STOPPED, PRE_COPY("E", "E", "E", "E", "E", "E")},
    {FAULT_INTERRUPTED, PRE_COPY("I", "I", "I", "I", "I", "I")},
    {FAULT_WAY_CUT, PRE_COPY("E", "E", "EP", "P", "P", "P")},
    {FAULT_SOURCE_MANAGER_KILLED, PRE_COPY("E", "E", "EF", "EP", "P", "P")},
    {FAULT_DESTINATION_MANAGER_KILLED, PRE_COPY("E", "EF", "EF", "E", "EP", "P")},
    {.fault = FAULT_NONE},
};

/* Managers that start the guest: when all has come it runs there, and has left. */
#define LET_GO(before_ready, ready, moving, running)                                               \
    {                                                                                              \
        [PHASE_BEFORE_READY] = (before_ready), [PHASE_READY] = (ready), [PHASE_MOVING] = (moving), \
        [PHASE_RUNNING] = (running),                                                               \
    }

static const struct row let_go_rows[] = {
    {FAULT_SOURCE_VM_KILLED, LET_GO("EF", "EF", "F", HAS_LEFT)},
    {FAULT_DESTINATION_VM_KILLED, LET_GO(NOT_MADE, NOT_MADE, "F", "F")},
    {FAULT_SOURCE_NODE_KILLED, LET_GO("E", "E", "E", "E")},
    {FAULT_DESTINATION_NODE_KILLED, LET_GO("E", "E", "E", "E")},
    {FAULT_COORDINATOR_KILLED, LET_GO("N", "N", "N", "N")},
    {FAULT_SOURCE_FROZEN, LET_GO("E", "E", "E", "E")},
    {FAULT_DESTINATION_FROZEN, LET_GO("E", "E", "E", "E")},
    {FAULT_SOURCE_SLOW, LET_GO("P", "P", "P", "P")},
    {FAULT_DESTINATION_SLOW, LET_GO("P", "P", "P", "P")},
    {FAULT_SOURCE_LOST, LET_GO("E", "E", "E", "E")},
    {FAULT_DESTINATION_LOST, LET_GO("E", "E", "E", "E")},
    {FAULT_SOURCE_STOPPED, LET_GO("E", "E", "E", "E")},
    {FAULT_DESTINATION_STOPPED, LET_GO("E", "E", "E", "E")},
    {FAULT_INTERRUPTED, LET_GO("I", "I", "I", "I")},
    {FAULT_WAY_CUT, LET_GO("E", "E", "E", "P")},
    {FAULT_SOURCE_MANAGER_KILLED, LET_GO("E", "E", "EF", "EP")},
    {FAULT_DESTINATION_MANAGER_KILLED, LET_GO("E", "EF", "EF", "P")},
    {.fault = FAULT_NONE},
};

/* A stream that breaks, whoever sees it. */
static const char *const broken_in_pre_copy[N_PHASES] =
    PRE_COPY(NO_STREAM, NO_STREAM, "F", STREAM_IS_OVER, STREAM_IS_OVER, STREAM_IS_OVER);
/* Another takes its place, unless it breaks at one end before the other, or after, had all of it.
 */
static const char *const broken_in_post_copy[N_PHASES] =
    POST_COPY(NO_STREAM, NO_STREAM, "F", "F", "F", "WF", "WF", STREAM_IS_OVER, STREAM_IS_OVER);
static const char *const broken_for_good[N_PHASES] =
    POST_COPY(NO_STREAM, NO_STREAM, "F", "F", "F", "F", "F", STREAM_IS_OVER, STREAM_IS_OVER);

static const char *const broken_in_let_go[N_PHASES] =
    LET_GO(NO_STREAM, NO_STREAM, "F", STREAM_IS_OVER);

/* How a guest is moved. */
static const struct way {
    const char *name;
    struct world_setup setup;
    const struct row *rows;
    const char *const *broken; /* the cells of each fault of the stream */
} ways[] = {
    {"pre-copy", {ONE_LEG, .slow_host = -1}, pre_copy_rows, broken_in_pre_copy},
    {"pre-copy, messages to the source are late",
     {ONE_LEG, .slow_host = SOURCE},
     pre_copy_rows,
     broken_in_pre_copy},
    {"pre-copy, messages to the destination are late",
     {ONE_LEG, .slow_host = DESTINATION},
     pre_copy_rows,
     broken_in_pre_copy},
    {"pre-copy, of a guest that is stopped meanwhile",
     {ONE_LEG, .offline = true, .slow_host = -1},
     pre_copy_rows,
     broken_in_pre_copy},
    {"pre-copy that may end in any way",
     {ONE_LEG, .may_fail = true, .slow_host = -1},
     pre_copy_rows,
     broken_in_pre_copy},
    {"pre-copy that is tried again",
     {ONE_LEG, .retries = 1, .slow_host = -1},
     pre_copy_rows,
     broken_in_pre_copy},
    {"post-copy", {IN_POSTCOPY, .slow_host = -1}, post_copy_rows, broken_in_post_copy},
    {"post-copy, messages to the source are late",
     {IN_POSTCOPY, .slow_host = SOURCE},
     post_copy_rows,
     broken_in_post_copy},
    {"post-copy, messages to the destination are late",
     {IN_POSTCOPY, .slow_host = DESTINATION},
     post_copy_rows,
     broken_in_post_copy},
    {"post-copy that may end in any way",
     {IN_POSTCOPY, .may_fail = true, .slow_host = -1},
     post_copy_rows,
     broken_in_post_copy},
    {"post-copy without recovery",
     {IN_POSTCOPY, .no_recovery = true, .slow_host = -1},
     post_copy_rows,
     broken_for_good},
    {"managed", {MANAGED, .slow_host = -1}, held_rows, broken_in_pre_copy},
    {"managed, messages to the source are late",
     {MANAGED, .slow_host = SOURCE},
     held_rows,
     broken_in_pre_copy},
    {"managed, messages to the destination are late",
     {MANAGED, .slow_host = DESTINATION},
     held_rows,
     broken_in_pre_copy},
    {"managed, by managers that need no node",
     {MANAGED, .is_direct = true, .slow_host = -1},
     held_rows,
     broken_in_pre_copy},
    {"managed, may end in any way",
     {MANAGED, .may_fail = true, .slow_host = -1},
     held_rows,
     broken_in_pre_copy},
    {"managed, the manager starts it",
     {MANAGED, .lets_go = true, .slow_host = -1},
     let_go_rows,
     broken_in_let_go},
};

struct count {
    unsigned runs, passed, wrong;
};

static bool is_possible(const char *cell)
{
    return strspn(cell, "PWFEIN") == strlen(cell);
}

static void show(const struct world_outcome *outcome, const struct way *way, struct fault fault,
                 const char *cell)
{
    cr_log_error("%s: %s at point %u (%s): verdict %d, %s", way->name, fault_name(fault.kind),
                 fault.point, outcome->where, outcome->status,
                 outcome->cause != NULL ? outcome->cause : "no cause");
    for (unsigned i = 0; i < outcome->wrong->len; i++)
        cr_log_error("    WRONG: %s", (char *)g_ptr_array_index(outcome->wrong, i));
    if (outcome->wrong->len == 0)
        cr_log_error("    WRONG: the verdict, by the cell %s", cell);
    if (g_getenv("HANDOVER_LOG") != NULL)
        for (unsigned i = 0; i < outcome->log->len; i++)
            g_printerr("    %s\n", (char *)g_ptr_array_index(outcome->log, i));
}

/* A leg that may fail, or is tried again, can pass where another fails. */
static bool is_as_the_cell_says(const struct world_outcome *outcome, const struct way *way,
                                const char *cell)
{
    char verdict = verdict_letters[outcome->status];
    return strchr(cell, verdict) != NULL ||
           (verdict == 'P' && (way->setup.may_fail || way->setup.retries > 0) &&
            strchr(cell, 'F') != NULL);
}

/* One run; counts only where there was something to strike. */
static void try_at(const struct way *way, struct fault fault, const char *cell, struct count *count)
{
    struct world_outcome *outcome = world_run(&way->setup, &fault, 1);
    bool right = outcome->wrong->len == 0 &&
                 (!outcome->has_struck || is_as_the_cell_says(outcome, way, cell));
    if (outcome->has_struck) {
        count->runs++;
        count->passed += outcome->status == VTMH__STATUS__STATUS_PASS;
    }
    if (!right && count->wrong++ < SHOWN_AT_MOST)
        show(outcome, way, fault, cell);
    world_outcome_free(outcome);
}

/* The phase of each point of a run without a fault. Transfer full. */
static GArray *phases_of(const struct way *way)
{
    struct world_outcome *outcome = world_run(&way->setup, NULL, 0);
    GArray *phases = g_array_ref(outcome->phases);
    cr_assert_eq(outcome->wrong->len, 0);
    cr_assert_eq(outcome->status, VTMH__STATUS__STATUS_PASS, "%s, without a fault: %s", way->name,
                 outcome->cause);
    world_outcome_free(outcome);
    return phases;
}

static void try_row(const struct row *row, const struct way *way)
{
    g_autoptr(GArray) phases = phases_of(way);
    struct count counts[N_PHASES] = {0};
    g_autoptr(GString) line = g_string_new(NULL);
    for (unsigned point = 0; point < phases->len; point++) {
        enum world_phase phase = g_array_index(phases, enum world_phase, point);
        const struct fault fault = {row->fault, point};
        if (row->cells[phase] != NULL)
            try_at(way, fault, row->cells[phase], &counts[phase]);
    }
    for (enum world_phase phase = 0; phase < N_PHASES; phase++) {
        const char *cell = row->cells[phase];
        const struct count *count = &counts[phase];
        if (cell == NULL)
            continue;
        cr_expect_eq(count->wrong, 0, "%s, %s, %s: %u of %u runs are wrong", way->name,
                     fault_name(row->fault), phase_name(phase), count->wrong, count->runs);
        if (is_possible(cell)) {
            cr_expect_gt(count->runs, 0, "%s, %s: the cell '%s' was never reached", way->name,
                         fault_name(row->fault), phase_name(phase));
            g_string_append_printf(line, "; %s %u/%u", phase_name(phase), count->passed,
                                   count->runs);
        } else {
            cr_expect_eq(count->runs, 0, "%s, %s, %s: it is possible", way->name,
                         fault_name(row->fault), phase_name(phase));
            g_string_append_printf(line, "; %s: %s", phase_name(phase), cell);
        }
    }
    g_print("%s | %s | passed/runs%s\n", way->name, fault_name(row->fault), line->str);
}

static void try_way(const struct way *way)
{
    for (const struct row *row = way->rows; row->fault != FAULT_NONE; row++)
        try_row(row, way);
    for (enum fault_kind kind = FAULT_STREAM_CUT; kind < N_STREAM_FAULTS; kind++) {
        struct row row = {.fault = kind};
        memcpy(row.cells, way->broken, sizeof(row.cells));
        try_row(&row, way);
    }
}

Test(handover_matrix, pre_copy)
{
    try_way(&ways[0]);
}

Test(handover_matrix, pre_copy_with_a_slow_source)
{
    try_way(&ways[1]);
}

Test(handover_matrix, pre_copy_with_a_slow_destination)
{
    try_way(&ways[2]);
}

Test(handover_matrix, pre_copy_of_a_stopped_guest)
{
    try_way(&ways[3]);
}

Test(handover_matrix, pre_copy_that_may_end_in_any_way)
{
    try_way(&ways[4]);
}

Test(handover_matrix, pre_copy_that_is_tried_again)
{
    try_way(&ways[5]);
}

Test(handover_matrix, post_copy)
{
    try_way(&ways[6]);
}

Test(handover_matrix, post_copy_with_a_slow_source)
{
    try_way(&ways[7]);
}

Test(handover_matrix, post_copy_with_a_slow_destination)
{
    try_way(&ways[8]);
}

Test(handover_matrix, post_copy_that_may_end_in_any_way)
{
    try_way(&ways[9]);
}

Test(handover_matrix, post_copy_without_recovery)
{
    try_way(&ways[10]);
}

Test(handover_matrix, managed)
{
    try_way(&ways[11]);
}

Test(handover_matrix, managed_with_a_slow_source)
{
    try_way(&ways[12]);
}

Test(handover_matrix, managed_with_a_slow_destination)
{
    try_way(&ways[13]);
}

Test(handover_matrix, managed_by_managers_that_need_no_node)
{
    try_way(&ways[14]);
}

Test(handover_matrix, managed_that_may_end_in_any_way)
{
    try_way(&ways[15]);
}

Test(handover_matrix, managed_and_started_by_the_manager)
{
    try_way(&ways[16]);
}

/* Whether a leg comes through the phase, and can still fail there. */
static bool has_phase(const struct way *way, enum world_phase phase)
{
    if (phase < PHASE_BEFORE_READY || phase >= PHASE_RELEASED)
        return false;
    if (way->setup.lets_go && (phase == PHASE_COMPLETED || phase == PHASE_MOVED))
        return false;
    bool is_of_postcopy = phase >= PHASE_SWITCHING && phase <= PHASE_TWO_HALVES;
    return way->setup.postcopy_when != NULL ? phase != PHASE_RUNNING : !is_of_postcopy;
}

static void expect_whole(const struct way *way)
{
    for (enum fault_kind kind = N_CALL_FAULTS; kind < FAULT_STREAM_CUT; kind++) {
        unsigned n_rows = 0;
        for (const struct row *row = way->rows; row->fault != FAULT_NONE; row++)
            n_rows += row->fault == kind;
        cr_expect_eq(n_rows, 1, "%s: %s has %u rows", way->name, fault_name(kind), n_rows);
    }
    for (enum fault_kind kind = N_STREAM_FAULTS; kind < N_FAULTS; kind++) {
        unsigned n_rows = 0;
        for (const struct row *row = way->rows; row->fault != FAULT_NONE; row++)
            n_rows += row->fault == kind;
        cr_expect_eq(n_rows, way->setup.managed ? 1 : 0, "%s: %s has %u rows", way->name,
                     fault_name(kind), n_rows);
    }
    for (enum world_phase phase = 0; phase < N_PHASES; phase++) {
        bool has = has_phase(way, phase);
        cr_expect_eq(way->broken[phase] != NULL, has, "%s, %s", way->name, phase_name(phase));
        for (const struct row *row = way->rows; row->fault != FAULT_NONE; row++)
            cr_expect_eq(row->cells[phase] != NULL, has, "%s, %s, %s", way->name,
                         fault_name(row->fault), phase_name(phase));
    }
}

Test(handover_matrix, has_a_cell_for_each_fault_in_each_phase)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++)
        expect_whole(&ways[i]);
}
