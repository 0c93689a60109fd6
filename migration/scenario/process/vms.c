/* VMs that the test has left here are ended: in order, where that is asked for and the guest can.
 */
#include "migration/params.h"
#include "migration/scenario/hold.h"
#include "migration/scenario/process/rows.h"

#include <string.h>

#define ASK_MS 2000

/* Only a guest that runs can be told anything. */
static bool is_running(const struct seat *seat)
{
    g_autofree char *state = NULL;
    return guest_is_up(seat->guest) &&
           vm_run_state(seat->vm, &state, deadline_in(ASK_MS), NULL) == 0 &&
           strcmp(state, "running") == 0;
}

/* How it ends by itself is of no interest. 0: it has ended, or its time is over; -1: cancelled. */
static int await_end(const struct seat *seat, int64_t deadline, bool *ended_out, GError **err)
{
    g_autoptr(GError) error = NULL;
    *ended_out = await_event(vm_exited(seat->vm), deadline, &error) == 0;
    if (*ended_out || g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

int vms_shut_down(struct seat *seat, const struct params *params, const char *parameter,
                  int64_t ends_by, GError **err)
{
    struct test *test = seat->test;
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL;
    int64_t limit_ms;
    bool ended;
    int status;
    if (param_duration_ms(params, "kill_timeout", &limit_ms, err) < 0)
        return -1;
    if (!is_running(seat))
        return 0;
    int64_t began = deadline_in(0), by = deadline_min(deadline_in(limit_ms), ends_by);
    /* A guest that goes down seldom lets the command end in order. */
    if (guest_run(seat->guest, guest_shutdown_command(params), by, &status, &said, &error) < 0 &&
        g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED)) {
        test_note(test, "%s was not shut down in order (%s): %s", seat->name, parameter,
                  error->message);
        return 0;
    }
    if (await_end(seat, by, &ended, err) < 0)
        return -1;
    if (!ended)
        test_note(test, "%s on %s did not shut down within %g s (kill_timeout), and was killed",
                  seat->name, test->host->name, (double)(by - began) / 1000);
    return 0;
}

static int end_in_order(const struct step_on *on, GError **err)
{
    bool gracefully;
    int64_t wait_ms;
    bool ended = false;
    if (param_bool(on->params, "kill_vm_gracefully", &gracefully, err) < 0 ||
        param_duration_ms(on->params, "kill_vm_timeout", &wait_ms, err) < 0)
        return -1;
    if (!gracefully && wait_ms == 0)
        return 0;
    seat_stop_watching(on->seat);
    if (wait_ms > 0 && await_end(on->seat, step_deadline(on, wait_ms), &ended, err) < 0)
        return -1;
    return gracefully && !ended
               ? vms_shut_down(on->seat, on->params, "kill_vm_gracefully", on->ends_by, err)
               : 0;
}

/* Nobody ends it but its user (--keep), who is told how to get in. */
static void leave_to_user(struct seat *seat)
{
    struct test *test = seat->test;
    g_autofree char *path = g_strdup_printf("%s%s.serial", test->host->user_prefix, seat->name);
    g_autofree char *key = g_strdup_printf("%s%s.key", test->host->user_prefix, seat->name);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autoptr(GError) error = NULL;
    fiber_shield();
    bool has_serial = vm_give_serial(seat->vm, path, deadline_in(ASK_MS), &error) == 0;
    fiber_unshield();
    if (guest_keep_key(seat->guest, key, NULL) < 0)
        test_note(test, "the key to log in to %s goes with the test: %s cannot be written",
                  seat->name, key);
    hold_add_ways_in(seat, has_serial ? path : NULL, builder);
    g_auto(GStrv) lines = g_strv_builder_end(builder);
    test_note(test, "%s is kept on %s (--keep) as process %d; vtmh cleanup ends it", seat->name,
              test->host->name, (int)vm_pid(seat->vm));
    for (char **line = lines; *line != NULL; line++)
        test_note(test, "%s", *line);
    seat_keep(seat);
}

int vms_end(struct step_on *on, GError **err)
{
    struct seat *seat = on->seat;
    const struct host *host = on->scene->test->host;
    if (seat->vm == NULL)
        return seat_end(seat, err);
    bool is_kept = on->failure != NULL && on->scene->test->keep &&
                   !event_is_set(vm_exited(seat->vm)) && !vm_is_lent(seat->vm);
    if (seat->is_uncertain || is_kept) {
        if (is_kept)
            leave_to_user(seat);
        else
            seat_keep(seat);
        host_disown(host, OWNED_GUEST, seat->name);
        return 0;
    }
    if (keep_vm(on))
        return 0;
    g_autoptr(GError) error = NULL;
    if (end_in_order(on, &error) < 0 && on->ends_by == DEADLINE_NEVER &&
        g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    int result = seat_end(seat, error == NULL ? &error : NULL);
    if (result == 0)
        host_disown(host, OWNED_GUEST, seat->name);
    if (error == NULL)
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}
