/* A VM that lives on behind its test (keep_vms_after_test): until another test goes on with it, or
 * the job ends. One that could be of no use to that is ended as any other. */
#include "migration/guest/cloud_seed.h"
#include "migration/params.h"
#include "migration/scenario/process/rows.h"
#include "migration/scenario/process/same.h"
#include "migration/storage/plan.h"

#include <string.h>

#define LIFE_MS 240000 /* as avocado-vt waits for a login; login_timeout may be less */
#define ASK_MS 5000
#define END_MS 60000 /* for migration_bg_kill_command */

/* The images that the VM has, and whether the test puts one of them away. */
static GStrv images_of(const struct step_on *on, const char **goes_out)
{
    g_autoptr(GPtrArray) plans = image_plans(on->scene->test->params, NULL);
    g_autoptr(GStrvBuilder) images = g_strv_builder_new();
    for (unsigned i = 0; plans != NULL && i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i);
        if (strcmp(plan->vm, on->seat->name) != 0)
            continue;
        g_strv_builder_add(images, plan->image->location);
        if (plan->origin == IMAGE_ON_TOP)
            *goes_out = "the test has made an image of it on top of another (image_chain)";
        else if (plan->is_work && (param_is_yes(plan->params, "remove_image") ||
                                   param_is_yes(plan->params, "restore_image") ||
                                   param_is_yes(plan->params, "restore_image_after_testing")))
            *goes_out = "the test removes or restores an image of it";
    }
    return g_strv_builder_end(images);
}

/* Why the VM cannot be kept, or NULL. Transfer full. */
static char *look_at(const struct step_on *on)
{
    const struct seat *seat = on->seat;
    int64_t by = step_deadline(on, MIN(LIFE_MS, seat->request.login_ms));
    g_autofree char *state = NULL;
    g_autoptr(GError) error = NULL;
    if (seat->boots || !guest_is_up(seat->guest))
        return g_strdup("its guest is not up");
    if (cloud_seed_is_wanted(seat->params))
        return g_strdup("the key to log in to its guest goes with the test (cloud_init)");
    if (vm_run_state(seat->vm, &state, deadline_in(ASK_MS), &error) < 0)
        return g_strdup(error->message);
    if (strcmp(state, "running") != 0)
        return g_strdup_printf("its guest does not run (%s)", state);
    if (param_is_yes(on->params, "kill_unresponsive_vms") &&
        guest_await_again(seat->guest, by, &error) < 0)
        return g_strdup_printf("%s (kill_unresponsive_vms)", error->message);
    return NULL;
}

/* Whether anything of it still works that migration_bg_command has begun. */
static bool has_background(const struct params *params)
{
    return param_text(params, "migration_bg_command") != NULL &&
           param_text(params, "migration_bg_kill_command") == NULL;
}

static void rest(const struct step_on *on, char *made_of, GStrv images)
{
    struct seat *seat = on->seat;
    struct test *test = on->scene->test;
    pid_t pid = vm_pid(seat->vm);
    struct kept *kept = seat_rest(seat);
    kept->made_of = made_of;
    kept->images = images;
    kept->works = same_works(seat->params, has_background(seat->params));
    kept->env = g_strdup(param_text(on->params, "env"));
    test->host->ops->rest(test->host->node, kept);
    test_note(test,
              "%s is kept on %s as process %d for the tests that follow (keep_vms_after_test)",
              seat->name, test->host->name, (int)pid);
}

/* Begun for a migration, it ends with the test; how, is of no interest. */
static void end_background(const struct step_on *on)
{
    g_autoptr(GError) error = NULL;
    if (on->failure == NULL && on->ends_by == DEADLINE_NEVER && guest_is_up(on->seat->guest) &&
        guest_end_background(on->seat->guest, deadline_in(END_MS), &error) < 0)
        test_note(on->scene->test, "migration_bg_kill_command of %s: %s", on->seat->name,
                  error->message);
}

static bool is_wanted(const struct step_on *on)
{
    const struct test *test = on->scene->test;
    if (param_is_yes(on->params, "keep_vms_after_test"))
        return on->failure == NULL && on->ends_by == DEADLINE_NEVER &&
               !param_is_yes(on->params, "env_cleanup") && test->host->ops->rest != NULL;
    if (!param_is_yes(on->params, "kill_vm"))
        test_note(on->scene->test, "kill_vm = no is overridden: between hosts a VM ends with its "
                                   "test, unless keep_vms_after_test = yes");
    return false;
}

bool keep_vm(const struct step_on *on)
{
    struct seat *seat = on->seat;
    const char *goes = NULL;
    g_autoptr(GError) error = NULL;
    end_background(on);
    if (!is_wanted(on) || fiber_is_cancelled())
        return false;
    g_auto(GStrv) images = images_of(on, &goes);
    g_autofree char *why = goes != NULL ? g_strdup(goes) : look_at(on);
    g_autofree char *made_of = why == NULL ? same_made_of(seat, &error) : NULL;
    if (made_of != NULL) {
        rest(on, g_steal_pointer(&made_of), g_steal_pointer(&images));
        return true;
    }
    if (!fiber_is_cancelled())
        test_note(on->scene->test, "%s is not kept (keep_vms_after_test): %s", seat->name,
                  why != NULL ? why : error->message);
    return false;
}
