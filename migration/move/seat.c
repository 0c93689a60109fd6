#include "migration/move/seat.h"

#include "migration/guest/cloud_seed.h"
#include "migration/move/series.h"
#include "migration/params.h"
#include "migration/vm/lent.h"

#include <string.h>

#define HALTED_MS 200 /* between a stop by our own doing and what follows it */
#define ASK_MS 2000

struct seat *seat_new(struct test *test, struct scope *readers, struct scope *watchers,
                      const char *vm_name, GError **err)
{
    g_autoptr(params) params = params_object_params(test->params, vm_name);
    return seat_new_of(test, readers, watchers, vm_name, params, err);
}

struct seat *seat_new_of(struct test *test, struct scope *readers, struct scope *watchers,
                         const char *vm_name, const struct params *params, GError **err)
{
    g_autoptr(seat) seat = g_new0(struct seat, 1);
    seat->test = test;
    seat->readers = readers;
    seat->watchers = watchers;
    seat->name = g_strdup(vm_name);
    seat->where = SEAT_NOWHERE;
    seat->params = params_ref((struct params *)params);
    if (lent_check(seat->params, err) < 0 ||
        move_request_read(&seat->request, seat->params, err) < 0)
        return NULL;
    seat->boot = guest_boot(test->host, seat->params, err);
    if (seat->boot == NULL)
        return NULL;
    if (cloud_seed_is_wanted(seat->params))
        seat->boot->seed = cloud_seed_file(test->host, vm_name, CLOUD_SEED_DISC);
    return g_steal_pointer(&seat);
}

void seat_free(struct seat *seat)
{
    if (seat == NULL)
        return;
    g_assert(seat->vm == NULL && seat->ahead == NULL);
    series_close(&seat->series);
    move_request_clear(&seat->request);
    g_clear_pointer(&seat->machine, json_decref);
    g_clear_pointer(&seat->boot, guest_boot_free);
    g_clear_pointer(&seat->platform, vm_platform_free);
    g_clear_pointer(&seat->offer, vm_offer_free);
    g_clear_pointer(&seat->reach, vm_reach_close);
    g_clear_pointer(&seat->params, params_unref);
    g_clear_pointer(&seat->doing, doing_unref);
    g_clear_error(&seat->end);
    g_free(seat->guest_state);
    g_free(seat->incoming_uri);
    g_free(seat->name);
    g_free(seat);
}

/*
 * A guest whose CPUs stand still: by our command, for the switchover, or since the hypervisor could
 * not go on. The first two are over, or known, a moment later.
 */
static int look_why_halted(struct seat *seat, GError **err)
{
    struct event *const others[] = {&seat->retired, vm_exited(seat->vm), vm_acted(seat->vm)};
    g_autoptr(GError) error = NULL;
    event_reset(vm_halted(seat->vm));
    if (await_any(others, G_N_ELEMENTS(others), deadline_in(HALTED_MS), &error) >= 0)
        return 0;
    if (!g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    g_clear_error(&error);
    if (vm_check_sound(seat->vm, deadline_in(ASK_MS), &error) == 0 ||
        g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

/* Waits until the VM ends unasked, or is retired (0). */
static int watch_vm(struct seat *seat, GError **err)
{
    for (;;) {
        struct event *const events[] = {&seat->retired, vm_acted(seat->vm), vm_exited(seat->vm),
                                        vm_halted(seat->vm)};
        int which = await_any(events, G_N_ELEMENTS(events), DEADLINE_NEVER, err);
        if (which <= 0)
            return which;
        DOING_AGAIN(seat->doing);
        if (which == 3) {
            if (look_why_halted(seat, err) < 0)
                return -1;
            continue;
        }
        if (which == 1 && vm_act(seat->vm) == VM_ACT_RESET && !guest_is_up(seat->guest)) {
            vm_forget_act(seat->vm);
            continue;
        }
        g_propagate_error(err, guest_end(seat->guest));
        return -1;
    }
}

/* Fails the leg, or its scope, when the VM ends unasked. */
static int watch(void *arg, GError **err)
{
    struct seat *seat = arg;
    g_autoptr(GError) error = NULL;
    if (watch_vm(seat, &error) == 0)
        return 0;
    if (seat->is_in_leg && !g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        if (seat->leg != NULL)
            scope_cancel(seat->leg, error);
        if (seat->end == NULL) /* else a script's step was first */
            seat->end = g_steal_pointer(&error);
        return 0;
    }
    test_failing(seat->test, 0, error);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static struct vm_spec spec_of(const struct seat *seat, bool incoming)
{
    return (struct vm_spec){
        .host = seat->test->host,
        .name = seat->name,
        .params = seat->params,
        .platform = seat->platform,
        .incoming = incoming,
        .incoming_uri = incoming ? seat->incoming_uri : NULL,
        .boot = seat->boot,
        .machine = incoming ? seat->machine : NULL,
    };
}

static struct vm *create(struct seat *seat, bool incoming, int64_t deadline, GError **err)
{
    const struct vm_spec spec = spec_of(seat, incoming);
    return vm_create(&spec, deadline, err);
}

static json_t *ask_facts(const struct seat *seat, struct vm *vm, int64_t deadline, GError **err)
{
    return vm_facts(vm, seat->platform != NULL ? seat->platform->cpu : "", deadline, err);
}

int seat_start_ahead(struct seat *seat, int64_t deadline, GError **err)
{
    g_assert(seat->vm == NULL && seat->ahead == NULL);
    seat->ahead = create(seat, true, deadline, err);
    if (seat->ahead == NULL)
        return -1;
    seat->facts = ask_facts(seat, seat->ahead, deadline, err);
    return seat->facts != NULL ? 0 : -1;
}

static int end_vm(struct seat *seat, struct vm *vm, GError **err)
{
    int status;
    fiber_shield();
    int ended = vm_end(vm, &status, err);
    fiber_unshield();
    if (seat->exit_status == 0)
        seat->exit_status = status;
    return ended;
}

/* Ends what was started ahead and is of no use. */
static int end_ahead(struct seat *seat, GError **err)
{
    g_clear_pointer(&seat->facts, json_decref);
    int ended = end_vm(seat, g_steal_pointer(&seat->ahead), err);
    seat->is_left |= ended < 0;
    return ended;
}

/* The VM that was started ahead, if it is what is wanted and still lives, else a new one. */
static struct vm *take_or_create(struct seat *seat, bool incoming, int64_t deadline, GError **err)
{
    seat->was_ahead = incoming && seat->ahead != NULL && !event_is_set(vm_exited(seat->ahead));
    if (seat->was_ahead)
        return g_steal_pointer(&seat->ahead);
    if (seat->ahead != NULL && end_ahead(seat, err) < 0)
        return NULL;
    return create(seat, incoming, deadline, err);
}

/* Somebody looks on from now on, if there is anything to look at. */
static void begin_to_look(struct seat *seat)
{
    if (seat->look_on != NULL && seat->vm != NULL && seat->onlooker == NULL)
        seat->onlooker = fiber_ref(
            scope_spawn_detached(seat->watchers, "look on", seat->look_on, seat->look_on_arg));
}

void seat_look_on(struct seat *seat, fiber_fn fn, void *arg)
{
    seat->look_on = fn;
    seat->look_on_arg = arg;
    begin_to_look(seat);
}

/* The guest of the VM that is here is attached. After an error there is none. */
static int sit_down(struct seat *seat, GError **err)
{
    seat->guest = guest_attach(seat->vm, seat->test->host, seat->params, seat->readers, err);
    if (seat->guest == NULL ||
        (seat->guest_state != NULL && guest_adopt_state(seat->guest, seat->guest_state, err) < 0)) {
        g_clear_pointer(&seat->guest, guest_free);
        g_clear_pointer(&seat->facts, json_decref);
        end_vm(seat, g_steal_pointer(&seat->vm), NULL);
        return -1;
    }
    begin_to_look(seat);
    return 0;
}

void seat_watch(struct seat *seat)
{
    event_reset(&seat->retired);
    seat->watcher = fiber_ref(scope_spawn(seat->watchers, "watch", watch, seat));
}

int seat_start(struct seat *seat, bool incoming, int64_t deadline, GError **err)
{
    int64_t create_ms;
    if (param_duration_ms(seat->params, "vm_create_timeout", &create_ms, err) < 0)
        return -1;
    seat->vm =
        take_or_create(seat, incoming, create_ms > 0 ? deadline_in(create_ms) : deadline, err);
    if (seat->vm == NULL)
        return -1;
    if (sit_down(seat, err) < 0)
        return -1;
    seat_watch(seat);
    return 0;
}

int seat_take(struct seat *seat, struct kept *kept, GError **err)
{
    g_assert(seat->vm == NULL && seat->ahead == NULL);
    seat->vm = g_steal_pointer(&kept->vm);
    g_free(seat->guest_state);
    seat->guest_state = g_strdup(kept->guest_state);
    if (vm_rehost(seat->vm, seat->test->host, err) < 0) {
        vm_destroy(g_steal_pointer(&seat->vm), NULL);
        return -1;
    }
    if (sit_down(seat, err) < 0)
        return -1;
    guest_has_stayed(seat->guest, (const char *)kept->said->data, kept->said->len);
    return 0;
}

int seat_plug(struct seat *seat, const char *kind, const char *name, int64_t deadline, GError **err)
{
    const struct vm_spec spec = spec_of(seat, false);
    g_clear_pointer(&seat->facts, json_decref);
    return vm_plug(seat->vm, &spec, kind, name, deadline, err);
}

int seat_unplug(struct seat *seat, const char *kind, const char *name, int64_t deadline,
                GError **err)
{
    g_clear_pointer(&seat->facts, json_decref);
    return vm_unplug(seat->vm, kind, name, deadline, err);
}

int seat_follow(struct seat *seat, json_t *machine, GError **err)
{
    bool is_other = machine == NULL || seat->machine == NULL ? machine != seat->machine
                                                             : !json_equal(machine, seat->machine);
    g_clear_pointer(&seat->machine, json_decref);
    seat->machine = machine;
    return is_other && seat->ahead != NULL ? end_ahead(seat, err) : 0;
}

const json_t *seat_facts(struct seat *seat, int64_t deadline, GError **err)
{
    if (seat->facts == NULL)
        seat->facts = ask_facts(seat, seat->vm, deadline, err);
    return seat->facts;
}

void seat_stop_watching(struct seat *seat)
{
    if (seat->watcher == NULL)
        return;
    event_set(&seat->retired);
    /* The watcher must have let go of the VM before it is freed. */
    fiber_shield();
    fiber_join(seat->watcher, DEADLINE_NEVER, NULL);
    fiber_unshield();
    g_clear_pointer(&seat->watcher, fiber_unref);
}

void seat_stop_looking(struct seat *seat)
{
    seat->look_on = NULL;
    if (seat->onlooker == NULL)
        return;
    fiber_cancel(seat->onlooker, NULL);
    fiber_shield();
    fiber_join(seat->onlooker, DEADLINE_NEVER, NULL);
    fiber_unshield();
    g_clear_pointer(&seat->onlooker, fiber_unref);
}

/* Everything here lets go of the VM. Transfer full. */
static struct vm *retire(struct seat *seat)
{
    fiber_fn look_on = seat->look_on;
    seat_stop_watching(seat);
    seat_stop_looking(seat);
    seat->look_on = look_on;
    g_clear_pointer(&seat->guest, guest_free);
    g_clear_pointer(&seat->facts, json_decref);
    return g_steal_pointer(&seat->vm);
}

int seat_end(struct seat *seat, GError **err)
{
    if (seat->vm == NULL)
        return seat->ahead != NULL ? end_ahead(seat, err) : 0;
    int ended = end_vm(seat, retire(seat), err);
    seat->is_left |= ended < 0;
    return ended;
}

struct kept *seat_rest(struct seat *seat)
{
    fiber_shield();
    g_autofree char *state = guest_state(seat->guest);
    bool is_changed = vm_is_changed(seat->vm) || seat->machine != NULL;
    struct kept *kept = kept_new(retire(seat));
    fiber_unshield();
    kept->guest_state = g_steal_pointer(&state);
    kept->is_changed = is_changed;
    kept->params = params_ref(seat->params);
    seat->is_left = true;
    return kept;
}

void seat_keep(struct seat *seat)
{
    const struct host *host = seat->test->host;
    fiber_shield();
    host->ops->keep(host->node, retire(seat));
    fiber_unshield();
    seat->is_left = true;
}

void seat_progress(struct seat *seat, const Vtmh__Migration *leg, const char *phase,
                   const struct vm_move_stats *stats)
{
    Vtmh__Progress progress = VTMH__PROGRESS__INIT;
    progress.vm = seat->name;
    progress.phase = (char *)phase;
    progress.percent = progress.rate_bytes_per_s = progress.downtime_ms = -1;
    progress.remaining_bytes = -1;
    progress.dirty_bytes_per_s = -1;
    if (leg != NULL) {
        progress.leg = leg->leg;
        progress.legs = seat->legs;
        progress.source = leg->source;
        progress.destination = leg->destination;
        progress.downtime_ms = leg->downtime_ms;
    }
    if (stats != NULL) {
        progress.rate_bytes_per_s = stats->bytes_per_s;
        progress.remaining_bytes = stats->remaining_bytes;
        progress.dirty_bytes_per_s = (double)stats->dirty_bytes_per_s;
        if (stats->total_bytes > 0 && stats->remaining_bytes >= 0)
            progress.percent =
                100.0 - 100.0 * (double)stats->remaining_bytes / (double)stats->total_bytes;
        if (stats->downtime_ms >= 0)
            progress.downtime_ms = stats->downtime_ms;
    }
    seat->test->host->ops->progress(seat->test->host->node, &progress);
}
