/* Guests that one libvirtd moves to another, both on this computer, by the calls of vm.h. */
#include "migration/vm/driver.h"
#include "migration/vm/libvirt_link.h"
#include "tests/integration/libvirt_bed.h"
#include "tests/integration/vm_bed.h"
#include "tests/unit/runner.h"

#include <signal.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

TestSuite(libvirt_move, .timeout = 120);

static struct libvirt_bed *here, *there;

static void start_daemons(void)
{
    libvirt_link_program = LIBVIRT_PROGRAM;
    here = libvirt_bed_start();
    there = libvirt_bed_start();
}

static void stop_daemons(void)
{
    libvirt_bed_stop(there);
    libvirt_bed_stop(here);
}

/* A source whose guest is up, and a destination for it. */
static int open_both(struct bed *bed, struct seat *from, struct seat *to, GError **err)
{
    g_autofree char *state = NULL;

    bed_set(bed, "vm_type", "libvirt");
    bed_set(bed, "libvirt_uri", here->uri);
    if (seat_boot(bed, from, err) < 0)
        return -1;
    bed_set(bed, "libvirt_uri", there->uri);
    state = guest_state(from->guest);
    return seat_open(bed, to, true, state, err);
}

/* bandwidth: MiB/s; 0: no limit. more: of the call, "flags" and "parameters"; or NULL. */
static int begin_with(struct bed *bed, struct seat *from, struct seat *to, bool is_held,
                      int bandwidth, const json_t *more, GError **err)
{
    const struct vm_expected expected = {.is_held = is_held};
    g_autofree char *stream = g_strdup_printf("unix://%s/stream", bed->dir);
    json_auto_t *ticket = vm_expect(to->vm, &expected, SOON, err);
    json_auto_t *call = NULL;

    if (ticket == NULL)
        return -1;
    call = json_pack("{s:s, s:s, s:O, s:O, s:[s,s], s:{}}", "dconnuri", there->uri, "uri", stream,
                     "name", json_object_get(ticket, "name"), "dest_xml",
                     json_object_get(ticket, "xml"), "flags", "live", "peer2peer", "parameters");
    if (is_held)
        json_array_append_new(json_object_get(call, "flags"), json_string("paused"));
    if (bandwidth > 0)
        json_object_set_new(json_object_get(call, "parameters"), "bandwidth",
                            json_integer(bandwidth));
    json_array_extend(json_object_get(call, "flags"), json_object_get(more, "flags"));
    json_object_update(json_object_get(call, "parameters"), json_object_get(more, "parameters"));
    return vm_begin_managed(from->vm, call, SOON, err);
}

static int begin(struct bed *bed, struct seat *from, struct seat *to, bool is_held, int bandwidth,
                 GError **err)
{
    return begin_with(bed, from, to, is_held, bandwidth, NULL, err);
}

static void check_left(struct seat *from)
{
    struct vm_move_stats stats;
    g_autofree char *state = NULL;

    check(vm_has_left(from->vm));
    check(!event_is_set(vm_exited(from->vm)));
    check(strcmp(vm_move_status(from->vm), "completed") == 0);
    check(vm_stopped_at_us(from->vm) > 0);
    check(vm_run_state(from->vm, &state, SOON, NULL) == 0 && strcmp(state, "none") == 0);
    check(vm_move_stats(from->vm, &stats, SOON, NULL) == 0);
    check(stats.total_ms > 0 && stats.downtime_ms > 0);
    check(stats.total_bytes > 32 * (int64_t)MIB && stats.transferred_bytes > 0);
    check(stats.dirty_syncs > 0);
}

static int move_held(struct bed *bed, GError **err)
{
    g_autofree char *arrived = NULL;
    struct seat from, to;

    if (open_both(bed, &from, &to, err) < 0 || begin(bed, &from, &to, true, 0, err) < 0 ||
        vm_await_migrated(from.vm, SOON, err) < 0 || vm_await_migrated(to.vm, SOON, err) < 0)
        return -1;
    check_left(&from);
    check(vm_run_state(to.vm, &arrived, SOON, NULL) == 0 && strcmp(arrived, "paused") == 0);
    check(vm_resumed_at_us(to.vm) == 0);
    check(vm_pid(to.vm) > 0);
    if (vm_cont(to.vm, SOON, err) < 0 || guest_await_alive(to.guest, SOON, err) < 0)
        return -1;
    check(vm_resumed_at_us(to.vm) > vm_stopped_at_us(from.vm));
    return seat_close(bed, &from, err) < 0 ? -1 : seat_close(bed, &to, err);
}

Test(libvirt_move, a_guest_that_is_held_stays_paused_until_it_is_continued, .init = start_daemons,
     .fini = stop_daemons)
{
    bed_run(move_held);
}

static int move_freely(struct bed *bed, GError **err)
{
    g_autofree char *arrived = NULL;
    struct seat from, to;

    if (open_both(bed, &from, &to, err) < 0 || begin(bed, &from, &to, false, 0, err) < 0 ||
        vm_await_migrated(from.vm, SOON, err) < 0 || vm_await_migrated(to.vm, SOON, err) < 0)
        return -1;
    check_left(&from);
    check(vm_run_state(to.vm, &arrived, SOON, NULL) == 0 && strcmp(arrived, "running") == 0);
    check(vm_resumed_at_us(to.vm) > 0);
    if (vm_cont(to.vm, SOON, err) < 0 || guest_await_alive(to.guest, SOON, err) < 0)
        return -1;
    return seat_close(bed, &from, err) < 0 ? -1 : seat_close(bed, &to, err);
}

Test(libvirt_move, a_guest_that_is_not_held_runs_when_it_has_arrived, .init = start_daemons,
     .fini = stop_daemons)
{
    bed_run(move_freely);
}

static int await_active(struct seat *from, GError **err)
{
    while (strcmp(vm_move_status(from->vm), "active") != 0) {
        event_reset(vm_move_changed(from->vm));
        if (await_event(vm_move_changed(from->vm), SOON, err) < 0)
            return -1;
    }
    return 0;
}

static int cancel(struct bed *bed, GError **err)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *state = NULL;
    bool has_completed = true;
    struct seat from, to;

    if (open_both(bed, &from, &to, err) < 0 || begin(bed, &from, &to, true, 1, err) < 0 ||
        await_active(&from, err) < 0)
        return -1;
    if (vm_migrate_cancel(from.vm, &has_completed, SOON, err) < 0)
        return -1;
    check(!has_completed && !vm_has_left(from.vm));
    check(strcmp(vm_move_status(from.vm), "cancelled") == 0);
    check(vm_await_migrated(from.vm, SOON, &failure) < 0);
    check(g_error_matches(failure, VM_ERROR, VM_ERROR_MIGRATION));
    check(failure != NULL &&
          strstr(failure->message, "migration of vm1 cancelled on host1") != NULL);
    check(vm_run_state(from.vm, &state, SOON, NULL) == 0 && strcmp(state, "running") == 0);
    g_clear_error(&failure);
    check(vm_await_migrated(to.vm, SOON, &failure) < 0);
    check(g_error_matches(failure, VM_ERROR, VM_ERROR_MIGRATION));
    check(guest_await_alive(from.guest, SOON, NULL) == 0);
    return seat_close(bed, &to, err) < 0 ? -1 : seat_close(bed, &from, err);
}

Test(libvirt_move, a_cancelled_move_leaves_the_guest_where_it_was, .init = start_daemons,
     .fini = stop_daemons)
{
    bed_run(cancel);
}

/* What the source's QEMU was told. */
static void check_capabilities(struct seat *from, const char *const *expected)
{
    json_auto_t *reply = NULL;
    size_t i;
    json_t *row;
    unsigned n = 0;

    check(vm_ask(from->vm, "query-migrate-capabilities", NULL, SOON, &reply, NULL) == 0);
    json_array_foreach (reply, i, row)
        if (g_strv_contains(expected, json_string_value(json_object_get(row, "capability"))) &&
            json_is_true(json_object_get(row, "state")))
            n++;
    check(n == g_strv_length((char **)expected));
}

static void check_parameter(struct seat *from, const char *name, json_int_t expected)
{
    json_auto_t *reply = NULL;

    check(vm_ask(from->vm, "query-migrate-parameters", NULL, SOON, &reply, NULL) == 0);
    check(json_integer_value(json_object_get(reply, name)) == expected);
}

static int move_with_options(struct bed *bed, GError **err)
{
    static const char *const told[] = {"multifd", "auto-converge", "pause-before-switchover",
                                       "return-path", NULL};
    const struct vm_move move = {.downtime_limit_ms = 77};
    json_auto_t *more = json_pack("{s:[s,s], s:{s:i, s:i, s:i}}", "flags", "parallel",
                                  "auto_converge", "parameters", "parallel.connections", 3,
                                  "auto_converge.initial", 33, "auto_converge.increment", 7);
    struct vm_move_stats stats;
    struct seat from, to;

    if (open_both(bed, &from, &to, err) < 0 || vm_prepare_move(from.vm, &move, SOON, err) < 0 ||
        begin_with(bed, &from, &to, true, 1, more, err) < 0 || await_active(&from, err) < 0)
        return -1;
    check_capabilities(&from, told);
    check_parameter(&from, "multifd-channels", 3);
    check_parameter(&from, "cpu-throttle-initial", 33);
    check_parameter(&from, "cpu-throttle-increment", 7);
    check_parameter(&from, "downtime-limit", 77);
    check_parameter(&from, "max-bandwidth", (json_int_t)MIB);
    if (vm_set_downtime(from.vm, 99, SOON, err) < 0 ||
        vm_set_speed(from.vm, 400 * MIB, SOON, err) < 0)
        return -1;
    check_parameter(&from, "downtime-limit", 99);
    check_parameter(&from, "max-bandwidth", 400 * (json_int_t)MIB);
    if (vm_move_stats(from.vm, &stats, SOON, err) < 0 ||
        vm_await_migrated(from.vm, SOON, err) < 0 || vm_await_migrated(to.vm, SOON, err) < 0)
        return -1;
    check(vm_move_stats(from.vm, &stats, SOON, NULL) == 0);
    check(stats.multifd_bytes > 0 && stats.switchover_pauses == 1);
    if (vm_cont(to.vm, SOON, err) < 0 || guest_await_alive(to.guest, SOON, err) < 0)
        return -1;
    return seat_close(bed, &from, err) < 0 ? -1 : seat_close(bed, &to, err);
}

Test(libvirt_move, options_of_a_move_come_to_the_hypervisor, .init = start_daemons,
     .fini = stop_daemons)
{
    bed_run(move_with_options);
}

static int lose_libvirtd(struct bed *bed, GError **err)
{
    g_autoptr(GError) failure = NULL;
    struct seat from, to;

    if (open_both(bed, &from, &to, err) < 0 || begin(bed, &from, &to, true, 1, err) < 0 ||
        await_active(&from, err) < 0)
        return -1;
    libvirt_bed_do(here, "kill");
    check(vm_await_migrated(from.vm, SOON, &failure) < 0);
    check(g_error_matches(failure, VM_ERROR, VM_ERROR_UNREACHABLE));
    check(!event_is_set(vm_exited(from.vm)));
    check(seat_close(bed, &from, NULL) == 0);
    check(seat_close(bed, &to, NULL) == 0);
    libvirt_bed_do(here, "start");
    return 0;
}

Test(libvirt_move, what_became_of_a_move_is_not_known_when_its_libvirtd_is_gone,
     .init = start_daemons, .fini = stop_daemons)
{
    bed_run(lose_libvirtd);
}

/* Both have their QEMU, and the stream flows. */
static int begin_slowly(struct bed *bed, struct seat *from, struct seat *to, GError **err)
{
    if (open_both(bed, from, to, err) < 0)
        return -1;
    check(vm_pid(to->vm) == 0);
    if (begin(bed, from, to, true, 1, err) < 0 || await_active(from, err) < 0)
        return -1;
    check(vm_pid(to->vm) > 0 && vm_pid(to->vm) != vm_pid(from->vm));
    return 0;
}

/* The move has failed, and the guest is where it was. */
static void check_stayed(struct seat *from)
{
    g_autofree char *state = NULL;

    check(!vm_has_left(from->vm) && !event_is_set(vm_exited(from->vm)));
    check(vm_run_state(from->vm, &state, SOON, NULL) == 0 && strcmp(state, "running") == 0);
    check(guest_await_alive(from->guest, SOON, NULL) == 0);
}

static int lose_receiver(struct bed *bed, GError **err)
{
    g_autoptr(GError) here_failed = NULL, there_failed = NULL;
    struct seat from, to;

    if (begin_slowly(bed, &from, &to, err) < 0)
        return -1;
    check(kill(vm_pid(to.vm), SIGKILL) == 0);
    check(vm_await_migrated(from.vm, SOON, &here_failed) < 0);
    check(g_error_matches(here_failed, VM_ERROR, VM_ERROR_MIGRATION));
    check(here_failed != NULL && strstr(here_failed->message, "failed on host1") != NULL);
    check(vm_await_migrated(to.vm, SOON, &there_failed) < 0);
    check(g_error_matches(there_failed, VM_ERROR, VM_ERROR_MIGRATION));
    check(event_is_set(vm_exited(to.vm)));
    check_stayed(&from);
    return seat_close(bed, &to, err) < 0 ? -1 : seat_close(bed, &from, err);
}

Test(libvirt_move, a_guest_stays_where_it_was_when_the_qemu_that_receives_it_is_killed,
     .init = start_daemons, .fini = stop_daemons)
{
    bed_run(lose_receiver);
}

/* The destination's libvirtd answers nobody: its copy dies by our own hand, which also ends the
 * call. */
static int end_behind_hung_libvirtd(struct bed *bed, GError **err)
{
    g_autoptr(GError) failure = NULL;
    struct seat from, to;
    pid_t receiver;

    if (begin_slowly(bed, &from, &to, err) < 0)
        return -1;
    receiver = vm_pid(to.vm);
    libvirt_bed_do(there, "freeze");
    check(seat_close(bed, &to, err) == 0);
    check(kill(receiver, 0) < 0);
    libvirt_bed_do(there, "thaw");
    check(vm_await_migrated(from.vm, SOON, &failure) < 0);
    check(g_error_matches(failure, VM_ERROR, VM_ERROR_MIGRATION));
    check_stayed(&from);
    return seat_close(bed, &from, err);
}

Test(libvirt_move, a_copy_that_is_on_its_way_to_a_hung_libvirtd_is_ended, .init = start_daemons,
     .fini = stop_daemons)
{
    bed_run(end_behind_hung_libvirtd);
}

int main(int argc, char **argv)
{
    const char *missing = bed_missing();

    return runner_main_unless(missing != NULL ? missing : libvirt_bed_missing(), argc, argv);
}
