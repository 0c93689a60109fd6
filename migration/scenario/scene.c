#include "migration/move/said.h"
#include "migration/params.h"
#include "migration/scenario/hold.h"
#include "migration/scenario/plug.h"

int64_t scene_leg_ms(const struct seat *seat)
{
    const struct move_request *request = &seat->request;
    int64_t boot_ms = request->login_ms + 2 * seat_patience_ms(seat, SCENE_START_MS);
    int64_t attempt_ms =
        request->work_ms + request->timeout_ms + HANDOVER_CHECK_MS + 3 * seat_patience_ms(seat, 0);
    return boot_ms + attempt_ms * (request->retries + 1);
}

int scene_boot_here(struct seat *seat, GError **err)
{
    const struct host *host = seat->test->host;

    SEAT_DOING(seat, BLAME_TESTBED, "booting");
    seat_progress(seat, NULL, "booting", NULL);
    g_clear_pointer(&seat->guest_state, g_free);
    seat->works = false;
    if (seat_start(seat, false, deadline_in(seat_patience_ms(seat, SCENE_START_MS)), err) < 0 ||
        (!seat->test->moves_nothing &&
         vm_check_movable(seat->vm, deadline_in(seat_patience_ms(seat, SCENE_START_MS)), err) <
             0) ||
        host_own(host, OWNED_GUEST, seat->name, err) < 0)
        return -1;
    seat->boots = seat->request.boots;
    if (seat->request.pauses)
        return 0;
    if (vm_cont(seat->vm, deadline_in(seat_patience_ms(seat, SCENE_START_MS)), err) < 0)
        return -1;
    if (seat->boots)
        return 0;
    if (hold_seat_at(seat, HOLD_BEFORE_LOGIN, 0, err) < 0 ||
        guest_await_up(seat->guest, deadline_in(seat->request.login_ms), err) < 0)
        return -1;
    return said_check(seat, 0, err) < 0 ? -1 : plug_devices(seat, err);
}

/* A VM that is to start. */
struct boot {
    struct seat *seat;
    unsigned before; /* where it lives; SEAT_NOWHERE */
};

static int boot_one(void *arg, GError **err)
{
    const struct boot *boot = arg;
    struct seat *seat = boot->seat;
    if (boot->before != SEAT_NOWHERE && scene_vacate(seat, boot->before, seat->where, 0, err) < 0)
        return -1;
    return seat->test->self == seat->where ? scene_boot_here(seat, err) : 0;
}

/* boots: struct boot. */
static int boot_all(const GArray *boots, GError **err)
{
    struct scope *all = scope_open("all VMs");
    for (unsigned i = 0; i < boots->len; i++) {
        struct boot *boot = &g_array_index(boots, struct boot, i);
        scope_spawn(all, boot->seat->name, boot_one, boot);
    }
    return scope_close(all, err);
}

/* Where each VM is to be from now on; those in whose start this host has a part. Transfer full. */
static GArray *plan_boots(struct scene *scene, unsigned where, unsigned other)
{
    GArray *boots = g_array_new(FALSE, FALSE, sizeof(struct boot));
    for (unsigned i = 0; i < scene->seats->len; i++) {
        struct seat *seat = g_ptr_array_index(scene->seats, i);
        const struct boot boot = {seat, seat->where};
        if (seat->where == where || seat->where == other)
            continue;
        seat->where = where;
        if (scene->test->self == where || scene->test->self == boot.before)
            g_array_append_val(boots, boot);
    }
    return boots;
}

bool scene_goes_on(struct scene *scene, int64_t done, int64_t count, const char *turns)
{
    if (done >= count || scene->n_migrations < scene->test->last_leg)
        return done < count;
    test_note(scene->test,
              "ended after %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
              " %s, since the time of the job (--for) was over",
              done, count, turns);
    return false;
}

int scene_boot(struct scene *scene, unsigned where, unsigned other, GError **err)
{
    struct test *test = scene->test;
    const struct seat *first = g_ptr_array_index(scene->seats, 0);
    const struct test_meeting booted = {.tag = "booted",
                                        .timeout_ms = first->request.login_ms +
                                                      2 * seat_patience_ms(first, SCENE_START_MS)};
    g_autoptr(GArray) boots = plan_boots(scene, where, other);
    if (boot_all(boots, err) < 0)
        return -1;
    host_context(test->host, "waiting for the guests to boot on %s", test->names[where]);
    return test_barrier(test, &booted, err);
}

static unsigned index_of(const struct scene *scene, const struct seat *seat)
{
    unsigned index = 0;
    g_ptr_array_find(scene->seats, seat, &index);
    return index;
}

/* The plan of one attempt. All but the last may end in any way that leaves the guest where it is;
 * what is to happen meanwhile is not for the last of several. */
static struct leg_plan plan_attempt(const struct scene *scene, const struct seat *seat,
                                    const struct scene_leg *leg, unsigned attempt)
{
    const struct move_request *request = &seat->request;
    bool is_last = attempt > request->retries;
    struct leg_plan plan = {
        .number = leg->number,
        .attempt = attempt,
        .vm = index_of(scene, seat),
        .source = seat->where,
        .destination = leg->hosts[seat->where == leg->hosts[0]],
        .script = is_last && request->retries > 0 ? NULL : request->script,
        .expected_ends = request->expected_ends,
        .expected_survivors = request->expected_survivors,
        .comes_back = leg->comes_back,
    };
    if (!is_last) {
        plan.expected_ends |= LEG_BIT(VTMH__LEG_END__LEG_CANCELLED) |
                              LEG_BIT(VTMH__LEG_END__LEG_REFUSED) |
                              LEG_BIT(VTMH__LEG_END__LEG_FAILED);
        if (plan.expected_survivors != 0)
            plan.expected_survivors |= LEG_BIT(VTMH__SURVIVOR__SURVIVOR_SOURCE);
    }
    return plan;
}

int scene_move(struct scene *scene, struct seat *seat, const struct scene_leg *leg, GError **err)
{
    for (unsigned attempt = 1; !seat->is_gone && attempt <= seat->request.retries + 1; attempt++) {
        const struct leg_plan plan = plan_attempt(scene, seat, leg, attempt);
        struct leg_outcome outcome;
        if (hold_seat_at(seat, HOLD_BEFORE_LEG, leg->number, err) < 0 ||
            handover(seat, &scene->agreement, &plan, leg->work, &outcome, err) < 0 ||
            hold_seat_at(seat, HOLD_AFTER_LEG, leg->number, err) < 0)
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
