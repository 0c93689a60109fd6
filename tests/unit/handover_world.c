/* The test in the world, its faults, and its time. */
#include "node/remove.h"
#include "tests/unit/handover_world_private.h"

#include <glib/gstdio.h>
#include <stdarg.h>

/* Turns of the loop in which nothing happens: then nothing goes on any more. A byte on a serial
 * line takes one. */
#define QUIET_TURNS 3
#define FROZEN_MS 30000 /* longer than the settling takes that waits for nobody */
#define SLOW_MS 1000
#define LIMIT_MS ((int64_t)3600 * 1000) /* of any test: then somebody waits for ever */

const char *const world_host_names[WORLD_HOSTS] = {"source", "destination"};

static const char *const fault_names[N_FAULTS] = {
    [FAULT_NONE] = "nothing",
    [FAULT_REFUSED] = "the call is refused",
    [FAULT_UNHEARD] = "the call is done, its answer is not heard",
    [FAULT_LATE] = "the call is done late",
    [FAULT_KILLED] = "the VM is killed",
    [FAULT_PEER_KILLED] = "the VM at the other end is killed",
    [FAULT_PANICKED] = "the guest panics",
    [FAULT_SOURCE_LOST] = "the source's link to the coordinator is cut",
    [FAULT_DESTINATION_LOST] = "the destination's link to the coordinator is cut",
    [FAULT_INTERRUPTED] = "the user interrupts",
    [FAULT_SOURCE_STOPPED] = "the source's node is stopped",
    [FAULT_DESTINATION_STOPPED] = "the destination's node is stopped",
    [FAULT_SOURCE_VM_KILLED] = "the source's VM is killed",
    [FAULT_DESTINATION_VM_KILLED] = "the destination's VM is killed",
    [FAULT_SOURCE_NODE_KILLED] = "the source's node is killed",
    [FAULT_DESTINATION_NODE_KILLED] = "the destination's node is killed",
    [FAULT_COORDINATOR_KILLED] = "the coordinator is killed",
    [FAULT_SOURCE_FROZEN] = "the source host is frozen for 30 s",
    [FAULT_DESTINATION_FROZEN] = "the destination host is frozen for 30 s",
    [FAULT_SOURCE_SLOW] = "the source host is frozen for 1 s",
    [FAULT_DESTINATION_SLOW] = "the destination host is frozen for 1 s",
    [FAULT_WAY_CUT] = "the way between the hosts is cut",
    [FAULT_STREAM_CUT] = "the stream is cut",
    [FAULT_STREAM_CUT_AT_SOURCE] = "the stream is cut, and the source alone sees it",
    [FAULT_STREAM_CUT_AT_DESTINATION] = "the stream is cut, and the destination alone sees it",
    [FAULT_SOURCE_MANAGER_KILLED] = "the source's manager is killed",
    [FAULT_DESTINATION_MANAGER_KILLED] = "the destination's manager is killed",
};

const char *fault_name(enum fault_kind kind)
{
    return fault_names[kind];
}

const char *phase_name(enum world_phase phase)
{
    static const char *const names[N_PHASES] = {
        [PHASE_NO_LEG] = "no leg",       [PHASE_BEFORE_READY] = "before ready",
        [PHASE_READY] = "ready",         [PHASE_MOVING] = "moving",
        [PHASE_SWITCHING] = "switching", [PHASE_SWITCHED] = "switched",
        [PHASE_GIVEN] = "given",         [PHASE_TWO_HALVES] = "two halves",
        [PHASE_COMPLETED] = "completed", [PHASE_MOVED] = "moved",
        [PHASE_RUNNING] = "running",     [PHASE_RELEASED] = "released",
    };
    return names[phase];
}

static void add_line(GPtrArray *lines, const char *format, va_list arguments)
{
    g_ptr_array_add(lines, g_strdup_vprintf(format, arguments));
}

void world_did(struct world *world, const char *format, ...)
{
    va_list arguments;
    world->tick++;
    va_start(arguments, format);
    add_line(world->outcome->log, format, arguments);
    va_end(arguments);
}

void world_wrong(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_line(world->outcome->wrong, format, arguments);
    va_end(arguments);
}

void world_broken(struct world *world, const char *format, ...)
{
    va_list arguments;
    world->outcome->is_promise_broken = true;
    va_start(arguments, format);
    add_line(world->outcome->wrong, format, arguments);
    va_end(arguments);
}

void world_reach(struct world *world, enum world_phase phase)
{
    if (phase <= world->phase)
        return;
    world->phase = phase;
    world_did(world, "--- %s", phase_name(phase));
}

static void look_at_way(struct world *world)
{
    bool is_free = !world->is_way_cut;
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        is_free = is_free && !world->hosts[i].is_frozen;
    if (is_free)
        event_set(&world->way_is_free);
    else
        event_reset(&world->way_is_free);
}

static int thaw_after(struct sim_host *host, int64_t ms, GError **err)
{
    if (await_deadline(deadline_in(ms), err) < 0)
        return -1;
    world_did(host->world, "%s thaws", host->host.name);
    host->is_frozen = false;
    look_at_way(host->world);
    event_set(&host->thawed);
    return 0;
}

static int thaw_late(void *arg, GError **err)
{
    return thaw_after(arg, FROZEN_MS, err);
}

static int thaw_soon(void *arg, GError **err)
{
    return thaw_after(arg, SLOW_MS, err);
}

/* Nothing on it goes on, and nothing comes from it, until it thaws. */
static bool freeze(struct sim_host *host, fiber_fn thaw)
{
    if (host->is_frozen)
        return false;
    host->is_frozen = host->was_frozen = true;
    event_reset(&host->thawed);
    look_at_way(host->world);
    coordinator_cut(host);
    scope_spawn_detached(host->world->scope, "frost", thaw, host);
    return true;
}

static bool kill_copy(struct copy *copy)
{
    bool is_there = copy != NULL && copy->state != COPY_GONE && copy->state != COPY_ABSENT;
    if (is_there)
        copy_kill(copy);
    return is_there;
}

static bool lose_link(struct sim_host *host)
{
    if (!host->has_ended)
        coordinator_cut(host);
    return !host->has_ended;
}

static bool kill_node(struct sim_host *host)
{
    bool lives = !host->has_ended;
    sim_node_kill(host);
    manager_lose_node(host);
    return lives;
}

static bool cut_stream(struct world *world, enum fault_kind kind)
{
    struct copy *copy = copy_last_on(world, SOURCE);
    if (copy == NULL || !copy_is_moving(copy) || copy->base.has_left)
        return false;
    if (kind == FAULT_STREAM_CUT)
        copy_break_stream(copy);
    else
        copy_break_end(kind == FAULT_STREAM_CUT_AT_SOURCE ? copy : copy->peer);
    return true;
}

/* Whether there was something to strike. */
static bool strike(struct sim_host *host, struct copy *copy, enum fault_kind kind)
{
    struct world *world = host->world;
    switch (kind) {
    case FAULT_KILLED:
        return kill_copy(copy);
    case FAULT_PEER_KILLED:
        return copy != NULL && kill_copy(copy_other(copy));
    case FAULT_PANICKED:
        copy_panic(copy);
        return copy != NULL;
    case FAULT_SOURCE_LOST:
    case FAULT_DESTINATION_LOST:
        return lose_link(&world->hosts[kind == FAULT_DESTINATION_LOST]);
    case FAULT_INTERRUPTED:
        coordinator_interrupt(world);
        return true;
    case FAULT_SOURCE_STOPPED:
    case FAULT_DESTINATION_STOPPED:
        sim_node_stop(&world->hosts[kind == FAULT_DESTINATION_STOPPED], "SIGTERM");
        return true;
    case FAULT_SOURCE_VM_KILLED:
    case FAULT_DESTINATION_VM_KILLED:
        return kill_copy(copy_last_on(world, kind == FAULT_DESTINATION_VM_KILLED));
    case FAULT_SOURCE_NODE_KILLED:
    case FAULT_DESTINATION_NODE_KILLED:
        return kill_node(&world->hosts[kind == FAULT_DESTINATION_NODE_KILLED]);
    case FAULT_COORDINATOR_KILLED:
        coordinator_die(world);
        return true;
    case FAULT_SOURCE_FROZEN:
    case FAULT_DESTINATION_FROZEN:
        return freeze(&world->hosts[kind == FAULT_DESTINATION_FROZEN], thaw_late);
    case FAULT_SOURCE_SLOW:
    case FAULT_DESTINATION_SLOW:
        return freeze(&world->hosts[kind == FAULT_DESTINATION_SLOW], thaw_soon);
    case FAULT_WAY_CUT:
        world->is_way_cut = true;
        look_at_way(world);
        return true;
    case FAULT_STREAM_CUT:
    case FAULT_STREAM_CUT_AT_SOURCE:
    case FAULT_STREAM_CUT_AT_DESTINATION:
        return cut_stream(world, kind);
    case FAULT_SOURCE_MANAGER_KILLED:
    case FAULT_DESTINATION_MANAGER_KILLED:
        return manager_kill(&world->hosts[kind == FAULT_DESTINATION_MANAGER_KILLED]);
    default:
        return true; /* the call acts it out */
    }
}

static bool is_of_the_call(enum fault_kind kind)
{
    return kind == FAULT_REFUSED || kind == FAULT_UNHEARD || kind == FAULT_LATE;
}

enum fault_kind world_point(struct sim_host *host, struct copy *copy, const char *what)
{
    struct world *world = host->world;
    struct world_outcome *outcome = world->outcome;
    unsigned point = outcome->phases->len;
    const char *name = copy != NULL ? copy->base.name : "";
    enum fault_kind left = FAULT_NONE;
    g_array_append_val(outcome->phases, world->phase);
    world_did(world, "%u: %s %s %s", point, host->host.name, what, name);
    for (unsigned i = 0; i < world->n_faults; i++) {
        enum fault_kind kind = world->faults[i].kind;
        if (world->faults[i].point != point)
            continue;
        if (outcome->where == NULL)
            outcome->where = g_strdup_printf("%s %s %s", host->host.name, what, name);
        world_did(world, "FAULT: %s", fault_name(kind));
        bool has_struck = strike(host, copy, kind);
        outcome->has_struck |= i == 0 && has_struck;
        if (is_of_the_call(kind))
            left = MAX(left, kind);
    }
    return left;
}

int world_node_goes_on(struct sim_host *host)
{
    fiber_shield();
    while (host->is_frozen)
        await_event(&host->thawed, DEADLINE_NEVER, NULL);
    if (host->is_dead)
        await_event(&host->world->is_over, DEADLINE_NEVER, NULL);
    fiber_unshield();
    return host->is_dead ? -1 : 0;
}

int world_node_point(struct sim_host *host, struct copy *copy, const char *what,
                     enum fault_kind *fault_out)
{
    if (world_node_goes_on(host) < 0)
        return -1;
    enum fault_kind fault = world_point(host, copy, what);
    if (fault_out != NULL)
        *fault_out = fault;
    return world_node_goes_on(host);
}

/* Whether it has ended, or will do nothing any more, and the coordinator knows. */
static bool is_through(const struct sim_host *host)
{
    bool is_silent = host->is_cut || host->is_dead;
    return (host->has_ended || host->is_dead) &&
           (!is_silent || host->is_lost || host->world->has_no_coordinator);
}

static bool all_are_through(const struct world *world)
{
    return is_through(&world->hosts[SOURCE]) && is_through(&world->hosts[DESTINATION]);
}

static bool all_have_ended(const struct world *world)
{
    return world->hosts[SOURCE].has_ended && world->hosts[DESTINATION].has_ended;
}

/* Lets everybody do what he can; until nothing happens any more. */
static void come_to_rest(struct world *world)
{
    unsigned tick = world->tick;
    for (unsigned quiet = 0; quiet < QUIET_TURNS; quiet++) {
        await_deadline(deadline_in(0), NULL);
        if (world->tick != tick)
            quiet = 0;
        tick = world->tick;
    }
}

/* At rest: until the first has waited long enough. */
static void let_time_pass(struct world *world, int64_t until_ms)
{
    int64_t timer_ms = sim_clock_next_timer_ms();
    int64_t meeting_ms = coordinator_next_timeout_ms(world);
    int64_t next_ms = MIN(timer_ms, meeting_ms);
    if (next_ms > until_ms) {
        for (unsigned i = 0; i < world->outcome->log->len; i++)
            g_printerr("%s\n", (char *)g_ptr_array_index(world->outcome->log, i));
        g_error("somebody waits for what will never come");
    }
    sim_clock_advance(MAX(next_ms - sim_clock_now_ms(), 0));
    if (meeting_ms < timer_ms)
        coordinator_expire(world);
}

static void pass_until(struct world *world, bool (*is_done)(const struct world *world))
{
    int64_t until_ms = sim_clock_now_ms() + LIMIT_MS;
    come_to_rest(world);
    while (!is_done(world)) {
        let_time_pass(world, until_ms);
        come_to_rest(world);
    }
}

/* Who waits for a host that is still frozen would do so for ever. */
static void thaw_all(struct world *world)
{
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        world->hosts[i].is_frozen = false;
        event_set(&world->hosts[i].thawed);
    }
}

/* What a killed node's fibers left is given back; they can do nothing any more. */
static void unwind_the_dead(struct world *world)
{
    g_autoptr(GError) error = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, "it is over");
    event_set(&world->is_over);
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        struct sim_host *host = &world->hosts[i];
        if (!host->is_dead)
            continue;
        meetings_end(host->meetings, error->message);
        if (host->scenario != NULL) /* else it was about to report */
            fiber_cancel(host->scenario, error);
    }
    pass_until(world, all_have_ended);
}

static struct params *params_of(const struct world_setup *setup, unsigned host)
{
    struct params *params = params_new();
    g_autofree char *legs = g_strdup_printf("%u", setup->legs);
    g_autofree char *retries = g_strdup_printf("%u", setup->retries);
    g_autofree char *timeout = g_strdup_printf("%u", setup->timeout_s > 0 ? setup->timeout_s : 60);
    params_set(params, "type", "migration_multi_host_ping_pong", NULL);
    params_set(params, "vms", setup->n_vms == 1 ? "vm1" : "vm1 vm2", NULL);
    params_set(params, "vm_type", setup->managed ? "managed" : "simulated", NULL);
    params_set(params, "mig_hold", setup->lets_go ? "no" : "yes", NULL);
    params_set(params, "guest", "tick", NULL);
    params_set(params, "migrate_count", legs, NULL);
    params_set(params, "mig_offline", setup->offline ? "yes" : "no", NULL);
    params_set(params, "mig_timeout", timeout, NULL);
    params_set(params, "login_timeout", "60", NULL);
    params_set(params, "prepare_ahead", setup->ahead ? "yes" : "no", NULL);
    if (setup->may_fail) {
        params_set(params, "mig_expect", "completed cancelled refused failed uncertain", NULL);
        params_set(params, "mig_expect_survivor", "source destination none uncertain", NULL);
    }
    params_set(params, "mig_retry", retries, NULL);
    if (setup->script != NULL)
        params_set(params, "mig_script", setup->script, NULL);
    if (setup->postcopy_when != NULL) {
        params_set(params, "mig_postcopy", "yes", NULL);
        params_set(params, "mig_postcopy_when", setup->postcopy_when, NULL);
        params_set(params, "mig_postcopy_recover", setup->no_recovery ? "no" : "yes", NULL);
    }
    if (setup->ends_differ && host == DESTINATION)
        params_set(params, "mig_compress", "yes", NULL);
    return params;
}

/* Where the nodes find the guest and keep their logs. */
static char *folder;

void world_set_up(void)
{
    folder = g_dir_make_tmp("vtmh-world-XXXXXX", NULL);
    g_autofree char *guest = g_build_filename(folder, "tick", NULL);
    g_autofree char *rom = g_build_filename(guest, "tick.rom", NULL);
    if (g_mkdir(guest, 0700) < 0 || !g_file_set_contents(rom, "", 0, NULL))
        g_error("cannot write %s", rom);
}

void world_tear_down(void)
{
    remove_tree(folder);
    g_clear_pointer(&folder, g_free);
}

static int run(void *arg, GError **err)
{
    struct world *world = arg;
    (void)err;
    struct params *params[WORLD_HOSTS];
    world->copies = g_ptr_array_new();
    world->scope = scope_open("world");
    coordinator_open(world);
    look_at_way(world);
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        params[i] = params_of(world->setup, i);
        sim_node_open(world, i, params[i]);
    }

    pass_until(world, all_are_through);
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        copies_reap(&world->hosts[i]);
    world_check_end(world);

    unwind_the_dead(world);
    thaw_all(world);
    scope_abandon(world->scope);
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        sim_node_close(&world->hosts[i]);
        params_unref(params[i]);
    }
    coordinator_close(world);
    copies_free(world->copies);
    return 0;
}

struct world_outcome *world_run(const struct world_setup *setup, const struct fault *faults,
                                unsigned n_faults)
{
    struct world_outcome *outcome = g_new0(struct world_outcome, 1);
    struct world world = {
        .setup = setup,
        .faults = faults,
        .n_faults = n_faults,
        .outcome = outcome,
        .folder = folder,
    };
    outcome->wrong = g_ptr_array_new_with_free_func(g_free);
    outcome->log = g_ptr_array_new_with_free_func(g_free);
    outcome->phases = g_array_new(FALSE, FALSE, sizeof(enum world_phase));
    sim_clock_start();
    fiber_run(run, &world, NULL);
    sim_clock_stop();
    return outcome;
}

void world_outcome_free(struct world_outcome *outcome)
{
    g_ptr_array_unref(outcome->wrong);
    g_ptr_array_unref(outcome->log);
    g_array_unref(outcome->phases);
    g_free(outcome->where);
    g_free(outcome->cause);
    g_free(outcome);
}
