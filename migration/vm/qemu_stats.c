/* QMP query-migrate, as figures. */
#include "migration/vm/qemu.h"

#include <string.h>

#define FILL_MS 1000 /* for QEMU to fill in its totals after completion */
#define FILL_STEP_MS 5

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : -1;
}

static int64_t integer_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/*
 * Pages that were sent more than once: all that were sent, by whatever way, less those that there
 * are. Unlike the number of dirty syncs, which differs between versions of QEMU and is three for a
 * guest that stands still, it is nothing unless the guest wrote.
 */
int64_t qemu_pages_sent_again(int64_t normal, int64_t duplicate, int64_t encoded,
                              int64_t total_bytes, int64_t page_size)
{
    if (normal < 0 || duplicate < 0 || total_bytes < 0 || page_size <= 0)
        return -1;
    return MAX(normal + duplicate + encoded - total_bytes / page_size, -1);
}

static int64_t pages_sent_again(const json_t *reply, int64_t total_bytes, int64_t page_size)
{
    const json_t *ram = json_object_get(reply, "ram");
    int64_t encoded = integer_of(json_object_get(reply, "xbzrle-cache"), "pages");
    int64_t compressed = integer_of(json_object_get(reply, "compression"), "pages");

    return qemu_pages_sent_again(integer_of(ram, "normal"), integer_of(ram, "duplicate"),
                                 MAX(encoded, 0) + MAX(compressed, 0), total_bytes, page_size);
}

void qemu_stats_fill(struct vm_move_stats *stats, const json_t *reply)
{
    const json_t *ram = json_object_get(reply, "ram");
    const char *status = json_string_value(json_object_get(reply, "status"));
    int64_t dirty_pages_per_s = integer_of(ram, "dirty-pages-rate");
    int64_t page_size = integer_of(ram, "page-size");
    double megabits_per_s = number_of(ram, "mbps");

    g_strlcpy(stats->status, status != NULL ? status : "none", sizeof stats->status);
    stats->total_ms = number_of(reply, "total-time");
    stats->setup_ms = number_of(reply, "setup-time");
    stats->downtime_ms = number_of(reply, "downtime");
    stats->expected_downtime_ms = number_of(reply, "expected-downtime");
    stats->transferred_bytes = integer_of(ram, "transferred");
    stats->remaining_bytes = integer_of(ram, "remaining");
    stats->total_bytes = integer_of(ram, "total");
    stats->dirty_syncs = integer_of(ram, "dirty-sync-count");
    stats->dirty_bytes_per_s =
        dirty_pages_per_s >= 0 && page_size > 0 ? dirty_pages_per_s * page_size : -1;
    stats->pages_sent_again = pages_sent_again(reply, stats->total_bytes, page_size);
    stats->bytes_per_s = megabits_per_s >= 0 ? megabits_per_s * 1e6 / 8 : -1;
    /* It measures its rate a tenth of a second: until then the average so far is all there is. */
    if (megabits_per_s == 0 && stats->transferred_bytes > 0 && stats->total_ms > 0)
        stats->bytes_per_s = 1000.0 * (double)stats->transferred_bytes / stats->total_ms;
    stats->throttle_percent = integer_of(reply, "cpu-throttle-percentage");
    stats->xbzrle_pages = integer_of(json_object_get(reply, "xbzrle-cache"), "pages");
    stats->compressed_pages = integer_of(json_object_get(reply, "compression"), "pages");
    stats->multifd_bytes = integer_of(ram, "multifd-bytes");
    stats->switchover_pauses = -1;
    stats->postcopy_bytes = integer_of(ram, "postcopy-bytes");
    stats->postcopy_requests = integer_of(ram, "postcopy-requests");
}

/* The source says completed a moment before it has computed its totals. */
static bool is_filled(const struct vm_move_stats *stats)
{
    return strcmp(stats->status, "completed") != 0 || stats->transferred_bytes < 0 ||
           stats->total_ms > 0;
}

int qemu_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err)
{
    int64_t give_up = deadline_min(deadline, deadline_in(FILL_MS));

    for (;;) {
        json_auto_t *reply = NULL;
        struct vm_move_stats look;

        if (qemu_command(qemu_vm(vm), "query-migrate", NULL, deadline, &reply, err) < 0)
            return -1;
        qemu_stats_fill(&look, reply);
        look.switchover_pauses = qemu_vm(vm)->migration.pauses;
        if (!is_filled(&look) && deadline_left(give_up) > 0) {
            if (await_deadline(deadline_min(give_up, deadline_in(FILL_STEP_MS)), err) < 0)
                return -1;
            continue;
        }
        if (!is_filled(&look))
            look.total_ms = look.downtime_ms = -1;
        *stats = look;
        return 0;
    }
}
