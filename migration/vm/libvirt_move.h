/* How libvirt moves a domain: the calls of vm.h for managed VMs. */
#pragma once

#include "migration/vm/libvirt.h"

extern const struct vm_manager libvirt_manager;

/* Whether the source's call is under way. */
bool libvirt_is_called(const struct libvirt_vm *vm);

int libvirt_await_migrated(struct vm *vm, int64_t deadline, GError **err);
int libvirt_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err);
int libvirt_start_postcopy(struct vm *vm, int64_t deadline, GError **err);
int libvirt_prepare_move(struct vm *vm, const struct vm_move *move, int64_t deadline, GError **err);
int libvirt_set_speed(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err);
int libvirt_set_downtime(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err);

/* Whether a guest that comes by a migration is all here. True of one that does not. */
bool libvirt_move_has_arrived(const struct libvirt_vm *vm);

/* Events of the domain, on the loop's stack. end: it has ended, and not by moving away. */
void libvirt_move_on_lifecycle(struct libvirt_vm *vm, const char *event, const char *detail,
                               int64_t time_us);
void libvirt_move_on_event(struct libvirt_vm *vm, const char *event, const json_t *data);
/* QEMU's own MIGRATION event, with its status. */
void libvirt_move_on_qemu(struct libvirt_vm *vm, const char *status);
void libvirt_move_on_left(struct libvirt_vm *vm);
void libvirt_move_on_end(struct libvirt_vm *vm);

void libvirt_move_free(struct libvirt_move *move); /* NULL is fine */

/* libvirt_stats.c: figures of a job, by libvirt's names; completed: the job has, and its downtime
 * is no limit but a measurement. What libvirt does not tell is -1. */
void libvirt_stats_fill(struct vm_move_stats *stats, const json_t *job, bool completed);
int libvirt_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err);
int64_t libvirt_mirrored_bytes(const struct vm *vm); /* once it has completed */
/* Of the last job that has completed; NULL: none has. Transfer none. await: where the
 * guest has left, the event with them may come a moment later. */
const json_t *libvirt_move_await_completed(struct libvirt_vm *vm, int64_t deadline);
const json_t *libvirt_move_completed(const struct libvirt_vm *vm);
/* Source: figures that libvirt does not tell (compressed_pages, multifd_bytes, postcopy_bytes,
 * switchover_pauses), as of the last time that QEMU could be asked, which is now if it can; -1 in
 * them: not known. NULL: no move was begun. Transfer none. */
const struct vm_move_stats *libvirt_move_more_figures(struct libvirt_vm *vm, int64_t deadline);
/* Source: what a look at the running job shows (NULL: it could not be had). Before its first byte,
 * and behind its failure, libvirt tells a job of zeros: then as of the last look that had more.
 * Transfer none. */
const json_t *libvirt_move_see(struct libvirt_vm *vm, json_t *job);
