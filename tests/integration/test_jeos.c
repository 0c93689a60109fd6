/* The Linux guest: boot, login, commands, work and a move, with real QEMU under TCG. */
#include "tests/integration/vm_bed.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)
#define BOOT deadline_in(60000)

TestSuite(jeos, .timeout = 180);

static int run_a_command(struct seat *seat, GError **err)
{
    g_autofree char *output = NULL;
    int status = -1;

    if (guest_run(seat->guest, "echo hello; exit 7", BOOT, &status, &output, err) < 0)
        return -1;
    check(status == 7);
    check(strcmp(output, "hello\n") == 0);
    return 0;
}

static int verify_clean(struct seat *seat, GError **err)
{
    uint64_t pages = 0, bad = 77;

    if (guest_check_work(seat->guest, BOOT, err) < 0 ||
        guest_verify(seat->guest, BOOT, &pages, &bad, err) < 0)
        return -1;
    check(pages == (32 + 2) * 256ul);
    check(bad == 0);
    return 0;
}

static int boot_work_and_move(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 100 * MIB, 50, NULL};
    g_autoptr(GError) error = NULL;
    struct vm_move_stats stats;
    struct seat seat;
    uint64_t pages, bad = 0;

    bed_set(bed, "guest", "jeos");
    bed_set(bed, "mem", "256");
    bed_set(bed, "dirty_mem", "32");
    bed_set(bed, "dirty_rate", "20");
    bed_set(bed, "disk_write_mem", "2");
    bed_set(bed, "migration_bg_command", "sleep 1000");
    bed_set(bed, "migration_bg_check_command", "pgrep sleep");
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0 ||
        vm_cont(seat.vm, BOOT, err) < 0 || guest_await_up(seat.guest, BOOT, err) < 0 ||
        run_a_command(&seat, err) < 0 || guest_start_work(seat.guest, BOOT, err) < 0 ||
        verify_clean(&seat, err) < 0)
        return -1;
    check(vm_endpoint(seat.vm, NULL, GUEST_SSH_PORT, &(struct vm_endpoint){0}));
    for (int leg = 0; leg < 2; leg++) {
        if (seat_move(bed, &seat, &move, &stats, err) < 0 || run_a_command(&seat, err) < 0 ||
            verify_clean(&seat, err) < 0)
            return -1;
        cr_log_info("leg %d: total %.0f ms, downtime %.0f ms, %d syncs", leg, stats.total_ms,
                    stats.downtime_ms, (int)stats.dirty_syncs);
    }
    if (guest_spoil(seat.guest, BOOT, err) < 0 ||
        guest_verify(seat.guest, BOOT, &pages, &bad, err) < 0)
        return -1;
    check(bad == 1);
    if (guest_run(seat.guest, "pkill vtmh-mem", BOOT, &(int){0}, NULL, err) < 0)
        return -1;
    check(guest_verify(seat.guest, BOOT, &pages, &bad, &error) < 0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_GUEST));
    check(error != NULL && strstr(error->message, "has lost its work") != NULL);
    g_clear_error(&error);
    if (guest_run(seat.guest, "pkill sleep; while pgrep sleep; do usleep 10000; done", BOOT,
                  &(int){0}, NULL, err) < 0)
        return -1;
    check(guest_check_work(seat.guest, BOOT, &error) < 0);
    check(error != NULL && strstr(error->message, "has lost its background work") != NULL);
    return seat_close(bed, &seat, err);
}

Test(jeos, boots_logs_in_works_and_moves)
{
    bed_run(boot_work_and_move);
}

int main(int argc, char **argv)
{
    return runner_main_unless(bed_missing(), argc, argv);
}
