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

static const struct row {
    enum fault_kind fault;
    const char *cells[N_PHASES]; /* NULL: not of the matrix */
} pre_copy_rows[] = {
    /* What prepares the guest or the destination is the testbed. In the end the source's copy is
     * ended anyway. */
    {FAULT_SOURCE_VM_KILLED, {NULL, "EF", "EF", "F", "F", "F", "PF", NULL}},
    {FAULT_DESTINATION_VM_KILLED, {NULL, "EF", "EF", "F", "F", "F", "F", NULL}},
    {FAULT_SOURCE_NODE_KILLED, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_DESTINATION_NODE_KILLED, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_COORDINATOR_KILLED, {NULL, "N", "N", "N", "N", "N", "N", NULL}},
    {FAULT_SOURCE_FROZEN, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_DESTINATION_FROZEN, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_SOURCE_SLOW, {NULL, "P", "P", "P", "P", "P", "P", NULL}},
    {FAULT_DESTINATION_SLOW, {NULL, "P", "P", "P", "P", "P", "P", NULL}},
    {FAULT_SOURCE_LOST, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_DESTINATION_LOST, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_SOURCE_STOPPED, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_DESTINATION_STOPPED, {NULL, "E", "E", "E", "E", "E", "E", NULL}},
    {FAULT_INTERRUPTED, {NULL, "I", "I", "I", "I", "I", "I", NULL}},
    {FAULT_WAY_CUT, {NULL, "E", "E", "E", "P", "P", "P", NULL}},
    {FAULT_STREAM_CUT,
     {NULL, NO_STREAM, NO_STREAM, "F", STREAM_IS_OVER, STREAM_IS_OVER, STREAM_IS_OVER, NULL}},
    {.fault = FAULT_NONE},
};

#define ALREADY_RUNS "the guest runs before all of it is there"

/* After the switch a stream that breaks is replaced, which is a warning. */
static const struct row post_copy_rows[] = {
    {FAULT_SOURCE_VM_KILLED, {NULL, "EF", "EF", "F", ALREADY_RUNS, "F", "PF", NULL}},
    {FAULT_DESTINATION_VM_KILLED, {NULL, "EF", "EF", "F", ALREADY_RUNS, "F", "F", NULL}},
    {FAULT_SOURCE_NODE_KILLED, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_DESTINATION_NODE_KILLED, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_COORDINATOR_KILLED, {NULL, "N", "N", "N", ALREADY_RUNS, "N", "N", NULL}},
    {FAULT_SOURCE_FROZEN, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_DESTINATION_FROZEN, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_SOURCE_SLOW, {NULL, "P", "P", "P", ALREADY_RUNS, "P", "P", NULL}},
    {FAULT_DESTINATION_SLOW, {NULL, "P", "P", "P", ALREADY_RUNS, "P", "P", NULL}},
    {FAULT_SOURCE_LOST, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_DESTINATION_LOST, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_SOURCE_STOPPED, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_DESTINATION_STOPPED, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "E", NULL}},
    {FAULT_INTERRUPTED, {NULL, "I", "I", "I", ALREADY_RUNS, "I", "I", NULL}},
    {FAULT_WAY_CUT, {NULL, "E", "E", "E", ALREADY_RUNS, "E", "PE", NULL}},
    {FAULT_STREAM_CUT, {NULL, NO_STREAM, NO_STREAM, "F", ALREADY_RUNS, "WF", "WF", NULL}},
    {.fault = FAULT_NONE},
};

/* How a guest is moved. */
static const struct way {
    const char *name;
    struct world_setup setup;
    const struct row *rows;
} ways[] = {
    {"pre-copy", {.n_vms = 1, .legs = 1, .slow_host = -1}, pre_copy_rows},
    {"pre-copy, messages to the source are late",
     {.n_vms = 1, .legs = 1, .slow_host = SOURCE},
     pre_copy_rows},
    {"pre-copy, messages to the destination are late",
     {.n_vms = 1, .legs = 1, .slow_host = DESTINATION},
     pre_copy_rows},
    {"pre-copy, of a guest that is stopped meanwhile",
     {.n_vms = 1, .legs = 1, .offline = true, .slow_host = -1},
     pre_copy_rows},
    {"pre-copy that may end in any way",
     {.n_vms = 1, .legs = 1, .may_fail = true, .slow_host = -1},
     pre_copy_rows},
    {"pre-copy that is tried again",
     {.n_vms = 1, .legs = 1, .retries = 1, .slow_host = -1},
     pre_copy_rows},
    {"post-copy",
     {.n_vms = 1, .legs = 1, .postcopy = true, .recovers = true, .slow_host = -1},
     post_copy_rows},
    {"post-copy, messages to the source are late",
     {.n_vms = 1, .legs = 1, .postcopy = true, .recovers = true, .slow_host = SOURCE},
     post_copy_rows},
    {"post-copy, messages to the destination are late",
     {.n_vms = 1, .legs = 1, .postcopy = true, .recovers = true, .slow_host = DESTINATION},
     post_copy_rows},
    {"post-copy whose stream is not replaced",
     {.n_vms = 1, .legs = 1, .postcopy = true, .slow_host = -1},
     post_copy_rows},
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

/* A leg that may fail, or is tried again, can pass where another fails; nobody is warned of a
 * stream that is not to be replaced. */
static bool is_as_the_cell_says(const struct world_outcome *outcome, const struct way *way,
                                const char *cell)
{
    char verdict = verdict_letters[outcome->status];
    return (strchr(cell, verdict) != NULL && (verdict != 'W' || way->setup.recovers)) ||
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

Test(handover_matrix, post_copy_whose_stream_is_not_replaced)
{
    try_way(&ways[9]);
}

static void expect_whole(const struct row *rows)
{
    for (enum fault_kind kind = N_CALL_FAULTS; kind < N_FAULTS; kind++) {
        unsigned n_rows = 0;
        for (const struct row *row = rows; row->fault != FAULT_NONE; row++)
            n_rows += row->fault == kind;
        cr_expect_eq(n_rows, 1, "%s has %u rows", fault_name(kind), n_rows);
    }
    for (const struct row *row = rows; row->fault != FAULT_NONE; row++)
        for (enum world_phase phase = PHASE_BEFORE_READY; phase <= PHASE_RUNNING; phase++)
            cr_expect_not_null(row->cells[phase], "%s, %s", fault_name(row->fault),
                               phase_name(phase));
}

Test(handover_matrix, has_a_cell_for_each_fault_in_each_phase)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++)
        expect_whole(ways[i].rows);
}
