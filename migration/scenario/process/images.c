/*
 * The images of a test: host 1 makes and clones them, the others wait for it where all hosts meet
 * before the test; behind it, when every host has ended its VMs, host 1 checks and removes them.
 * Those that move with their VM (migrate_storage) each host has for itself: host 1 tells how large
 * they are, and where there is none yet an empty one is made, which is removed behind the test.
 */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"
#include "migration/storage/prepare.h"

#include <string.h>

#define A_VM_MS 160000       /* default of disk_prepare_timeout, a VM */
#define ENDED_A_VM_MS 120000 /* default of finish_timeout, a VM */

const char *const images_params[] = {"image_name", NULL};

struct images {
    GPtrArray *plans;
    unsigned n_prepared; /* the first of them; what the others name this test has neither made nor
                            kept a copy of */
    GPtrArray *made;     /* of them, to be written from another host: struct image_plan, theirs */
};

static void images_free(struct images *images)
{
    g_ptr_array_unref(images->made);
    g_ptr_array_unref(images->plans);
    g_free(images);
}

static bool is_mine(const struct test *test, const struct image_plan *plan)
{
    return test->self == 0 || plan->moves;
}

/* Of a VM that lives on from an earlier test. */
static bool is_in_use(const struct scene *scene, const struct image_plan *plan)
{
    for (unsigned i = 0; i < scene->seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(scene->seats, i);
        if (seat->where != SEAT_NOWHERE && strcmp(seat->name, plan->vm) == 0)
            return true;
    }
    return false;
}

static int limit_of(const struct step_on *on, const char *name, int64_t a_vm_ms, int64_t *ms_out,
                    GError **err)
{
    *ms_out = a_vm_ms * on->scene->seats->len;
    return param_is_set(on->params, name) ? param_duration_ms(on->params, name, ms_out, err) : 0;
}

static bool any_moves(const struct images *images)
{
    for (unsigned i = 0; i < images->plans->len; i++)
        if (((const struct image_plan *)g_ptr_array_index(images->plans, i))->moves)
            return true;
    return false;
}

/* Host 1's, by their place in the list; of those that do not move 0. Transfer full. */
static json_t *sizes_of(struct test *test, const struct images *images, int64_t deadline,
                        GError **err)
{
    json_t *sizes = json_array();

    for (unsigned i = 0; i < images->plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(images->plans, i);
        uint64_t size = 0;
        if (plan->moves && image_size(test, plan, &size, deadline, err) < 0) {
            json_decref(sizes);
            return NULL;
        }
        json_array_append_new(sizes, json_integer((json_int_t)size));
    }
    return sizes;
}

static int receive_all(struct test *test, struct images *images, const json_t *sizes,
                       int64_t deadline, GError **err)
{
    for (unsigned i = 0; i < images->plans->len; i++) {
        struct image_plan *plan = g_ptr_array_index(images->plans, i);
        uint64_t size = (uint64_t)json_integer_value(json_array_get(sizes, i));
        bool is_made;
        if (plan->moves && image_receive(test, plan, size, &is_made, deadline, err) < 0)
            return -1;
        if (plan->moves && is_made)
            g_ptr_array_add(images->made, plan);
        images->n_prepared = i + 1;
    }
    return 0;
}

/* What moves has a place on each host before a VM starts. */
static int make_room(struct test *test, struct images *images, int64_t deadline, GError **err)
{
    const struct test_meeting told = {
        .tag = "disks that move", .once = true, .timeout_ms = deadline_left(deadline)};
    g_autoptr(GPtrArray) sizes = NULL;

    if (!any_moves(images))
        return 0;
    json_t *mine = test->self == 0 ? sizes_of(test, images, deadline, err) : json_array();
    if (mine == NULL || test_exchange(test, &told, mine, &sizes, err) < 0)
        return -1;
    return test->self == 0 ? 0
                           : receive_all(test, images, g_ptr_array_index(sizes, 0), deadline, err);
}

int images_begin(struct step_on *on, GError **err)
{
    struct test *test = on->scene->test;
    int64_t limit_ms;

    GPtrArray *plans = image_plans(test->params, err);
    if (plans == NULL)
        return -1;
    struct images *images = on->state = g_new0(struct images, 1);
    images->plans = plans;
    images->made = g_ptr_array_new();
    if (limit_of(on, "disk_prepare_timeout", A_VM_MS, &limit_ms, err) < 0)
        return -1;
    bool is_left_alone;
    if (param_bool(on->params, "not_preprocess", &is_left_alone, err) < 0)
        return -1;
    int64_t deadline = deadline_in(limit_ms);
    for (unsigned i = 0; i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i);
        if (test->self != 0)
            continue;
        if (!is_left_alone && !is_in_use(on->scene, plan) &&
            image_prepare(test, plan, deadline, err) < 0)
            return -1;
        images->n_prepared = i + 1;
    }
    return is_left_alone ? 0 : make_room(test, images, deadline, err);
}

/* Names of VMs that live on here: kept for their user, uncertain, or not to be ended. */
static json_t *left_here(const struct step_on *on)
{
    json_t *names = json_array();

    for (unsigned i = 0; i < on->scene->seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(on->scene->seats, i);
        if (seat->is_left || seat->vm != NULL)
            json_array_append_new(names, json_string(seat->name));
    }
    return names;
}

/* An image that a VM elsewhere still writes to is neither bad nor to be removed. told_out: as
 * left_here(), by host. */
static int await_ends(const struct step_on *on, GPtrArray **told_out, GError **err)
{
    struct test_meeting ended = {.tag = "VMs have ended", .settle = true, .once = true};

    if (limit_of(on, "finish_timeout", ENDED_A_VM_MS, &ended.timeout_ms, err) < 0)
        return -1;
    ended.timeout_ms = MIN(ended.timeout_ms, deadline_left(on->ends_by));
    return test_exchange(on->scene->test, &ended, left_here(on), told_out, err);
}

/* Where a VM that may have the image lives on; NULL: nowhere. */
static const char *left_on(const struct test *test, const GPtrArray *told, const char *vm)
{
    for (unsigned i = 0; i < told->len; i++) {
        const json_t *name;
        size_t n;
        json_array_foreach ((json_t *)g_ptr_array_index(told, i), n, name)
            if (g_strcmp0(json_string_value(name), vm) == 0)
                return test->names[i];
    }
    return NULL;
}

static struct params *params_of(const struct step_on *on, const struct image_plan *plan)
{
    g_autoptr(params) vm = params_object_params(on->params, plan->vm);

    return params_object_params(vm, plan->image->name);
}

/* All of them, whatever is wrong with one; the first error counts. */
static int finish_all(const struct step_on *on, const struct images *images, const GPtrArray *told,
                      GError **err)
{
    struct test *test = on->scene->test;
    int64_t limit_ms;
    int result = 0;

    if (limit_of(on, "disk_prepare_timeout", A_VM_MS, &limit_ms, err) < 0)
        return -1;
    int64_t deadline = step_deadline(on, limit_ms);
    for (unsigned i = 0; i < images->n_prepared; i++) {
        const struct image_plan *plan = g_ptr_array_index(images->plans, i);
        const char *host = left_on(test, told, plan->vm);
        g_autoptr(params) params = params_of(on, plan);
        if (!is_mine(test, plan))
            continue;
        if (host != NULL)
            test_note(test, "%s is left as it is: %s on %s may still write to it",
                      plan->image->location, plan->vm, host);
        else if (image_finish(test, plan, params, g_ptr_array_find(images->made, plan, NULL),
                              deadline, result == 0 ? err : NULL) < 0)
            result = -1;
    }
    return result;
}

int images_end(struct step_on *on, GError **err)
{
    struct images *images = on->state;
    g_autoptr(GPtrArray) told = NULL;
    g_autoptr(GError) error = NULL;
    int result = 0;

    if (images == NULL)
        return 0;
    if (await_ends(on, &told, &error) == 0)
        result = finish_all(on, images, told, &error);
    else
        result = -1;
    if (result == 0 || !g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        images_free(images);
        on->state = NULL;
    }
    if (result < 0)
        g_propagate_error(err, g_steal_pointer(&error));
    return result;
}
