/*
 * The images of a test: host 1 makes and clones them, the others wait for it where all hosts meet
 * before the test; behind it, when every host has ended its VMs, host 1 checks and removes them. A
 * host whose images are its own (migrate_storage) does so for itself.
 */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"
#include "migration/storage/prepare.h"

#define A_VM_MS 160000       /* default of disk_prepare_timeout, a VM */
#define ENDED_A_VM_MS 120000 /* default of finish_timeout, a VM */

const char *const images_params[] = {"image_name", NULL};

static bool is_mine(const struct test *test, const struct image_plan *plan)
{
    return test->self == 0 || plan->moves;
}

static int limit_of(const struct step_on *on, const char *name, int64_t a_vm_ms, int64_t *ms_out,
                    GError **err)
{
    *ms_out = a_vm_ms * on->scene->seats->len;
    return param_is_set(on->params, name) ? param_duration_ms(on->params, name, ms_out, err) : 0;
}

int images_begin(struct step_on *on, GError **err)
{
    struct test *test = on->scene->test;
    int64_t limit_ms;

    GPtrArray *plans = on->state = image_plans(test->params, err);
    if (plans == NULL || limit_of(on, "disk_prepare_timeout", A_VM_MS, &limit_ms, err) < 0)
        return -1;
    int64_t deadline = deadline_in(limit_ms);
    for (unsigned i = 0; i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i);
        if (is_mine(test, plan) && image_prepare(test, plan, deadline, err) < 0)
            return -1;
    }
    return 0;
}

/* An image that a VM elsewhere still writes to is neither bad nor to be removed. */
static int await_ends(const struct step_on *on, GError **err)
{
    struct test_meeting ended = {.tag = "VMs have ended", .settle = true, .once = true};

    if (limit_of(on, "finish_timeout", ENDED_A_VM_MS, &ended.timeout_ms, err) < 0)
        return -1;
    ended.timeout_ms = MIN(ended.timeout_ms, deadline_left(on->ends_by));
    return test_barrier(on->scene->test, &ended, err);
}

static struct params *params_of(const struct step_on *on, const struct image_plan *plan)
{
    g_autoptr(params) vm = params_object_params(on->params, plan->vm);

    return params_object_params(vm, plan->image->name);
}

/* All of them, whatever is wrong with one; the first error counts. */
static int finish_all(const struct step_on *on, const GPtrArray *plans, GError **err)
{
    struct test *test = on->scene->test;
    int64_t limit_ms;
    int result = 0;

    if (limit_of(on, "disk_prepare_timeout", A_VM_MS, &limit_ms, err) < 0)
        return -1;
    int64_t deadline = step_deadline(on, limit_ms);
    for (unsigned i = 0; i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i);
        g_autoptr(params) params = params_of(on, plan);
        if (is_mine(test, plan) &&
            image_finish(test, plan, params, deadline, result == 0 ? err : NULL) < 0)
            result = -1;
    }
    return result;
}

int images_end(struct step_on *on, GError **err)
{
    GPtrArray *plans = on->state;
    g_autoptr(GError) error = NULL;
    int result = 0;

    if (plans == NULL)
        return 0;
    if (await_ends(on, &error) == 0)
        result = finish_all(on, plans, &error);
    else
        result = -1;
    if (result == 0 || !g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        g_ptr_array_unref(plans);
        on->state = NULL;
    }
    if (result < 0)
        g_propagate_error(err, g_steal_pointer(&error));
    return result;
}
