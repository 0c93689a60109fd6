#include "migration/move/leg_record.h"

#include "sync/fiber.h"

#include <criterion/criterion.h>

static struct vm_move_stats nothing(void)
{
    return (struct vm_move_stats){.total_ms = -1,
                                  .setup_ms = -1,
                                  .downtime_ms = -1,
                                  .transferred_bytes = -1,
                                  .remaining_bytes = -1,
                                  .total_bytes = -1,
                                  .dirty_syncs = -1,
                                  .pages_sent_again = -1,
                                  .bytes_per_s = -1,
                                  .throttle_percent = -1,
                                  .xbzrle_pages = -1,
                                  .compressed_pages = -1,
                                  .multifd_bytes = -1,
                                  .switchover_pauses = -1};
}

static void expect_end(GError *error, const char *status)
{
    Vtmh__Migration record = VTMH__MIGRATION__INIT;
    record.status = g_strdup("failed");
    leg_record_end(&record, error);
    cr_expect_str_eq(record.status, status);
    g_free(record.status);
    g_clear_error(&error);
}

Test(leg_record, keeps_what_an_earlier_look_has_measured)
{
    Vtmh__Migration record = VTMH__MIGRATION__INIT;
    struct vm_move_stats look = nothing();
    look.total_ms = 480;
    look.transferred_bytes = 1 << 20;
    look.remaining_bytes = 4096;
    look.dirty_syncs = 7;
    look.bytes_per_s = 5e6;
    leg_record_stats(&record, &look, false);
    look = nothing(); /* what QEMU says once it has failed */
    leg_record_stats(&record, &look, false);
    cr_expect_float_eq(record.total_ms, 480, 1e-9);
    cr_expect_eq(record.transferred_bytes, 1 << 20);
    cr_expect_eq(record.remaining_bytes, 4096);
    cr_expect_eq(record.dirty_syncs, 7);
    cr_expect_float_eq(record.bytes_per_s, 5e6, 1e-9);
}

Test(leg_record, has_the_most_by_which_the_guest_was_slowed_down)
{
    Vtmh__Migration record = VTMH__MIGRATION__INIT;
    static const int64_t looks[] = {-1, 60, 80, 20, -1};
    record.throttle_percent = -1;
    for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
        struct vm_move_stats look = nothing();
        look.throttle_percent = looks[i];
        leg_record_stats(&record, &look, false);
    }
    cr_expect_eq(record.throttle_percent, 80);
}

Test(leg_record, a_guest_that_was_stopped_before_has_no_downtime_of_the_moves_own)
{
    Vtmh__Migration record = VTMH__MIGRATION__INIT;
    struct vm_move_stats look = nothing();
    look.downtime_ms = 12;
    record.downtime_ms = -1;
    leg_record_stats(&record, &look, true);
    cr_expect_lt(record.downtime_ms, 0);
}

Test(leg_record, tells_a_leg_that_was_called_off_from_one_that_failed)
{
    expect_end(NULL, "completed");
    expect_end(g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, "interrupted"), "cancelled");
    expect_end(g_error_new_literal(SYNC_ERROR, SYNC_ERROR_TIMEOUT, "late"), "failed");
    expect_end(g_error_new_literal(VM_ERROR, VM_ERROR_MIGRATION, "broken"), "failed");
}
