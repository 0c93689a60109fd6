/*
 * The guest inside a VM: is it up, does it work, did it lose memory.
 *
 * `guest` in the params names it: tick, jeos, or image (whatever the user has). A guest is
 * attached to a VM on either end; what it needs of the other end travels as a string (guest_state).
 */
#pragma once

#include "migration/vm/vm.h"

struct guest;

/* What VM the guest needs: files under host->guests_dir and kernel command line. err: no such
 * guest, or its files are not on this host. Transfer full; free with guest_boot_free(). */
struct vm_boot *guest_boot(const struct host *host, const struct params *params, GError **err);
void guest_boot_free(struct vm_boot *boot);

/* Whether the parameters that are regular expressions are such. CFG_ERROR_PARAM_VALUE. */
int guest_check_params(const struct params *params, GError **err);

/* The name in the results: "tick", "jeos". Transfer none. */
const char *guest_name(const struct params *params);

/* Whether it is one with Windows (os_type). */
bool guest_is_windows(const struct params *params);

/* What shuts it down: shutdown_command, or the default of its system. Transfer none. */
const char *guest_shutdown_command(const struct params *params);

/* The guests there are: the name of the I-th, and whether its VM has network cards. NULL behind the
 * last. Transfer none. */
const char *guest_kind_name(unsigned i, bool *has_network_out);

/* Who wants more than the guest's own folder: devices that a list names, with one of these values
 * of a parameter of theirs. */
struct guest_want {
    const char *list;          /* parameter; NULL: the VM itself */
    const char *param;         /* NULL: any device of the list */
    const char *const *values; /* NULL with param */
};

/* A folder under host->guests_dir that is there only where it is wanted, and who asks for what no
 * folder has. Each ended by list and param NULL. */
struct guest_folder {
    const char *name;
    const struct guest_want *wants;
    const struct guest_want *undriven;
};

/* That of the I-th guest, which the description tells vtmh; NULL: it has none. Static. */
const struct guest_folder *guest_kind_folder(unsigned i);

/* Whether the I-th guest has a folder of its own name. */
bool guest_kind_has_own_folder(unsigned i);

/*
 * Attaches to a VM: reads its serial port into <log_dir>/<vm>.serial.log and follows the heartbeat.
 * scope: where the reader runs; the guest must be freed before the scope is closed. Transfer full.
 */
struct guest *guest_attach(struct vm *vm, const struct host *host, const struct params *params,
                           struct scope *scope, GError **err);
void guest_free(struct guest *guest);

/* Whether it has said that it is up, here or on another host before it came. */
bool guest_is_up(const struct guest *guest);

/* The last lines it has said on its serial port that were no heartbeats; "nothing" if there are
 * none. Transfer full. */
char *guest_serial_tail(const struct guest *guest);

/*
 * Why there is no guest any more: what it did by itself (vm_act_error()), with its last serial
 * lines, or how its hypervisor ended. Transfer full.
 */
GError *guest_end(struct guest *guest);

/* Source, first start: waits until the guest says it is up, and logs in where it has ssh. */
int guest_await_up(struct guest *guest, int64_t deadline, GError **err);

/* A guest that has lived on behind its test: waits for a sign of life that is new, and logs in
 * where it has ssh. */
int guest_await_again(struct guest *guest, int64_t deadline, GError **err);

/* Its state was adopted of itself: it has lived on here, and said this on its serial port
 * meanwhile. */
void guest_has_stayed(struct guest *guest, const char *bytes, size_t size);

/* Destination, a guest that has moved while it booted: waits until it is up, which its first
 * heartbeat shows, and logs in where it has ssh. */
int guest_await_booted(struct guest *guest, int64_t deadline, GError **err);

/* Destination, after RESUME: waits for a heartbeat that is newer than the source's last, and logs
 * in where it has ssh. */
int guest_await_alive(struct guest *guest, int64_t deadline, GError **err);

/*
 * Starts what the params ask for: the memory writer (dirty_mem, dirty_rate), for jeos also the disk
 * writer (disk_write_mem, disk_write_rate) and migration_bg_command.
 */
int guest_start_work(struct guest *guest, int64_t deadline, GError **err);

/* Whether nobody logs in to it, since it has moved (not_login_after_mig), or since nobody knows how
 * (vm_is_reached()): its work, its memory and its kernel's log are not looked at. Why: a sentence,
 * or NULL; static. */
bool guest_is_left_alone(const struct guest *guest);
const char *guest_why_alone(const struct guest *guest);

/* Ends migration_bg_command by migration_bg_kill_command, whose exit status is of no interest, and
 * begins it again in a guest that works; nothing where there is none. */
int guest_end_background(struct guest *guest, int64_t deadline, GError **err);
int guest_begin_background(struct guest *guest, int64_t deadline, GError **err);

/* Does the guest live after the move, and its background work (migration_bg_check_command)? */
int guest_check_work(struct guest *guest, int64_t deadline, GError **err);

/*
 * One full read pass that begins now. *pages_out: pages read; *bad_out: pages found bad, in this
 * pass or by the writer since the last verify. A writer that has died is an error.
 */
int guest_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out, uint64_t *bad_out,
                 GError **err);

/* How often the memory writer had written its whole set when a verify last asked, here or on an
 * earlier host; 0 before the first. */
uint32_t guest_rounds(const struct guest *guest);

/* Makes the guest spoil one of its own pages: for tests of the check itself. */
int guest_spoil(struct guest *guest, int64_t deadline, GError **err);

/*
 * Runs a command in a guest that has a shell, for tests of what happens in it. UNSUPPORTED if it
 * has none. Out: transfer full.
 */
int guest_run(struct guest *guest, const char *command, int64_t deadline, int *status_out,
              char **output_out, GError **err);

/* From now on that says another file for the key: a copy, for who logs in when the test has removed
 * its own. Nothing where no key is known. */
int guest_keep_key(struct guest *guest, const char *path, GError **err);

/*
 * How many devices of a kind ("disk", "nic", "vcpu"; of "dimm" the MiB of all memory) the guest
 * sees, once they are as many, or after wait_ms; 0: now. What comes is put to use (CPUs and memory
 * go online). There is no event for that which every guest would know. UNSUPPORTED as of
 * guest_run().
 */
int guest_count(struct guest *guest, const char *kind, unsigned as_many, int64_t wait_ms,
                int64_t deadline, unsigned *count_out, GError **err);

/* The last heartbeat seen here. at_us: CLOCK_MONOTONIC of its arrival; 0: none yet. */
struct guest_beat {
    uint32_t counter;
    uint32_t guest_ms;
    uint32_t bad_pages;
    int64_t at_us;
};
struct guest_beat guest_last_beat(const struct guest *guest);
struct guest_beat guest_first_beat(const struct guest *guest); /* the first since attach */

/* Waits for a heartbeat that arrives after now: the guest runs. */
int guest_await_beat(struct guest *guest, int64_t deadline, GError **err);

/* The beat's period in ms. */
unsigned guest_beat_period_ms(const struct guest *guest);

/*
 * From now on the longest silence between two heartbeats here is kept; one that goes on counts from
 * where it began. The figure is less one period, in ms; -1: there was no heartbeat yet.
 */
void guest_watch_gaps(struct guest *guest);
double guest_longest_gap_ms(const struct guest *guest);

/*
 * What the other end must know to go on (login done, writers running). Transfer full / adopt. A
 * state that cannot be read, or NULL, is VM_ERROR_GUEST: the guest's work could not be checked.
 */
char *guest_state(const struct guest *guest);
int guest_adopt_state(struct guest *guest, const char *state, GError **err);

#define GUEST_PAGE_BYTES 4096 /* of every guest here, in figures that count pages */

AUTOPTR_STRUCT(guest, guest_free);
