/* What the legs of a test come to, however many they are: counts, and how its figures lie. Pure. */
#pragma once

#include "orchestrator/histogram.h"
#include "proto/vtmh.pb-c.h"

#include <jansson.h>

struct leg_result;

/* The first leg of a VM begins with a hypervisor that has never migrated, and is told apart. */
enum leg_class { LEG_FIRST, LEG_LATER, LEG_CLASSES };

enum leg_total {
    TOTAL_CYCLE,
    TOTAL_TOTAL,
    TOTAL_DOWNTIME,
    TOTAL_STOP_TO_RESUME,
    TOTAL_GUEST_GAP,
    LEG_TOTALS
};

#define LEG_ENDS (VTMH__LEG_END__LEG_UNCERTAIN + 1)
#define LEG_CHECKS (VTMH__MEMORY_CHECK__MEMORY_CORRUPT + 1)

struct leg_totals {
    uint64_t legs;
    uint64_t ends[LEG_ENDS];     /* by Vtmh__LegEnd */
    uint64_t checks[LEG_CHECKS]; /* by Vtmh__MemoryCheck */
    uint64_t bad_pages;          /* of the corrupt */
    uint64_t unplanned;          /* that are not what the test was to see */
    /* Of completed legs in which it was measured, in ms; NULL: there are none. */
    struct histogram *figures[LEG_CLASSES][LEG_TOTALS];
    GHashTable *vms; /* set of char *: those that have moved */
};

void leg_totals_init(struct leg_totals *totals);
void leg_totals_clear(struct leg_totals *totals);
void leg_totals_add(struct leg_totals *totals, const struct leg_result *leg);

/* As under "totals" in results.json (docs/results.md). Transfer full. */
json_t *leg_totals_json(const struct leg_totals *totals);
