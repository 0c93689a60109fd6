#include "migration/vm/libvirt_move.h"

#include <criterion/criterion.h>

/* As libvirt 9.0 tells them of a guest of 8,190 pages. */
#define JOB                                                                                        \
    "'time_elapsed': 412, 'setup_time': 3, 'downtime': 47, 'memory_total': 33546240,"              \
    " 'memory_processed': 90000000, 'memory_remaining': 4096, 'memory_bps': 100000000,"            \
    " 'memory_dirty_rate': 20, 'memory_iteration': 5, 'memory_page_size': 4096"

static struct vm_move_stats look(const char *text, bool completed)
{
    struct vm_move_stats stats = {.status = ""};
    g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
    json_auto_t *job = json_loads(json, 0, NULL);

    cr_assert_not_null(job);
    libvirt_stats_fill(&stats, job, completed);
    return stats;
}

Test(libvirt_stats, has_the_figures_that_qemu_tells_itself)
{
    struct vm_move_stats stats =
        look("{" JOB ", 'memory_normal': 5000, 'memory_constant': 4190}", true);

    cr_expect_eq(stats.total_ms, 412);
    cr_expect_eq(stats.setup_ms, 3);
    cr_expect_eq(stats.downtime_ms, 47);
    cr_expect_eq(stats.expected_downtime_ms, -1);
    cr_expect_eq(stats.transferred_bytes, 90000000);
    cr_expect_eq(stats.total_bytes, 33546240);
    cr_expect_eq(stats.remaining_bytes, 4096);
    cr_expect_eq(stats.dirty_syncs, 5);
    cr_expect_eq(stats.dirty_bytes_per_s, 20 * 4096);
    cr_expect_eq(stats.bytes_per_s, 1e8);
    cr_expect_eq(stats.pages_sent_again, 1000);
}

Test(libvirt_stats, the_downtime_of_a_job_that_runs_is_a_limit_and_no_measurement)
{
    struct vm_move_stats stats = look("{" JOB "}", false);

    cr_expect_eq(stats.downtime_ms, -1);
    cr_expect_eq(stats.expected_downtime_ms, 47);
}

Test(libvirt_stats, what_libvirt_does_not_tell_is_not_known)
{
    struct vm_move_stats stats = look("{" JOB "}", true);

    cr_expect_eq(stats.pages_sent_again, -1);
    cr_expect_eq(stats.multifd_bytes, -1);
    cr_expect_eq(stats.postcopy_bytes, -1);
    cr_expect_eq(stats.throttle_percent, -1);
    cr_expect_eq(look("{}", true).total_ms, -1);
    cr_expect_eq(look("{}", true).dirty_bytes_per_s, -1);
}
