#include "migration/scenario/scenario.h"

#define START_MS 30000

/* What a fiber for one seat works with. */
struct seat_task {
    struct scene *scene;
    unsigned index;
    struct seat *seat;
    const struct scene_leg *leg;
};

/* Runs fn for every seat at once. */
static int for_all_seats(struct scene *scene, const struct scene_leg *leg, fiber_fn fn,
                         GError **err)
{
    g_autofree struct seat_task *tasks = g_new0(struct seat_task, scene->seats->len);
    struct scope *all = scope_open("all VMs");
    for (unsigned i = 0; i < scene->seats->len; i++) {
        tasks[i] = (struct seat_task){scene, i, g_ptr_array_index(scene->seats, i), leg};
        scope_spawn(all, tasks[i].seat->name, fn, &tasks[i]);
    }
    return scope_close(all, err);
}

static int boot_one(void *arg, GError **err)
{
    struct seat_task *task = arg;
    struct seat *seat = task->seat;
    const struct host *host = seat->test->host;

    SEAT_DOING(seat, BLAME_TESTBED, "booting %s", seat->name);
    seat_progress(seat, NULL, "booting", NULL);
    if (seat_start(seat, false, deadline_in(seat_patience_ms(seat, START_MS)), err) < 0 ||
        host_own(host, OWNED_GUEST, seat->name, err) < 0 ||
        vm_cont(seat->vm, deadline_in(seat_patience_ms(seat, START_MS)), err) < 0 ||
        guest_await_up(seat->guest, deadline_in(seat->request.login_ms), err) < 0)
        return -1;
    return 0;
}

int scene_boot(struct scene *scene, unsigned where, GError **err)
{
    struct test *test = scene->test;
    const struct seat *first = g_ptr_array_index(scene->seats, 0);
    const struct test_meeting booted = {.tag = "booted",
                                        .timeout_ms = first->request.login_ms +
                                                      2 * seat_patience_ms(first, START_MS)};
    for (unsigned i = 0; i < scene->seats->len; i++)
        ((struct seat *)g_ptr_array_index(scene->seats, i))->where = where;
    if (test->self == where && for_all_seats(scene, NULL, boot_one, err) < 0)
        return -1;
    host_context(test->host, "waiting for the guests to boot on %s", test->names[where]);
    return test_barrier(test, &booted, err);
}

/* The plan of one attempt. All but the last may end in any way that leaves the guest where it is;
 * what is to happen meanwhile is not for the last of several. */
static struct leg_plan plan_attempt(const struct seat_task *task, unsigned attempt)
{
    const struct seat *seat = task->seat;
    const struct move_request *request = &seat->request;
    bool is_last = attempt > request->retries;
    struct leg_plan plan = {
        .number = task->leg->number,
        .attempt = attempt,
        .vm = task->index,
        .source = seat->where,
        .destination = task->leg->hosts[seat->where == task->leg->hosts[0]],
        .cancel_ms = is_last && request->retries > 0 ? -1 : request->cancel_ms,
        .expected_ends = request->expected_ends,
        .expected_survivors = request->expected_survivors,
    };
    if (!is_last) {
        plan.expected_ends |=
            LEG_BIT(VTMH__LEG_END__LEG_COMPLETED) | LEG_BIT(VTMH__LEG_END__LEG_CANCELLED) |
            LEG_BIT(VTMH__LEG_END__LEG_REFUSED) | LEG_BIT(VTMH__LEG_END__LEG_FAILED);
        plan.expected_survivors |= LEG_BIT(VTMH__SURVIVOR__SURVIVOR_SOURCE) |
                                   LEG_BIT(VTMH__SURVIVOR__SURVIVOR_DESTINATION);
    }
    return plan;
}

static int migrate_one(void *arg, GError **err)
{
    const struct seat_task *task = arg;
    struct seat *seat = task->seat;

    for (unsigned attempt = 1; !seat->is_gone && attempt <= seat->request.retries + 1; attempt++) {
        const struct leg_plan plan = plan_attempt(task, attempt);
        struct leg_outcome outcome;
        if (handover(seat, &task->scene->agreement, &plan, &outcome, err) < 0)
            return -1;
        if (outcome.survivor == VTMH__SURVIVOR__SURVIVOR_DESTINATION)
            seat->where = plan.destination;
        if (outcome.survivor != VTMH__SURVIVOR__SURVIVOR_SOURCE) {
            seat->is_gone = outcome.survivor == VTMH__SURVIVOR__SURVIVOR_NONE;
            break;
        }
    }
    return 0;
}

int scene_migrate(struct scene *scene, const struct scene_leg *leg, GError **err)
{
    return for_all_seats(scene, leg, migrate_one, err);
}
