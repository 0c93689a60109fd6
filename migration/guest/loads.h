/*
 * What writes and checks in a guest with a shell: programs of ours (deploy/guests/jeos: mem.c,
 * disk.c) that write memory or a disk, know what they wrote, and answer "verify". jeos has them;
 * into any other Linux they are copied over the session (jeos-load). Which of them run is said by
 * `load`, else by dirty_mem and disk_write_mem.
 */
#pragma once

#include "migration/guest/kind.h"

/* Whether a VM of these params has this load: "memory" or "disk". */
bool guest_has_load(const struct params *params, const char *load);

/* Copies into the guest what it is to run of them. */
int guest_bring_loads(struct guest *guest, int64_t deadline, GError **err);

/* As guest_start_work(), guest_verify() and guest_spoil(). */
int guest_start_loads(struct guest *guest, int64_t deadline, GError **err);
int guest_verify_loads(struct guest *guest, int64_t deadline, uint64_t *pages_out,
                       uint64_t *bad_out, GError **err);
int guest_spoil_load(struct guest *guest, int64_t deadline, GError **err);

/* migration_bg_command, started; migration_bg_check_command, which must then succeed. */
int guest_start_background(struct guest *guest, int64_t deadline, GError **err);
int guest_check_background(struct guest *guest, int64_t deadline, GError **err);
