#include "migration/scenario/scenario.h"

#define START_MS 30000

/* What a fiber for one seat works with. */
struct seat_task {
    struct scene *scene;
    struct seat *seat;
    const struct leg *leg;
};

/* Runs fn for every seat at once; in the leg's scope, if it is one. */
static int for_all_seats(struct scene *scene, const struct leg *leg, fiber_fn fn, GError **err)
{
    g_autofree struct seat_task *tasks = g_new0(struct seat_task, scene->seats->len);
    struct test *test = scene->test;
    struct scope *all = scope_open("all VMs");
    if (leg != NULL)
        test->ops->begin_scope(test->node, leg->number, all);
    for (unsigned i = 0; i < scene->seats->len; i++) {
        tasks[i] = (struct seat_task){scene, g_ptr_array_index(scene->seats, i), leg};
        scope_spawn(all, tasks[i].seat->name, fn, &tasks[i]);
    }
    int result = scope_close(all, err);
    if (leg != NULL)
        test->ops->end_scope(test->node, leg->number);
    return result;
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
    if (test->self == where && for_all_seats(scene, NULL, boot_one, err) < 0)
        return -1;
    host_context(test->host, "waiting for the guests to boot on %s", test->names[where]);
    return test_barrier(test, &booted, err);
}

static int migrate_one(void *arg, GError **err)
{
    struct seat_task *task = arg;
    return handover(task->seat, &task->scene->agreement, task->leg, err);
}

int scene_migrate(struct scene *scene, const struct leg *leg, GError **err)
{
    return for_all_seats(scene, leg, migrate_one, err);
}
