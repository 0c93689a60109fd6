#include "migration/scenario/migration.h"

#include "migration/move/asked.h"
#include "migration/params.h"

#include <string.h>

/* One VM of a migration. */
struct task {
    struct migration *migration;
    struct seat *seat;
    struct move_request request;
    bool is_asked; /* whether it was asked to move */
};

struct migration {
    struct scene *scene;
    unsigned number; /* from 1: the leg of its VMs */
    unsigned source, destination;
    bool swings;     /* its VMs go from where they are to the other of the two hosts */
    bool comes_back; /* so does the next one, the other way */
    const struct work *work;
    GPtrArray *tasks; /* struct task, owned */
    GPtrArray *names; /* of their VMs; NULL at last */
    struct fiber *fiber;
    bool has_handle; /* the test's */
    bool is_loose;   /* it is joined when that must be */
    bool is_joined;
    GError *error; /* after it was joined: why it failed */
};

static void task_free(gpointer data)
{
    struct task *task = data;
    move_request_clear(&task->request);
    g_free(task);
}

static struct task *find_task(const struct migration *migration, const char *vm)
{
    for (unsigned i = 0; i < migration->tasks->len; i++) {
        struct task *task = g_ptr_array_index(migration->tasks, i);
        if (strcmp(task->seat->name, vm) == 0)
            return task;
    }
    return NULL;
}

static struct seat *find_seat(const struct scene *scene, const char *vm)
{
    for (unsigned i = 0; i < scene->seats->len; i++) {
        struct seat *seat = g_ptr_array_index(scene->seats, i);
        if (strcmp(seat->name, vm) == 0)
            return seat;
    }
    return NULL;
}

static void migration_free(gpointer data)
{
    struct migration *migration = data;
    g_ptr_array_unref(migration->tasks);
    g_ptr_array_unref(migration->names);
    fiber_unref(migration->fiber);
    g_clear_error(&migration->error);
    g_free(migration);
}

static struct migration *migration_new(struct scene *scene, unsigned source, unsigned destination,
                                       const struct work *work)
{
    static const struct work none;
    struct migration *migration = g_new0(struct migration, 1);
    *migration = (struct migration){
        .scene = scene,
        .number = scene->n_migrations + 1,
        .source = source,
        .destination = destination,
        .work = work != NULL ? work : &none,
        .comes_back = scene->comes_back,
        .tasks = g_ptr_array_new_with_free_func(task_free),
        .names = g_ptr_array_new(),
    };
    return migration;
}

/* The unfinished migration that the VM is in, or NULL. */
static struct migration *migration_of(const struct scene *scene, const char *vm)
{
    for (unsigned i = 0; i < scene->migrations->len; i++) {
        struct migration *migration = g_ptr_array_index(scene->migrations, i);
        if (!migration->is_joined && find_task(migration, vm) != NULL)
            return migration;
    }
    return NULL;
}

static int wrong(GError **err, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The test's own text is wrong. */
static int wrong(GError **err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, text);
    return -1;
}

/* A VM may be in one migration at a time. */
static int check_free(const struct scene *scene, const char *vm, GError **err)
{
    struct migration *other = migration_of(scene, vm);
    if (other == NULL)
        return 0;
    if (other->is_loose)
        return migration_join(other, err);
    return wrong(err, "migrate %s: it is in migration %u, which was not joined yet", vm,
                 other->number);
}

/* A guest that boots while it moves cannot begin the test's own work before. */
static int check_work(const struct seat *seat, const struct work *work, GError **err)
{
    if (!seat->request.boots || (work->start == NULL && work->check == NULL))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s is not supported: the test begins work of its own in the guest before that "
                "moves",
                seat->request.pauses ? "paused_after_start_vm = yes" : "start_migration_timeout");
    return -1;
}

static int add_vm(struct migration *migration, const char *vm, GError **err)
{
    const struct scene *scene = migration->scene;
    struct seat *seat = find_seat(scene, vm);
    if (seat == NULL)
        return wrong(err, "migrate %s: the test has no such VM", vm);
    if (check_free(scene, vm, err) < 0)
        return -1;
    if (find_task(migration, vm) != NULL)
        return wrong(err, "migrate %s: it is named twice", vm);

    struct task *task = g_new0(struct task, 1);
    task->migration = migration;
    task->seat = seat;
    g_ptr_array_add(migration->tasks, task);
    g_ptr_array_add(migration->names, seat->name);
    if (check_work(seat, migration->work, err) < 0 ||
        asked_request(seat, migration->work->params, &task->request, err) < 0) {
        g_prefix_error(err, "migrate %s: ", vm);
        return -1;
    }
    return 0;
}

static int add_vms(struct migration *migration, const char *const *vms, GError **err)
{
    const struct test *test = migration->scene->test;
    if (vms[0] == NULL)
        return wrong(err, "migrate: no VM is named");
    if (migration->source >= test->n_hosts || migration->destination >= test->n_hosts ||
        migration->source == migration->destination)
        return wrong(err,
                     "migrate %s from host %u to host %u: there are no two such hosts among %u",
                     vms[0], migration->source + 1, migration->destination + 1, test->n_hosts);
    for (; *vms != NULL; vms++)
        if (add_vm(migration, *vms, err) < 0)
            return -1;
    g_ptr_array_add(migration->names, NULL);
    return 0;
}

static int place(struct task *task, GError **err)
{
    const struct migration *migration = task->migration;
    return migration->swings ? 0
                             : scene_place(migration->scene, task->seat, migration->source,
                                           migration->destination, migration->number, err);
}

/*
 * A host that had no part in it takes it that the VM has come where it was to go. Where its leg may
 * leave it in more than one place, it is told.
 */
static int learn_where(struct task *task, GError **err)
{
    const struct migration *migration = task->migration;
    struct test *test = migration->scene->test;
    struct seat *seat = task->seat;
    bool has_part = test->self == migration->source || test->self == migration->destination;
    unsigned survivors =
        leg_survivors(seat->request.expected_ends, seat->request.expected_survivors);

    if (survivors == LEG_BIT(VTMH__SURVIVOR__SURVIVOR_DESTINATION)) {
        seat->where = has_part ? seat->where : migration->destination;
        return 0;
    }
    if (survivors == LEG_BIT(VTMH__SURVIVOR__SURVIVOR_SOURCE) || test->n_hosts == 2)
        return 0;
    g_autofree char *tag =
        g_strdup_printf("where %s is, migration %u", seat->name, migration->number);
    const struct test_meeting meeting = {
        .tag = tag,
        .once = true,
        .timeout_ms = scene_leg_ms(seat),
    };
    json_t *mine = json_pack("{s:i, s:b}", "where", (int)seat->where, "gone", (int)seat->is_gone);
    g_autoptr(GPtrArray) answers = NULL;
    if (test_exchange(test, &meeting, mine, &answers, err) < 0)
        return -1;
    const json_t *theirs = g_ptr_array_index(answers, migration->source);
    seat->where = (unsigned)json_integer_value(json_object_get(theirs, "where"));
    seat->is_gone = json_is_true(json_object_get(theirs, "gone"));
    return 0;
}

static int move(struct task *task, GError **err)
{
    struct migration *migration = task->migration;
    const struct scene_leg leg = {
        .number = migration->number,
        .hosts = {migration->source, migration->destination},
        .work = migration->work,
        .comes_back = migration->comes_back,
    };
    task->is_asked = true;
    asked_swap(task->seat, &task->request);
    int result = scene_move(migration->scene, task->seat, &leg, err);
    if (result == 0 && !migration->swings)
        result = learn_where(task, err);
    asked_swap(task->seat, &task->request);
    return result;
}

static int place_one(void *arg, GError **err)
{
    return place(arg, err);
}

static int place_and_move(void *arg, GError **err)
{
    struct task *task = arg;
    return place(task, err) < 0 ? -1 : move(task, err);
}

static int for_all(struct migration *migration, fiber_fn fn, GError **err)
{
    struct scope *all = scope_open("VMs of a migration");
    for (unsigned i = 0; i < migration->tasks->len; i++) {
        struct task *task = g_ptr_array_index(migration->tasks, i);
        scope_spawn(all, task->seat->name, fn, task);
    }
    return scope_close(all, err);
}

static int run(void *arg, GError **err)
{
    struct migration *migration = arg;
    const struct work *work = migration->work;
    int result = work->move == NULL ? for_all(migration, place_and_move, err)
                                    : for_all(migration, place_one, err);
    if (result == 0 && work->move != NULL)
        result = work->move(migration, err);
    for (unsigned i = 0; i < migration->tasks->len; i++)
        event_set(&((struct task *)g_ptr_array_index(migration->tasks, i))->seat->moving);
    return result;
}

const char *const *migration_vms(const struct migration *migration)
{
    return (const char *const *)migration->names->pdata;
}

int migration_move(struct migration *migration, const char *vm, GError **err)
{
    struct task *task = find_task(migration, vm);
    if (task == NULL)
        return wrong(err, "move %s: it is not in migration %u", vm, migration->number);
    if (task->is_asked)
        return wrong(err, "move %s: it has been moved in migration %u", vm, migration->number);
    return move(task, err);
}

/* The scene takes it over. */
static struct migration *begin(struct migration *migration)
{
    struct scene *scene = migration->scene;
    for (unsigned i = 0; i < migration->tasks->len; i++)
        event_reset(&((struct task *)g_ptr_array_index(migration->tasks, i))->seat->moving);
    g_ptr_array_add(scene->migrations, migration);
    scene->n_migrations++;
    migration->fiber = fiber_ref(scope_spawn(scene->movers, "migration", run, migration));
    return migration;
}

static struct migration *migrate(struct scene *scene, const char *const *vms, unsigned source,
                                 unsigned destination, const struct work *work, GError **err)
{
    struct migration *migration = migration_new(scene, source, destination, work);
    if (add_vms(migration, vms, err) == 0)
        return begin(migration);
    migration_free(migration);
    return NULL;
}

struct migration *scene_migrate(struct scene *scene, const char *const *vms, unsigned source,
                                unsigned destination, const struct work *work, GError **err)
{
    struct migration *migration = migrate(scene, vms, source, destination, work, err);
    if (migration != NULL)
        migration->has_handle = true;
    return migration;
}

/* One that has ended well is of no more use but as a handle: a test may have a million. */
static void put_aside(struct migration *migration)
{
    struct scene *scene = migration->scene;
    unsigned index;
    if (!g_ptr_array_find(scene->migrations, migration, &index))
        return;
    g_ptr_array_steal_index_fast(scene->migrations, index);
    if (migration->has_handle)
        g_ptr_array_add(scene->joined, migration);
    else
        migration_free(migration);
}

/* Without a handle it is gone when this returns 0. */
int migration_join(struct migration *migration, GError **err)
{
    if (!migration->is_joined) {
        g_autoptr(GError) error = NULL;
        int result = fiber_join(migration->fiber, DEADLINE_NEVER, &error);
        if (!fiber_has_ended(migration->fiber)) { /* we were cancelled */
            g_propagate_error(err, g_steal_pointer(&error));
            return -1;
        }
        migration->is_joined = true;
        if (result < 0)
            migration->error = g_steal_pointer(&error);
    }
    if (migration->error == NULL) {
        put_aside(migration);
        return 0;
    }
    g_propagate_error(err, g_error_copy(migration->error));
    return -1;
}

/* Waits until it is over, or until its VMs move if the test is not to wait for it. */
static int await(struct migration *migration, GError **err)
{
    const struct scene *scene = migration->scene;
    if (!scene->goes_on)
        return migration_join(migration, err);
    migration->is_loose = true;
    for (unsigned i = 0; i < migration->tasks->len; i++) {
        struct task *task = g_ptr_array_index(migration->tasks, i);
        if (await_event(&task->seat->moving, DEADLINE_NEVER, err) < 0)
            return -1;
    }
    host_log(scene->test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, NULL,
             "the test goes on while migration %u does (not_wait_for_migration)",
             migration->number);
    return 0;
}

int scene_migrate_wait(struct scene *scene, const char *const *vms, unsigned source,
                       unsigned destination, const struct work *work, GError **err)
{
    struct migration *migration = migrate(scene, vms, source, destination, work, err);
    return migration != NULL ? await(migration, err) : -1;
}

int scene_swing(struct scene *scene, unsigned one, unsigned other, GError **err)
{
    struct migration *migration = migration_new(scene, one, other, NULL);
    migration->swings = true;
    if (add_vms(migration, (const char *const *)scene->vms, err) == 0)
        return await(begin(migration), err);
    migration_free(migration);
    return -1;
}

void scene_open_migrations(struct scene *scene)
{
    scene->migrations = g_ptr_array_new_with_free_func(migration_free);
    scene->joined = g_ptr_array_new_with_free_func(migration_free);
    scene->movers = scope_open("migrations");
}

int scene_join_all(struct scene *scene, int result, GError **err)
{
    /* One that has ended well leaves the list. */
    while (scene->migrations->len > 0 && result == 0)
        result = migration_join(g_ptr_array_index(scene->migrations, 0), err);
    g_autoptr(GError) error = NULL;
    if (result < 0)
        scope_cancel(scene->movers, err != NULL ? *err : NULL);
    /* The first that failed by itself says more than that the scenario was cancelled for it. */
    if (scope_close(scene->movers, &error) < 0 &&
        (result == 0 || (err != NULL && g_error_matches(*err, SYNC_ERROR, SYNC_ERROR_CANCELLED)))) {
        g_clear_error(err);
        g_propagate_error(err, g_steal_pointer(&error));
        result = -1;
    }
    g_ptr_array_unref(scene->migrations);
    g_ptr_array_unref(scene->joined);
    return result;
}
