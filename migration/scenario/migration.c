#include "migration/scenario/migration.h"

#include <string.h>

struct migration {
    struct scene *scene;
    unsigned number; /* from 1: the leg of its VMs */
    unsigned source, destination;
    const struct work *work;
    GPtrArray *seats; /* struct seat, the scene's */
    struct fiber *fiber;
    bool is_joined;
    GError *error; /* after it was joined: why it failed */
};

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
    g_ptr_array_unref(migration->seats);
    g_clear_error(&migration->error);
    g_free(migration);
}

/* The unfinished migration that the VM is in, or NULL. */
static const struct migration *migration_of(const struct scene *scene, const struct seat *seat)
{
    for (unsigned i = 0; i < scene->migrations->len; i++) {
        const struct migration *migration = g_ptr_array_index(scene->migrations, i);
        if (!migration->is_joined && g_ptr_array_find(migration->seats, seat, NULL))
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

static int add_seats(struct migration *migration, const char *const *vms, GError **err)
{
    const struct scene *scene = migration->scene;
    for (; *vms != NULL; vms++) {
        struct seat *seat = find_seat(scene, *vms);
        const struct migration *other = seat != NULL ? migration_of(scene, seat) : NULL;
        if (seat == NULL)
            return wrong(err, "migrate %s: the test has no such VM", *vms);
        if (other != NULL)
            return wrong(err, "migrate %s: it is in migration %u, which was not joined yet", *vms,
                         other->number);
        if (g_ptr_array_find(migration->seats, seat, NULL))
            return wrong(err, "migrate %s: it is named twice", *vms);
        g_ptr_array_add(migration->seats, seat);
    }
    return migration->seats->len > 0 ? 0 : wrong(err, "migrate: no VM is named");
}

/* What one VM's fiber works with. */
struct task {
    struct migration *migration;
    struct seat *seat;
};

static int move_one(void *arg, GError **err)
{
    const struct task *task = arg;
    const struct migration *migration = task->migration;
    const struct scene_leg leg = {
        .number = migration->number,
        .hosts = {migration->source, migration->destination},
        .work = migration->work,
    };
    return scene_place(migration->scene, task->seat, migration->source, migration->destination,
                       migration->number, err) < 0
               ? -1
               : scene_move(migration->scene, task->seat, &leg, err);
}

static int run(void *arg, GError **err)
{
    struct migration *migration = arg;
    g_autofree struct task *tasks = g_new0(struct task, migration->seats->len);
    struct scope *all = scope_open("VMs of a migration");
    for (unsigned i = 0; i < migration->seats->len; i++) {
        tasks[i] = (struct task){migration, g_ptr_array_index(migration->seats, i)};
        scope_spawn(all, tasks[i].seat->name, move_one, &tasks[i]);
    }
    return scope_close(all, err);
}

struct migration *scene_migrate(struct scene *scene, const char *const *vms, unsigned source,
                                unsigned destination, const struct work *work, GError **err)
{
    struct migration *migration = g_new0(struct migration, 1);
    const struct test *test = scene->test;
    *migration = (struct migration){
        .scene = scene,
        .number = scene->migrations->len + 1,
        .source = source,
        .destination = destination,
        .work = work,
        .seats = g_ptr_array_new(),
    };
    if (source >= test->n_hosts || destination >= test->n_hosts || source == destination) {
        wrong(err, "migrate %s from host %u to host %u: there are no two such hosts among %u",
              vms[0], source + 1, destination + 1, test->n_hosts);
        migration_free(migration);
        return NULL;
    }
    if (add_seats(migration, vms, err) < 0) {
        migration_free(migration);
        return NULL;
    }
    g_ptr_array_add(scene->migrations, migration);
    migration->fiber = scope_spawn(scene->movers, "migration", run, migration);
    return migration;
}

/* A host that had no part in it takes it that the VMs have come where they were to go. */
static void note_where(const struct migration *migration)
{
    const struct test *test = migration->scene->test;
    if (test->self == migration->source || test->self == migration->destination)
        return;
    for (unsigned i = 0; i < migration->seats->len; i++)
        ((struct seat *)g_ptr_array_index(migration->seats, i))->where = migration->destination;
}

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
        if (result == 0)
            note_where(migration);
        else
            migration->error = g_steal_pointer(&error);
    }
    if (migration->error == NULL)
        return 0;
    g_propagate_error(err, g_error_copy(migration->error));
    return -1;
}

int scene_migrate_wait(struct scene *scene, const char *const *vms, unsigned source,
                       unsigned destination, const struct work *work, GError **err)
{
    struct migration *migration = scene_migrate(scene, vms, source, destination, work, err);
    return migration != NULL ? migration_join(migration, err) : -1;
}

void scene_open_migrations(struct scene *scene)
{
    scene->migrations = g_ptr_array_new_with_free_func(migration_free);
    scene->movers = scope_open("migrations");
}

int scene_join_all(struct scene *scene, int result, GError **err)
{
    for (unsigned i = 0; i < scene->migrations->len && result == 0; i++)
        result = migration_join(g_ptr_array_index(scene->migrations, i), err);
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
    return result;
}
