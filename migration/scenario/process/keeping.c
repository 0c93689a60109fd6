/*
 * VMs that live on from earlier tests (keep.c). Before anything else of a test is done, each host
 * looks at those that rest on it, ends what is of no use, and takes what the test can go on with to
 * its place, where it has to show that it lives. Then the hosts tell each other: so nothing that a
 * VM has open is touched before it has been ended, and everybody knows where each VM is.
 */
#include "migration/move/said.h"
#include "migration/params.h"
#include "migration/scenario/process/keep_judge.h"
#include "migration/scenario/process/rows.h"
#include "migration/scenario/process/same.h"
#include "migration/storage/plan.h"
#include "migration/vm/net.h"

#include <string.h>

#define LIFE_MS 30000
#define MEET_MS 300000 /* others may have several guests to shut down */

bool keeping_is_due(const struct test *test)
{
    return test->meets_kept;
}

static struct seat *seat_of(const struct scene *scene, const char *name)
{
    for (unsigned i = 0; i < scene->seats->len; i++) {
        struct seat *seat = g_ptr_array_index(scene->seats, i);
        if (strcmp(seat->name, name) == 0)
            return seat;
    }
    return NULL;
}

/* How it has ended while nobody had it; NULL: it lives. Transfer full. */
static char *end_of(struct vm *vm)
{
    g_autoptr(GError) error = vm_act_error(vm);
    if (error == NULL && event_is_set(vm_exited(vm)))
        error = vm_death(vm);
    return error != NULL ? g_strdup(error->message) : NULL;
}

static bool has(const struct kept *kept, const struct image *image)
{
    return image != NULL && g_strv_contains((const char *const *)kept->images, image->location);
}

/* An image that it has open, and that is another VM's here, made anew, or copied; NULL: none. */
static const char *image_in_use(const struct kept *kept, const GPtrArray *plans)
{
    for (unsigned i = 0; plans != NULL && i < plans->len; i++) {
        const struct image_plan *plan = g_ptr_array_index(plans, i);
        bool is_own = strcmp(plan->vm, vm_name(kept->vm)) == 0;
        if (has(kept, plan->image) && (!is_own || plan->anew))
            return plan->image->location;
        if (has(kept, plan->master) && plan->origin == IMAGE_CLONED)
            return plan->master->location;
    }
    return NULL;
}

static char *other_machine(const struct kept *kept, const struct seat *seat)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *would_be = same_made_of(seat, &error);
    if (would_be == NULL)
        return g_strdup(error->message);
    return kept->is_changed ? g_strdup("something was plugged into it, or out of it")
                            : same_difference(kept->made_of, would_be);
}

static bool works_in_background(const struct kept *kept)
{
    return strstr(kept->works, "migration_bg_command") != NULL;
}

static char *other_work(const struct kept *kept, const struct seat *seat)
{
    bool has_background = works_in_background(kept);
    g_autofree char *would_be = same_works(seat->params, has_background);
    return same_difference(kept->works, would_be);
}

static enum keep_deed judge(const struct step_on *on, const struct kept *kept,
                            const GPtrArray *plans, char **why_out)
{
    const struct seat *seat = seat_of(on->scene, vm_name(kept->vm));
    const struct params *params = seat != NULL ? seat->params : on->params;
    g_autofree char *ended = end_of(kept->vm);
    g_autofree char *machine = seat != NULL ? other_machine(kept, seat) : NULL;
    g_autofree char *works = seat != NULL ? other_work(kept, seat) : NULL;
    const struct keep_facts facts = {
        .ended = ended,
        .is_spoiled = kept->is_spoiled,
        .in_use = image_in_use(kept, plans),
        .is_listed = seat != NULL,
        .is_of_env = strcmp(kept->env, param_text(params, "env")) == 0,
        .is_unwanted =
            param_is_yes(params, "kill_vm_before_test") || param_is_yes(params, "force_remove_vm"),
        .pauses = param_is_yes(params, "paused_after_start_vm"),
        .is_checked = param_is_yes(params, "check_vm_needs_restart") &&
                      param_is_yes(on->params, "check_vm_before_migration"),
        .machine = machine,
        .works = works,
        .keeps_others = param_is_yes(on->params, "keep_unrequested_vms"),
    };
    return keep_judge(&facts, why_out);
}

/* Its guest is told to end, by the params of its own test. */
static int shut_down(const struct step_on *on, struct kept *kept, GError **err)
{
    const struct seat *any = g_ptr_array_index(on->scene->seats, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(seat) seat = seat_new_of(on->scene->test, any->readers, any->watchers,
                                       vm_name(kept->vm), kept->params, &error);
    if (seat == NULL || seat_take(seat, kept, &error) < 0) {
        host_log(on->scene->test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, NULL,
                 "not shut down in order: %s", error->message);
        return 0;
    }
    int result =
        vms_shut_down(seat, kept->params, "kill_unrequested_vms_gracefully", on->ends_by, err);
    return seat_end(seat, result == 0 ? err : NULL) < 0 ? -1 : result;
}

/* kept: transfer full. */
static int end_kept(const struct step_on *on, struct kept *kept, bool is_listed, const char *why,
                    GError **err)
{
    struct test *test = on->scene->test;
    g_autofree char *name = g_strdup(vm_name(kept->vm));
    int result = 0;
    test_note(test, "%s, which an earlier test has kept on %s as process %d, is ended: %s", name,
              test->host->name, (int)vm_pid(kept->vm), why);
    test->host->ops->wake(test->host->node, kept);
    if (!is_listed && param_is_yes(on->params, "kill_unrequested_vms_gracefully") &&
        !event_is_set(vm_exited(kept->vm)))
        result = shut_down(on, kept, err);
    /* Its folder is there until the VM of that test is let go of for good. */
    g_autofree char *folder = kept->vm != NULL ? g_strdup(vm_core_dir(kept->vm)) : NULL;
    int status;
    fiber_shield();
    if (vm_end(g_steal_pointer(&kept->vm), &status, result == 0 ? err : NULL) < 0)
        result = -1;
    fiber_unshield();
    if (folder != NULL)
        core_dumps_look(on, name, kept->params, folder, status);
    if (result == 0)
        host_disown(test->host, OWNED_GUEST, name);
    kept_free(kept);
    return result;
}

static int show_life(struct seat *seat, bool begins_background, GError **err)
{
    int64_t by = deadline_in(seat_patience_ms(seat, LIFE_MS));
    if (guest_await_again(seat->guest, by, err) < 0 || said_check(seat, 0, err) < 0)
        return -1;
    return begins_background ? guest_begin_background(seat->guest, by, err) : 0;
}

/* To its place here. 1: the test goes on with it; 0: it could not, and the VM is ended; -1: the
 * test is over. */
static int take_its_place(const struct step_on *on, struct kept *kept, struct seat *seat,
                          GError **err)
{
    struct test *test = on->scene->test;
    g_autofree char *folder = g_strdup(vm_core_dir(kept->vm));
    g_autoptr(GError) error = NULL;
    SEAT_DOING(seat, BLAME_TESTBED, "going on with %s of an earlier test", seat->name);
    int result = seat_take(seat, kept, &error);
    if (result == 0)
        result = show_life(seat, !works_in_background(kept), &error);
    if (result == 0) {
        seat_watch(seat);
        return 1;
    }
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    test_note(test, "%s of an earlier test boots anew: %s", seat->name, error->message);
    if (seat_end(seat, err) < 0)
        return -1;
    if (folder != NULL)
        core_dumps_look(on, seat->name, kept->params, folder, seat->exit_status);
    seat->exit_status = 0; /* it was no VM of this test's */
    host_disown(test->host, OWNED_GUEST, seat->name);
    return 0;
}

/* kept: transfer full. */
static int take(const struct step_on *on, struct kept *kept, struct seat *seat, GError **err)
{
    on->scene->test->host->ops->wake(on->scene->test->host->node, kept);
    int result = take_its_place(on, kept, seat, err);
    kept_free(kept);
    return result;
}

/* What rests here; mine: names of those that this host can go on with. */
static int look_at_all(const struct step_on *on, json_t *mine, GError **err)
{
    const struct host *host = on->scene->test->host;
    g_autoptr(GPtrArray) plans = image_plans(on->scene->test->params, NULL);
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    const GPtrArray *resting = host->ops->resting(host->node);
    for (unsigned i = 0; i < resting->len; i++)
        g_ptr_array_add(all, g_ptr_array_index(resting, i));
    for (unsigned i = 0; i < all->len; i++) {
        struct kept *kept = g_ptr_array_index(all, i);
        struct seat *seat = seat_of(on->scene, vm_name(kept->vm));
        g_autofree char *why = NULL;
        enum keep_deed deed = judge(on, kept, plans, &why);
        if (deed == KEEP_END && end_kept(on, kept, seat != NULL, why, err) < 0)
            return -1;
        int taken = deed == KEEP_REUSE ? take(on, kept, seat, err) : 0;
        if (taken < 0)
            return -1;
        if (taken > 0)
            json_array_append_new(mine, json_string(seat->name));
    }
    return 0;
}

static bool names(const json_t *list, const char *name)
{
    const json_t *entry;
    size_t i;
    json_array_foreach ((json_t *)list, i, entry)
        if (g_strcmp0(json_string_value(entry), name) == 0)
            return true;
    return false;
}

/* Where the VM is, by what all hosts have told. */
static int settle(const struct step_on *on, struct seat *seat, const GPtrArray *told, GError **err)
{
    struct test *test = on->scene->test;
    g_autofree bool *can = g_new0(bool, test->n_hosts);
    for (unsigned i = 0; i < test->n_hosts; i++)
        can[i] = names(g_ptr_array_index(told, i), seat->name);
    unsigned host = keep_choose(can, test->n_hosts);
    if (host == test->n_hosts)
        return 0;
    seat->where = host;
    if (host == test->self)
        test_note(test,
                  "goes on with %s of an earlier test on %s, process %d, which so need not boot "
                  "(keep_vms_after_test)",
                  seat->name, test->host->name, (int)vm_pid(seat->vm));
    else if (can[test->self]) {
        test_note(test, "%s of an earlier test on %s is ended: there is one on %s too", seat->name,
                  test->host->name, test->names[host]);
        if (seat_end(seat, err) < 0)
            return -1;
        host_disown(test->host, OWNED_GUEST, seat->name);
    }
    return 0;
}

/*
 * Whether a stranger has a MAC address of a VM that is to boot: what agree() left to us, since a VM
 * that the test goes on with, or has just ended, is none. Nobody boots before all have looked.
 */
static int check_segments(const struct step_on *on, GError **err)
{
    struct test *test = on->scene->test;
    const struct test_meeting meeting = {
        .tag = "cards of VMs that boot", .once = true, .timeout_ms = MEET_MS};
    g_autoptr(GPtrArray) cards = vm_net_cards_new();
    for (unsigned i = 0; i < on->scene->seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(on->scene->seats, i);
        if (seat->where == SEAT_NOWHERE &&
            vm_net_check_macs(cards, seat->name, seat->params, seat->boot, err) < 0)
            return -1;
    }
    if (vm_net_check_segment(test->host, cards, err) < 0)
        return -1;
    return test_barrier(test, &meeting, err);
}

int keeping_begin(struct step_on *on, GError **err)
{
    struct test *test = on->scene->test;
    const struct test_meeting meeting = {
        .tag = "VMs of earlier tests", .once = true, .timeout_ms = MEET_MS};
    json_auto_t *mine = json_array();
    g_autoptr(GPtrArray) told = NULL;
    if (test->host->ops->resting != NULL && look_at_all(on, mine, err) < 0)
        return -1;
    if (test_exchange(test, &meeting, json_incref(mine), &told, err) < 0)
        return -1;
    for (unsigned i = 0; i < on->scene->seats->len; i++)
        if (settle(on, g_ptr_array_index(on->scene->seats, i), told, err) < 0)
            return -1;
    return check_segments(on, err);
}

/* env_cleanup: what other tests of the environment have kept. */
static int clean_environment(const struct step_on *on, GError **err)
{
    const struct host *host = on->scene->test->host;
    const GPtrArray *resting = host->ops->resting(host->node);
    for (unsigned i = resting->len; i > 0; i--) {
        struct kept *kept = g_ptr_array_index(resting, i - 1);
        if (strcmp(kept->env, param_text(on->params, "env")) == 0 &&
            end_kept(on, kept, true, "env_cleanup = yes", err) < 0)
            return -1;
    }
    return 0;
}

int keeping_end(struct step_on *on, GError **err)
{
    const struct host *host = on->scene->test->host;
    int result = 0;
    /* Of a test that ended before its VMs had an end of their own. */
    for (unsigned i = 0; i < on->scene->seats->len; i++) {
        struct seat *seat = g_ptr_array_index(on->scene->seats, i);
        if (seat->vm == NULL)
            continue;
        if (seat_end(seat, result == 0 ? err : NULL) < 0)
            result = -1;
        else
            host_disown(host, OWNED_GUEST, seat->name);
    }
    if (result == 0 && host->ops->resting != NULL && param_is_yes(on->params, "env_cleanup"))
        result = clean_environment(on, err);
    return result;
}
