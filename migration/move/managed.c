#include "migration/move/managed.h"

#include "migration/move/postcopy.h"
#include "migration/move/settle.h"

#include <string.h>

#define CALL_MS                                                                                    \
    15000 /* for a call that was aborted to return: while it prepares that takes 7 s               \
           */
#define LEFT_MS (3 * CALL_MS + 5000) /* for the source to know what became of its call */

/* What the source says at "left". */
#define WORD_LEFT "left"
#define WORD_HAS "has"
#define WORD_GONE "gone"
#define WORD_UNKNOWN "unknown"

bool managed_is(const struct handover *h)
{
    return (h->seat->request.traits & TRANSPORT_MANAGED) != 0;
}

bool managed_is_held(const struct handover *h)
{
    return h->seat->request.holds;
}

/* "give": the source says what it knows of the guest. */
static int meet_give(struct handover *h, json_t *mine, GPtrArray **answers, GError **err)
{
    char tag[80];
    const struct test_meeting meeting = handover_meeting(h, "give", tag);
    return test_exchange(h->seat->test, &meeting, mine, answers, err);
}

static int meet_given(struct handover *h, GError **err)
{
    char tag[80];
    const struct test_meeting meeting = handover_meeting(h, "given", tag);
    return test_barrier(h->seat->test, &meeting, err);
}

/* What the destination must know before it starts the guest. Transfer full. */
static json_t *guest_to_json(const struct handover *h, const char *word)
{
    g_autofree char *state = guest_state(h->seat->guest);
    return json_pack("{s:s, s:s, s:b}", "word", word, "guest", state, "boots", (int)h->seat->boots);
}

static void guest_from_json(struct handover *h, const json_t *json)
{
    g_free(h->guest);
    h->guest = g_strdup(json_string_value(json_object_get(json, "guest")));
    h->boots = json_is_true(json_object_get(json, "boots"));
}

int managed_give(struct handover *h, GError **err)
{
    g_autoptr(GPtrArray) answers = NULL;
    if (!managed_is(h) || managed_is_held(h))
        return 0;
    return meet_give(h, guest_to_json(h, ""), &answers, err) < 0 ? -1 : meet_given(h, err);
}

int managed_own(struct handover *h, GError **err)
{
    g_autoptr(GPtrArray) answers = NULL;
    if (!managed_is(h) || managed_is_held(h))
        return 0;
    if (meet_give(h, json_object(), &answers, err) < 0)
        return -1;
    guest_from_json(h, g_ptr_array_index(answers, h->leg->source));
    return handover_own(h, h->guest, h->boots, err) < 0 ? -1 : meet_given(h, err);
}

static struct test_meeting left_meeting(const struct handover *h, char tag[80])
{
    return settle_meeting(h, "left", LEFT_MS, tag);
}

/* Whether it is over is known: it has returned, or the guest has left, or died. */
static bool call_has_returned(struct handover *h)
{
    struct vm *vm = h->seat->vm;
    bool completed = false;
    g_autoptr(GError) error = NULL;
    if (vm_has_left(vm) || event_is_set(vm_exited(vm)) ||
        vm_migrate_cancel(vm, &completed, deadline_in(CALL_MS), &error) == 0)
        return true;
    host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "source", h->seat->name,
             "the call that moves it, aborted: %s", error->message);
    return vm_has_left(vm) || event_is_set(vm_exited(vm));
}

/* A call that waits for an end of the stream which does not answer returns when that is cut. */
static bool stop_call(struct handover *h)
{
    if (h->step < HANDOVER_MOVING || h->has_switched || call_has_returned(h))
        return true;
    channel_break_off(h->channel);
    return call_has_returned(h);
}

void managed_stop_call(struct handover *h)
{
    const struct vm *vm = h->seat->vm;
    char tag[80];
    const struct test_meeting meeting = left_meeting(h, tag);
    h->is_unknown = !stop_call(h);
    const char *word = vm_has_left(vm)                        ? WORD_LEFT
                       : event_is_set(vm_exited(h->seat->vm)) ? WORD_GONE
                       : h->is_unknown                        ? WORD_UNKNOWN
                                                              : WORD_HAS;
    if (vm_has_left(vm))
        h->was_called_off = false;
    host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "source", h->seat->name,
             "what became of the call that moves it: %s", word);
    test_tell(h->seat->test, &meeting, guest_to_json(h, word));
}

/* The managers were to start the one copy that is whole, and have started both. */
static void stop_twin(struct handover *h)
{
    struct seat *seat = h->seat;
    if (vm_has_left(seat->vm) || event_is_set(vm_exited(seat->vm)) || !settle_is_running(h))
        return;
    test_note(seat->test,
              "%s ran on %s and on %s: their managers have started both (mig_hold = no), and it is "
              "stopped on %s",
              seat->name, seat->test->host->name, seat->test->names[h->leg->destination],
              seat->test->host->name);
    vm_stop(seat->vm, deadline_in(SETTLE_COMMAND_MS), NULL);
}

static Vtmh__Survivor uncertain(const struct handover *h, const char *why)
{
    const struct seat *seat = h->seat;
    test_note(seat->test, "uncertain: %s %s on %s, and %s could not say whether it can go on there",
              seat->name, why, seat->test->host->name, seat->test->names[h->leg->destination]);
    return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
}

Vtmh__Survivor managed_decide(struct handover *h, const char *copy)
{
    const struct vm *vm = h->seat->vm;
    bool is_dead = strcmp(copy, COPY_DEAD) == 0;
    if (strcmp(copy, COPY_RUNNING) == 0) {
        stop_twin(h);
        return VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    }
    if (strcmp(copy, COPY_RAN) == 0)
        return VTMH__SURVIVOR__SURVIVOR_NONE;
    /* The destination has ended what the call may have waited for. */
    h->is_unknown = h->is_unknown && !call_has_returned(h);
    if (vm_has_left(vm))
        return is_dead ? VTMH__SURVIVOR__SURVIVOR_NONE : uncertain(h, "has left");
    if (event_is_set(vm_exited(h->seat->vm)))
        return is_dead ? VTMH__SURVIVOR__SURVIVOR_NONE : uncertain(h, "has died");
    if (h->is_unknown && !is_dead)
        return uncertain(h, "is moved by a call that does not return");
    if (h->has_switched)
        return is_dead ? settle_take_back(h) : uncertain(h, "was given up for post-copy");
    if (is_dead || managed_is_held(h) || settle_is_running(h))
        return settle_continue(h);
    return uncertain(h, "is stopped");
}

/* What the source says became of its call; WORD_UNKNOWN when it does not. Transfer full. */
static char *ask_source(struct handover *h)
{
    char tag[80];
    const struct test_meeting meeting = left_meeting(h, tag);
    g_autoptr(GPtrArray) answers = NULL;
    g_autoptr(GError) error = NULL;
    if (test_exchange(h->seat->test, &meeting, json_object(), &answers, &error) < 0) {
        host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "destination", h->seat->name,
                 "the source does not say what became of it there: %s", error->message);
        return g_strdup(WORD_UNKNOWN);
    }
    const json_t *theirs = g_ptr_array_index(answers, h->leg->source);
    const char *word = json_string_value(json_object_get(theirs, "word"));
    if (word == NULL)
        return g_strdup(WORD_UNKNOWN);
    if (h->guest == NULL)
        guest_from_json(h, theirs);
    return g_strdup(word);
}

static const char *keep(struct handover *h)
{
    settle_keep(h);
    return COPY_UNKNOWN;
}

/* It has been started here. */
static const char *look_at_started(struct handover *h)
{
    const char *copy = event_is_set(vm_exited(h->seat->vm)) ? COPY_RAN : settle_look_at_running(h);
    if (strcmp(copy, COPY_WAITS) == 0)
        settle_keep(h);
    return strcmp(copy, COPY_RAN) == 0 ? settle_end_copy(h, copy) : copy;
}

/* It is of no use, unless the manager has started it meanwhile. */
static const char *end(struct handover *h)
{
    struct vm *vm = h->seat->vm;
    return vm_resumed_at_us(vm) > 0 ? look_at_started(h) : settle_end_copy(h, COPY_DEAD);
}

/* The source has nothing any more: the guest lives here, or nowhere. */
static const char *go_on(struct handover *h)
{
    struct seat *seat = h->seat;
    g_autoptr(GError) error = NULL;
    if (event_is_set(vm_exited(seat->vm)))
        return end(h);
    if (handover_own(h, h->guest, h->boots, &error) == 0 &&
        vm_cont(seat->vm, deadline_in(SETTLE_COMMAND_MS), &error) == 0) {
        host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "destination", seat->name,
                 "the guest goes on here, since it has left the source");
        return look_at_started(h);
    }
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_ERROR, "destination", seat->name,
             "the guest does not go on here: %s", error->message);
    if (vm_resumed_at_us(seat->vm) > 0)
        return look_at_started(h);
    return event_is_set(vm_exited(seat->vm)) ? end(h) : keep(h);
}

/* Nobody says what became of the source. */
static const char *look_alone(struct handover *h)
{
    struct vm *vm = h->seat->vm;
    g_autofree char *state = NULL;
    channel_break_off(h->channel);
    if (event_is_set(vm_exited(vm)))
        return end(h);
    if (vm_run_state(vm, &state, deadline_in(SETTLE_COMMAND_MS), NULL) < 0)
        return event_is_set(vm_exited(vm)) ? end(h) : keep(h);
    if (vm_resumed_at_us(vm) > 0)
        return look_at_started(h);
    return strcmp(state, "paused") == 0 ? keep(h) : end(h);
}

const char *managed_settle_copy(struct handover *h)
{
    const struct vm *vm = h->seat->vm;
    if (vm == NULL)
        return COPY_DEAD;
    if (vm_resumed_at_us(vm) > 0)
        return look_at_started(h);
    g_autofree char *word = h->is_moved ? g_strdup(WORD_LEFT) : ask_source(h);
    if (vm_resumed_at_us(vm) > 0)
        return look_at_started(h);
    if (strcmp(word, WORD_LEFT) == 0)
        return go_on(h);
    return strcmp(word, WORD_UNKNOWN) == 0 ? look_alone(h) : end(h);
}
