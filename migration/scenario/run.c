#include "migration/params.h"
#include "migration/scenario/hold.h"
#include "migration/scenario/migration.h"
#include "migration/scenario/process/needs.h"
#include "migration/scenario/process/step.h"

struct run {
    struct test *test;
    struct scope *readers;  /* outer: who follows the guests */
    struct scope *watchers; /* inner: the scenario and the watch over the VMs */
};

static void free_seat(gpointer seat)
{
    seat_free(seat);
}

static int make_seats(struct run *run, struct scene *scene, const char *const *const *asks,
                      GError **err)
{
    scene->vms = param_list(run->test->params, "vms");
    if (scene->vms[0] == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_MISSING, "vms names no VM");
        return -1;
    }
    for (char **name = scene->vms; *name != NULL; name++) {
        if (param_check_word("vms", *name, err) < 0)
            return -1;
        struct seat *seat = seat_new(run->test, run->readers, run->watchers, *name, err);
        if (seat == NULL)
            return -1;
        seat->asks = asks;
        g_ptr_array_add(scene->seats, seat);
    }
    return 0;
}

/* Where no VM goes back by a next leg, nothing is there to be started ahead. */
static void note_unprepared(const struct scene *scene, const struct scenario *scenario,
                            int64_t legs)
{
    for (unsigned i = 0; i < scene->seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(scene->seats, i);
        if (!seat->request.prepare_ahead || (scenario->knows_next && legs > 1))
            continue;
        test_note(scene->test, "prepare_ahead has no effect on %s: %s", seat->name,
                  scenario->knows_next ? "there is no leg after the first"
                                       : "this test type does not say where a VM goes next");
    }
}

/* steps_out: what was begun around the test, also of one that failed; NULL: nothing. */
static int run_test(struct run *run, struct scene *scene, struct steps **steps_out, GError **err)
{
    const char *type = params_require(run->test->params, "type", err);
    const struct scenario *scenario = type == NULL ? NULL : scenario_find(type, err);
    if (scenario == NULL)
        return -1;
    int64_t legs = scenario->migrate_count;
    if (param_is_set(run->test->params, "migrate_count") &&
        param_int(run->test->params, "migrate_count", &legs, err) < 0)
        return -1;
    if (run->test->n_hosts < MAX(scenario->min_hosts, 2)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s needs %u hosts", type,
                    MAX(scenario->min_hosts, 2));
        return -1;
    }
    if (param_bool(run->test->params, "not_wait_for_migration", &scene->goes_on, err) < 0 ||
        make_seats(run, scene, scenario->asks, err) < 0 ||
        needs_check(run->test, scene->seats, err) < 0 ||
        agree(run->test, scene->seats, &scene->agreement, err) < 0)
        return -1;
    if (run->test->only_agree)
        return 0;
    for (unsigned i = 0; i < scene->seats->len; i++)
        ((struct seat *)g_ptr_array_index(scene->seats, i))->legs = (unsigned)legs;
    note_unprepared(scene, scenario, legs);
    run->test->moves_nothing = scenario->moves_nothing;
    *steps_out = steps_new(scene, all_steps);
    if (steps_begin(*steps_out, err) < 0)
        return -1;
    scene_open_migrations(scene);
    g_autoptr(GError) error = NULL;
    int result = scenario->run(scene, legs, &error);
    result = scene_join_all(scene, result, &error);
    if (result == 0)
        result = steps_await_others(*steps_out, &error);
    if (result < 0)
        g_propagate_error(err, g_steal_pointer(&error));
    return result;
}

/* Whoever still has a VM waits with it; the abort that follows a failure does not end that. */
static void hold_failed(const struct scene *scene)
{
    bool has_vm = false;
    for (unsigned i = 0; i < scene->seats->len; i++)
        has_vm |= ((const struct seat *)g_ptr_array_index(scene->seats, i))->vm != NULL;
    if (!has_vm)
        return;
    fiber_shield();
    hold_at(scene->test, HOLD_ON_FAILURE, scene->seats, 0, NULL);
    fiber_unshield();
}

static int run_scene(void *arg, GError **err)
{
    struct run *run = arg;
    g_autoptr(GPtrArray) seats = g_ptr_array_new_with_free_func(free_seat);
    struct scene scene = {.test = run->test, .seats = seats};

    g_autoptr(GError) error = NULL;
    struct steps *steps = NULL;
    int result = run_test(run, &scene, &steps, &error);
    if (result < 0) {
        test_failing(run->test, 0, error);
        hold_failed(&scene);
    }
    if (steps != NULL)
        result = steps_end(steps, result, &error);
    agreement_clear(&scene.agreement);
    g_strfreev(scene.vms);
    if (result < 0)
        g_propagate_error(err, g_steal_pointer(&error));
    return result;
}

int scenario_run(struct test *test, GError **err)
{
    struct run run = {.test = test, .readers = scope_open("readers")};
    run.watchers = scope_open("scenario");
    scope_spawn(run.watchers, "scenario", run_scene, &run);
    int result = scope_close(run.watchers, err);
    scope_abandon(run.readers);
    return result;
}
