/*
 * A domain of the user's own (vm/lent.h) is after the test where it was before, however that ends.
 *
 * The host where it runs, its home, opens a way in to its libvirtd before the test, and tells the
 * others, so that a host which has it in the end needs nobody to bring it back: not the other
 * hosts' word, nor the coordinator's. After the test all tell each other where it runs, if they
 * still can; who has it moves it home, peer to peer, and home lets it in and waits for it.
 * What comes of that is said.
 */
#include "migration/move/transport/manager_way.h"
#include "migration/params.h"
#include "migration/scenario/process/rows.h"

#include <string.h>

#define ASK_MS 10000    /* for a libvirtd to answer */
#define SAY_MS 20000    /* for all hosts to be through with the test */
#define RETURN_MS 60000 /* for the move; less where the test was called off */

const char *const way_home_params[] = {"libvirt_domain", NULL};

struct way_home {
    struct vm *watch;     /* keeps the way to libvirt open; NULL: it is let go */
    struct channel *door; /* at home; NULL: elsewhere */
    json_t *ticket;       /* elsewhere: how to come in at home, and at which address that is */
};

static void free_way(struct way_home *way)
{
    if (way->door != NULL)
        relayed_close(way->door);
    vm_destroy(way->watch, NULL);
    json_decref(way->ticket);
    g_free(way);
}

static unsigned home_of(const struct seat *seat)
{
    return seat->platform->lent_home;
}

/* Of what runs here, or of what is to come. */
static struct vm *take(const struct seat *seat, bool incoming, int64_t deadline, GError **err)
{
    const struct vm_spec spec = {
        .host = seat->test->host,
        .name = seat->name,
        .params = seat->params,
        .platform = seat->platform,
        .boot = seat->boot,
        .incoming = incoming,
    };

    return vm_create(&spec, deadline, err);
}

static int open_door(struct way_home *way, struct seat *seat, const char *address, GError **err)
{
    way->door = manager_way_open(seat, way->watch, address, err);
    return way->door != NULL ? 0 : -1;
}

static struct test_meeting meeting_of(const struct seat *seat, const char *what, char tag[80])
{
    g_snprintf(tag, 80, "%s %s", what, seat->name);
    return (struct test_meeting){.tag = tag, .once = true, .timeout_ms = SAY_MS};
}

int way_home_begin(struct step_on *on, GError **err)
{
    struct seat *seat = on->seat;
    struct test *test = seat->test;
    const char *address = on->scene->agreement.addresses[test->self];
    bool is_home = home_of(seat) == test->self;
    g_autoptr(GPtrArray) answers = NULL;
    char tag[80];
    const struct test_meeting meeting = meeting_of(seat, "way home", tag);
    struct way_home *way;

    if (seat->platform->lent_uuid == NULL)
        return 0;
    way = on->state = g_new0(struct way_home, 1);
    way->watch = take(seat, !is_home, deadline_in(ASK_MS), err);
    if (way->watch == NULL || (is_home && open_door(way, seat, address, err) < 0))
        return -1;
    json_t *mine =
        is_home ? json_pack("{s:o, s:s}", "ticket", direct_ticket(way->door), "address", address)
                : json_object();
    if (test_exchange(test, &meeting, mine, &answers, err) < 0)
        return -1;
    way->ticket = json_incref(g_ptr_array_index(answers, home_of(seat)));
    return 0;
}

/* ---- after the test */

static char *state_here(const struct way_home *way)
{
    char *state = NULL;

    return vm_run_state(way->watch, &state, deadline_in(ASK_MS), NULL) == 0 ? state
                                                                            : g_strdup("unknown");
}

static bool is_there(const char *state)
{
    return strcmp(state, "running") == 0 || strcmp(state, "paused") == 0;
}

/* Each host's state of it; NULL: they do not say. Transfer full. */
static GPtrArray *ask_all(const struct step_on *on, const char *state)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *answers = NULL;
    char tag[80];
    struct test_meeting meeting = meeting_of(on->seat, "where at last", tag);

    meeting.settle = true;
    if (test_exchange(on->seat->test, &meeting, json_pack("{s:s}", "state", state), &answers,
                      &error) == 0)
        return answers;
    host_log(on->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, NULL, on->seat->name,
             "the other hosts do not say whether it runs there: %s", error->message);
    return NULL;
}

/* Where else it is; -1: nowhere, or not known. */
static int find_elsewhere(const struct seat *seat, const GPtrArray *answers)
{
    for (unsigned i = 0; answers != NULL && i < answers->len; i++) {
        const char *state =
            json_string_value(json_object_get(g_ptr_array_index(answers, i), "state"));
        if (i != seat->test->self && state != NULL && is_there(state))
            return (int)i;
    }
    return -1;
}

/* Home: lets it in, and waits for it. */
static int let_in(const struct step_on *on, struct way_home *way, GError **err)
{
    static const struct vm_expected plain;
    struct seat *seat = on->seat;
    int64_t deadline = step_deadline(on, RETURN_MS);
    struct vm *vm = take(seat, true, deadline, err);
    json_auto_t *expected = vm != NULL ? vm_expect(vm, &plain, deadline, err) : NULL;
    int come = -1;

    seat->helpers = scope_open("way home");
    if (expected != NULL && relayed_receive(way->door, deadline, err) == 0)
        come = vm_await_migrated(vm, deadline, err);
    /* It runs before its manager there has ended it, which asks ours for the last time then. */
    if (come == 0)
        relayed_await_end(way->door, step_deadline(on, ASK_MS), NULL);
    relayed_close(g_steal_pointer(&way->door));
    scope_abandon(seat->helpers);
    seat->helpers = NULL;
    vm_destroy(vm, NULL);
    return come;
}

/* Transfer full. */
static json_t *call_of(const struct channel *channel, const char *address)
{
    g_autofree char *manager = manager_way_uri(channel);
    g_autofree char *stream = manager_open_stream_uri(address);

    return json_pack("{s:s, s:s, s:s, s:[s,s], s:{}}", "dconnuri", manager, "uri", stream,
                     "dest_xml", "", "flags", "peer2peer", "live", "parameters");
}

static int send_home(const struct step_on *on, const struct way_home *way, struct vm *vm,
                     GError **err)
{
    struct seat *seat = on->seat;
    int64_t deadline = step_deadline(on, RETURN_MS);
    const char *address = json_string_value(json_object_get(way->ticket, "address"));
    struct channel *channel = manager_way_enter(seat, json_object_get(way->ticket, "ticket"),
                                                seat->test->names[home_of(seat)], deadline, err);
    int sent = -1;

    if (channel == NULL)
        return -1;
    json_auto_t *call = call_of(channel, address);
    bool completed;
    if (relayed_take_over(channel, deadline, err) == 0 &&
        vm_begin_managed(vm, call, deadline, err) == 0) {
        sent = vm_await_migrated(vm, deadline, err);
        if (sent < 0)
            vm_migrate_cancel(vm, &completed, deadline_in(ASK_MS), NULL);
    }
    relayed_close(channel);
    return sent;
}

/* Elsewhere: it goes home. */
static int bring_home(const struct step_on *on, const struct way_home *way, GError **err)
{
    struct seat *seat = on->seat;
    struct vm *vm = take(seat, false, step_deadline(on, ASK_MS), err);

    if (vm == NULL)
        return -1;
    seat->helpers = scope_open("way home");
    int sent = send_home(on, way, vm, err);
    scope_abandon(seat->helpers);
    seat->helpers = NULL;
    vm_destroy(vm, NULL);
    return sent;
}

static const char *domain_of(const struct step_on *on)
{
    return param_text(on->seat->params, "libvirt_domain");
}

static void end_at_home(const struct step_on *on, struct way_home *way, const char *state,
                        const GPtrArray *answers)
{
    struct test *test = on->seat->test;
    int elsewhere = find_elsewhere(on->seat, answers);
    g_autoptr(GError) error = NULL;

    if (is_there(state)) {
        test_note(test, "libvirt domain %s is on %s (%s), where it was before the test",
                  domain_of(on), test->host->name, state);
    } else if (answers != NULL && elsewhere < 0) {
        test_warn(test, "libvirt domain %s runs on no host any more; before the test it ran on %s",
                  domain_of(on), test->host->name);
    } else if (let_in(on, way, &error) == 0) {
        test_note(test, "libvirt domain %s was moved back to %s, where it was before the test",
                  domain_of(on), test->host->name);
    } else {
        test_warn(test,
                  "libvirt domain %s has not come back to %s, where it was before the test: %s",
                  domain_of(on), test->host->name, error->message);
    }
}

static void end_elsewhere(const struct step_on *on, const struct way_home *way, const char *state,
                          const GPtrArray *answers)
{
    struct test *test = on->seat->test;
    const char *home = test->names[home_of(on->seat)];
    int elsewhere = find_elsewhere(on->seat, answers);
    g_autoptr(GError) error = NULL;

    if (!is_there(state))
        return;
    if (elsewhere >= 0)
        test_warn(test, "libvirt domain %s is on %s (%s) and on %s: one of them has to be ended",
                  domain_of(on), test->host->name, state, test->names[elsewhere]);
    else if (bring_home(on, way, &error) < 0)
        test_warn(test,
                  "libvirt domain %s is on %s (%s), not on %s where it was before the test: %s; "
                  "move it back by virsh migrate --live",
                  domain_of(on), test->host->name, state, home, error->message);
}

/* What was found out about it does not depend on whether the test was called off meanwhile. */
int way_home_end(struct step_on *on, GError **err)
{
    struct way_home *way = on->state;

    (void)err;
    if (way == NULL)
        return 0;
    fiber_shield();
    if (way->watch != NULL && way->ticket != NULL) {
        g_autofree char *state = state_here(way);
        g_autoptr(GPtrArray) answers = ask_all(on, state);

        if (home_of(on->seat) == on->seat->test->self)
            end_at_home(on, way, state, answers);
        else
            end_elsewhere(on, way, state, answers);
    }
    free_way(way);
    fiber_unshield();
    on->state = NULL;
    return 0;
}
