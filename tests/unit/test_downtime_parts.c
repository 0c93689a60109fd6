#include "migration/move/downtime_parts.h"

#include <criterion/criterion.h>

static const struct downtime_stamps in_order = {
    .stopped_us = 1000000,
    .source_completed_us = 1005000,
    .destination_completed_us = 1007000,
    .cont_us = 1010000,
    .resumed_us = 1010500,
    .ledger_us = 1000,
};

static Vtmh__DowntimeParts *parts_of(const struct downtime_stamps *stamps)
{
    Vtmh__Migration record = VTMH__MIGRATION__INIT;
    downtime_parts_record(stamps, &record);
    return record.downtime_parts;
}

Test(downtime_parts, add_up_to_the_time_from_stop_to_resume)
{
    Vtmh__DowntimeParts *parts = parts_of(&in_order);
    cr_assert_not_null(parts);
    cr_expect_float_eq(parts->hypervisor_ms, 7, 1e-9, "until the later end has completed");
    cr_expect_float_eq(parts->moved_ms, 2, 1e-9, "without the ledger");
    cr_expect_float_eq(parts->ledger_ms, 1, 1e-9);
    cr_expect_float_eq(parts->cont_ms, 0.5, 1e-9);
    vtmh__downtime_parts__free_unpacked(parts, NULL);
}

Test(downtime_parts, are_not_guessed_from_stamps_that_are_missing_or_out_of_order)
{
    struct downtime_stamps wrong[] = {in_order, in_order, in_order, in_order, in_order, in_order};
    wrong[0].stopped_us = 0;
    wrong[1].source_completed_us = 0;
    wrong[2].destination_completed_us = 0;
    wrong[3].cont_us = wrong[3].destination_completed_us;
    wrong[4].resumed_us = 0;
    wrong[5].stopped_us = wrong[5].destination_completed_us + 1;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_expect_null(parts_of(&wrong[i]), "case %u", i);
}
