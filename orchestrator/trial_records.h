/*
 * What the hosts of a test find out, as it comes: counts their records, joins both ends of a leg,
 * and has each leg judged when it is done. Pure; its memory does not grow with the legs.
 */
#pragma once

#include "cfg/params.h"
#include "orchestrator/verdict.h"

struct trial_records;

/* A leg is done and judged. */
typedef void (*trial_leg_fn)(void *arg, const struct leg_result *leg);

/* result, params (of the test) outlive it. The hosts of the result are set. */
struct trial_records *trial_records_new(struct test_result *result, const struct params *params,
                                        trial_leg_fn on_leg, void *arg);
void trial_records_free(struct trial_records *records);
AUTOPTR_STRUCT(trial_records, trial_records_free);

/* The record's number is checked first: what was sent again is known already. */
bool trial_records_is_repeated(const struct trial_records *records, unsigned host,
                               const Vtmh__Record *record);

/*
 * Takes a record that is not repeated. LINK_ERROR_PROTOCOL: it cannot be true, or one before it is
 * missing: nothing that the host tells can be relied on any more.
 */
int trial_records_take(struct trial_records *records, unsigned host, const Vtmh__Record *record,
                       GError **err);

/* How many have been taken of a host: the number of the last one. */
uint64_t trial_records_count(const struct trial_records *records, unsigned host);

/* Up to which one all is passed on: behind it is a leg that waits for its other end, and is known
 * here alone. */
uint64_t trial_records_passed_on(const struct trial_records *records, unsigned host);

/* No more will come: what only one end has told of legs is judged as it is. */
void trial_records_close(struct trial_records *records);

/* The verdict, after that. reports: by index of the result's hosts. */
void trial_records_judge(struct trial_records *records, const struct host_report *reports,
                         const struct own_cause *own);
