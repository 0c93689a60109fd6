/* virDomainGetJobStats, as figures. */
#include "migration/vm/libvirt_move.h"

#include <string.h>

static int64_t integer_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* Pages that were sent more than once: as of QEMU's own figures (qemu_stats.c). */
static int64_t pages_sent_again(const json_t *job)
{
    int64_t normal = integer_of(job, "memory_normal"),
            constant = integer_of(job, "memory_constant");
    int64_t total = integer_of(job, "memory_total");
    int64_t page_size = integer_of(job, "memory_page_size");

    return qemu_pages_sent_again(normal, constant, MAX(integer_of(job, "compression_pages"), 0),
                                 total, page_size);
}

void libvirt_stats_fill(struct vm_move_stats *stats, const json_t *job, bool completed)
{
    int64_t dirty_pages_per_s = integer_of(job, "memory_dirty_rate");
    int64_t page_size = integer_of(job, "memory_page_size");
    int64_t bytes_per_s = integer_of(job, "memory_bps");

    stats->total_ms = (double)integer_of(job, "time_elapsed");
    stats->setup_ms = (double)integer_of(job, "setup_time");
    stats->downtime_ms = completed ? (double)integer_of(job, "downtime") : -1;
    stats->expected_downtime_ms = completed ? -1 : (double)integer_of(job, "downtime");
    stats->transferred_bytes = integer_of(job, "memory_processed");
    stats->remaining_bytes = integer_of(job, "memory_remaining");
    stats->total_bytes = integer_of(job, "memory_total");
    stats->dirty_syncs = integer_of(job, "memory_iteration");
    stats->dirty_bytes_per_s =
        dirty_pages_per_s >= 0 && page_size > 0 ? dirty_pages_per_s * page_size : -1;
    stats->pages_sent_again = pages_sent_again(job);
    stats->bytes_per_s = (double)bytes_per_s;
    stats->throttle_percent = integer_of(job, "auto_converge_throttle");
    stats->xbzrle_pages = integer_of(job, "compression_pages");
    stats->compressed_pages = -1;
    stats->multifd_bytes = -1;
    stats->switchover_pauses = -1;
    stats->postcopy_bytes = -1;
    stats->postcopy_requests = integer_of(job, "memory_postcopy_requests");
}

static void add_figures(struct vm_move_stats *stats, const struct vm_move_stats *of_qemu)
{
    if (of_qemu == NULL)
        return;
    stats->compressed_pages = of_qemu->compressed_pages;
    stats->multifd_bytes = of_qemu->multifd_bytes;
    stats->switchover_pauses = of_qemu->switchover_pauses;
    stats->postcopy_bytes = of_qemu->postcopy_bytes;
}

int libvirt_move_stats(struct vm *base, struct vm_move_stats *stats, int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    const json_t *completed = libvirt_move_completed(vm);
    struct vm_move_stats look = {.status = ""};
    g_autoptr(GError) error = NULL;
    json_auto_t *running = NULL;
    int number = 0;

    if (completed == NULL && !vm->is_incoming && !base->has_left)
        libvirt_call(vm, "domain-job-stats", NULL, deadline, &running, &number, &error);
    /* Between the end of the domain here and what libvirt tells of it there is nothing to see. */
    if (libvirt_is_called(vm) &&
        (number == PROTOCOL_OPERATION_INVALID || number == PROTOCOL_NO_DOMAIN))
        g_clear_error(&error);
    /* The job may have completed, and the domain have gone, while it was asked for. */
    completed = libvirt_move_await_completed(vm, deadline);
    if (error != NULL && completed == NULL && !base->has_left) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    const json_t *seen = libvirt_move_see(vm, running);
    const struct vm_move_stats *more = libvirt_move_more_figures(vm, deadline);
    completed = libvirt_move_completed(vm);
    libvirt_stats_fill(&look, completed != NULL ? completed : seen, completed != NULL);
    add_figures(&look, more);
    g_strlcpy(look.status, *base->move_status != '\0' ? base->move_status : "none",
              sizeof look.status);
    *stats = look;
    return 0;
}

int64_t libvirt_mirrored_bytes(const struct vm *base)
{
    return integer_of(libvirt_move_completed((const struct libvirt_vm *)base), "disk_processed");
}
