/*
 * A leg: one move of one VM from one host to another. What is planned, and how it ended. Pure.
 *
 * A leg that ends as planned is a good one, whatever the end: a cancelled migration whose guest
 * runs on at the source, and a failed one that was to fail, are tests like others. What is not
 * planned fails the test.
 */
#pragma once

#include "proto/leg_words.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#define LEG_MAX_ATTEMPTS 255

/* A set of ends, or of survivors, as bits. */
#define LEG_BIT(value) (1U << (unsigned)(value))

struct leg_plan {
    unsigned number;  /* of the leg, from 1 */
    unsigned attempt; /* from 1: one more try after whatever end */
    unsigned vm;      /* index of the VM in the test */
    unsigned source, destination;
    const GArray *script;        /* what happens meanwhile (script.h); NULL: nothing */
    unsigned expected_ends;      /* of Vtmh__LegEnd */
    unsigned expected_survivors; /* of Vtmh__Survivor; 0: the usual one of its end */
    bool comes_back;             /* the next leg brings the VM back to the source of this one */
};

/* What one end knows of it. */
struct leg_view {
    Vtmh__LegEnd end;
    bool has_moved; /* a byte of the guest */
    Vtmh__Survivor survivor;
};

struct leg_outcome {
    Vtmh__LegEnd end;
    Vtmh__Survivor survivor; /* where the one copy of the guest is */
};

/* The scope of its meetings (sync/meeting.h): never 0, and another for each attempt and VM. */
uint64_t leg_scope(const struct leg_plan *plan);

/* The scope of one of its streams, counted from 1: post-copy may need several (postcopy.h). */
uint64_t leg_stream_scope(const struct leg_plan *plan, unsigned stream);

/* Whether it may end otherwise than by completing. */
bool leg_may_fail(const struct leg_plan *plan);

/*
 * What both ends' views come to, the same at both. Only the source calls a leg off; only what both
 * have completed is; what failed before a byte had moved was refused.
 */
struct leg_outcome leg_outcome_of(const struct leg_view *source,
                                  const struct leg_view *destination);

/* The survivors that a plan allows with any of its ends, as bits. */
unsigned leg_survivors(unsigned expected_ends, unsigned expected_survivors);

bool leg_is_as_planned(const struct leg_plan *plan, const struct leg_outcome *outcome);

/* "completed, the guest is on the destination; planned was: cancelled (source)". Transfer full. */
char *leg_text(const struct leg_plan *plan, const struct leg_outcome *outcome);

/* For the other end. Transfer full; false if it is none. */
json_t *leg_view_to_json(const struct leg_view *view);
bool leg_view_from_json(const json_t *json, struct leg_view *view);
