/*
 * The images of a test: host 1 makes and clones them, the others wait for it where all hosts meet
 * before the test; behind it, when every host has ended its VMs, host 1 checks and removes them.
 * Those that move with their VM (migrate_storage) each host has for itself: host 1 tells how large
 * they are, and where there is none yet an empty one is made, which is removed behind the test. So
 * is what host 1 has made on top of another image (image_chain).
 */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"
#include "migration/storage/prepare.h"

#include <string.h>

#define A_VM_MS 160000       /* default of disk_prepare_timeout, a VM */
#define ENDED_A_VM_MS 120000 /* default of finish_timeout, a VM */

const char *const images_params[] = {"image_name", "image_chain", NULL};

struct images {
    GPtrArray *plans;
    unsigned n_prepared; /* the first of them; what the others name this test has neither made nor
                            kept a copy of */
};

static void images_free(struct images *images)
{
    g_ptr_array_unref(images->plans);
    g_free(images);
}

static bool is_mine(const struct test *test, const struct image_plan *plan)
{
    return test->self == 0 || plan->moves;
}

/* Where its VM lives, if it lives on from an earlier test; else SEAT_NOWHERE. */
static unsigned where_used(const struct scene *scene, const struct image_plan *plan)
{
    for (unsigned i = 0; i < scene->seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(scene->seats, i);
        if (strcmp(seat->name, plan->vm) == 0)
            return seat->where;
    }
    return SEAT_NOWHERE;
}

static int limit_of(const struct step_on *on, const char *name, int64_t a_vm_ms, int64_t *ms_out,
                    GError **err)
{
    *ms_out = a_vm_ms * on->scene->seats->len;
    return param_is_set(on->params, name) ? param_duration_ms(on->params, name, ms_out, err) : 0;
}

static bool any_is_told(const struct images *images)
{
    for (unsigned i = 0; i < images->plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(images->plans, i);
        if (plan->moves || plan->base != NULL)
            return true;
    }
    return false;
}

/* Host 1's, by their place in the list: the size of what moves, and of what is made on top of
 * another how it names that; of the others 0. Transfer full. */
static json_t *facts_of(struct test *test, const struct images *images, int64_t deadline,
                        GError **err)
{
    json_t *facts = json_array();

    for (unsigned i = 0; i < images->plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(images->plans, i);
        g_autofree char *backing = plan->base != NULL ? image_plan_backing(plan) : NULL;
        uint64_t size = 0;
        if (plan->moves && image_size(test, plan, &size, deadline, err) < 0) {
            json_decref(facts);
            return NULL;
        }
        json_array_append_new(facts, backing != NULL ? json_string(backing)
                                                     : json_integer((json_int_t)size));
    }
    return facts;
}

/* Host 1 has written it into a file that all read. */
static int check_backing(const struct test *test, const struct image_plan *plan, const json_t *fact,
                         GError **err)
{
    g_autofree char *ours = image_plan_backing(plan);
    const char *theirs = json_string_value(fact);

    if (g_strcmp0(ours, theirs) == 0)
        return 0;
    g_set_error(
        err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
        "%s of %s: it builds on %s on %s, and on %s here: in one folder with it %s is found "
        "wherever that is",
        plan->image->name, plan->vm, theirs != NULL ? theirs : "nothing", test->names[0], ours,
        plan->base->name);
    return -1;
}

static int receive_all(const struct scene *scene, struct images *images, const json_t *facts,
                       int64_t deadline, GError **err)
{
    struct test *test = scene->test;

    for (unsigned i = 0; i < images->plans->len; i++) {
        struct image_plan *plan = g_ptr_array_index(images->plans, i);
        const json_t *fact = json_array_get(facts, i);
        uint64_t size = (uint64_t)json_integer_value(fact);
        if (plan->base != NULL && check_backing(test, plan, fact, err) < 0)
            return -1;
        if (plan->moves && where_used(scene, plan) != test->self &&
            image_receive(test, plan, size, deadline, err) < 0)
            return -1;
        images->n_prepared = i + 1;
    }
    return 0;
}

/* What moves has a place on each host before a VM starts, and what builds on another finds it.
 * Hosts that are left alone (not_preprocess) only meet the others. */
static int make_room(const struct scene *scene, struct images *images, bool is_left_alone,
                     int64_t deadline, GError **err)
{
    struct test *test = scene->test;
    const struct test_meeting told = {.tag = "disks that move or build on others",
                                      .once = true,
                                      .timeout_ms = deadline_left(deadline)};
    g_autoptr(GPtrArray) facts = NULL;

    if (!any_is_told(images))
        return 0;
    json_t *mine =
        test->self == 0 && !is_left_alone ? facts_of(test, images, deadline, err) : json_array();
    if (mine == NULL || test_exchange(test, &told, mine, &facts, err) < 0)
        return -1;
    const json_t *told_by_first = g_ptr_array_index(facts, 0);
    return test->self == 0 || is_left_alone || json_array_size(told_by_first) == 0
               ? 0
               : receive_all(scene, images, told_by_first, deadline, err);
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
    if (limit_of(on, "disk_prepare_timeout", A_VM_MS, &limit_ms, err) < 0)
        return -1;
    bool is_left_alone;
    if (param_bool(on->params, "not_preprocess", &is_left_alone, err) < 0)
        return -1;
    int64_t deadline = deadline_in(limit_ms);
    for (unsigned i = 0; i < plans->len; i++) {
        struct image_plan *plan = g_ptr_array_index(plans, i);
        if (test->self != 0)
            continue;
        if (!is_left_alone && where_used(on->scene, plan) == SEAT_NOWHERE &&
            image_prepare(test, plan, deadline, err) < 0)
            return -1;
        images->n_prepared = i + 1;
    }
    return make_room(on->scene, images, is_left_alone, deadline, err);
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

/* Where a VM that may have the image lives on; NULL: nowhere. One that was made for what moves here
 * is nobody's elsewhere. */
static const char *left_on(const struct test *test, const GPtrArray *told,
                           const struct image_plan *plan)
{
    for (unsigned i = 0; i < told->len; i++) {
        const json_t *name;
        size_t n;
        if (plan->made != NULL && plan->moves && i != test->self)
            continue;
        json_array_foreach ((json_t *)g_ptr_array_index(told, i), n, name)
            if (g_strcmp0(json_string_value(name), plan->vm) == 0)
                return test->names[i];
    }
    return NULL;
}

static struct params *params_of(const struct step_on *on, const struct image_plan *plan)
{
    g_autoptr(params) vm = params_object_params(on->params, plan->vm);

    return params_object_params(vm, plan->image->name);
}

static int finish_one(const struct step_on *on, const struct image_plan *plan,
                      const GPtrArray *told, int64_t deadline, GError **err)
{
    struct test *test = on->scene->test;
    const char *host = left_on(test, told, plan);
    g_autoptr(params) params = params_of(on, plan);

    if (!is_mine(test, plan))
        return 0;
    if (host == NULL)
        return image_finish(test, plan, params, deadline, err);
    test_note(test, "%s is left as it is: %s on %s may still write to it", plan->image->location,
              plan->vm, host);
    /* This node may end before that VM does. */
    if (plan->made != NULL && strcmp(host, test->names[test->self]) != 0)
        host_disown(test->host, OWNED_IMAGE, plan->made);
    return 0;
}

/* All of them, whatever is wrong with one; the first error counts. What builds on another before
 * that: its check reads both. */
static int finish_all(const struct step_on *on, const struct images *images, const GPtrArray *told,
                      GError **err)
{
    int64_t limit_ms;
    int result = 0;

    if (limit_of(on, "disk_prepare_timeout", A_VM_MS, &limit_ms, err) < 0)
        return -1;
    int64_t deadline = step_deadline(on, limit_ms);
    for (unsigned i = images->n_prepared; i > 0; i--) {
        const struct image_plan *plan = g_ptr_array_index(images->plans, i - 1);
        if (plan->base != NULL &&
            finish_one(on, plan, told, deadline, result == 0 ? err : NULL) < 0)
            result = -1;
    }
    for (unsigned i = 0; i < images->n_prepared; i++) {
        const struct image_plan *plan = g_ptr_array_index(images->plans, i);
        if (plan->base == NULL &&
            finish_one(on, plan, told, deadline, result == 0 ? err : NULL) < 0)
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
