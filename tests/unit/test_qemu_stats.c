#include "migration/vm/qemu.h"

#include <criterion/criterion.h>

#define RAM                                                                                        \
    "'transferred': 90000000, 'remaining': 0, 'total': 33546240, 'page-size': 4096,"               \
    " 'dirty-sync-count': 5, 'mbps': 800.0"

static struct vm_move_stats look(const char *text)
{
    struct vm_move_stats stats;
    g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
    json_auto_t *reply = json_loads(json, 0, NULL);
    cr_assert_not_null(reply);
    qemu_stats_fill(&stats, reply);
    return stats;
}

Test(qemu_stats, counts_every_way_to_send_a_page_and_leaves_out_the_first_time)
{
    /* 8190 pages of RAM. */
    cr_expect_eq(look("{'ram': {" RAM ", 'normal': 5000, 'duplicate': 4190}}").pages_sent_again,
                 1000);
    cr_expect_eq(look("{'ram': {" RAM ", 'normal': 5000, 'duplicate': 4000},"
                      " 'xbzrle-cache': {'pages': 90}, 'compression': {'pages': 100}}")
                     .pages_sent_again,
                 1000);
}

Test(qemu_stats, reads_what_shows_that_an_option_has_acted)
{
    struct vm_move_stats stats = look("{'cpu-throttle-percentage': 60, 'xbzrle-cache': {'pages':"
                                      " 90}, 'compression': {'pages': 100}}");
    cr_expect_eq(stats.throttle_percent, 60);
    cr_expect_eq(stats.xbzrle_pages, 90);
    cr_expect_eq(stats.compressed_pages, 100);
    stats = look("{'status': 'completed'}");
    cr_expect_eq(stats.throttle_percent, -1);
    cr_expect_eq(stats.xbzrle_pages, -1);
    cr_expect_eq(stats.compressed_pages, -1);
}

Test(qemu_stats, nothing_is_sent_again_while_not_all_was_sent_once)
{
    cr_expect_eq(look("{'ram': {" RAM ", 'normal': 5000, 'duplicate': 10}}").pages_sent_again, -1);
}

Test(qemu_stats, what_is_not_said_is_not_known)
{
    cr_expect_eq(look("{'status': 'failed'}").pages_sent_again, -1);
    cr_expect_eq(look("{'ram': {" RAM ", 'normal': 9999}}").pages_sent_again, -1);
    cr_expect_eq(look("{'status': 'failed'}").transferred_bytes, -1);
}
