/*
 * Every order of events on small cases, checked after every event against what must hold whatever
 * happens. The checks know nothing of the book's insides, only what was put in and what came out.
 */
#include "sync/meeting.h"

#include <criterion/criterion.h>
#include <string.h>

#define TEST 1
#define TIMEOUT_MS 1000
#define MAX_HOSTS 3
#define MAX_PLACES 2
#define SCOPES 2 /* the test, and a leg */

enum event_kind {
    ARRIVE_FIRST,  /* at the first place; again, if the host has arrived before */
    ARRIVE_SECOND, /* at the second place, if the case has one */
    FAIL,
    LOSE,
    LEAVE,
    FAIL_LEG, /* if the case has a place in the leg's scope */
    ABORT,
    EXPIRE,
};

struct step {
    enum event_kind kind;
    unsigned host;
};

/* A place is a meeting over all hosts of the case. */
struct place {
    uint64_t scope;
    const char *tag;
    uint32_t use;
    bool settle;
};

struct small_case {
    unsigned n_hosts;
    unsigned n_places;
    struct place places[MAX_PLACES];
    unsigned depth;
};

enum answer {
    NONE,
    RELEASED,
    ABORTED,
};

/* What a watcher at the hosts would know. */
struct watcher {
    const struct small_case *of;
    struct meeting_book *book;
    GPtrArray *actions;
    int64_t now_ms;
    bool has_arrived[MAX_PLACES][MAX_HOSTS];
    bool waits[MAX_PLACES][MAX_HOSTS];
    enum answer answers[MAX_PLACES]; /* the same for all who asked there */
    bool is_lost[MAX_HOSTS];
    bool has_left[MAX_HOSTS];
    const struct meeting_cause *causes[SCOPES]; /* of their aborts */
    char *cause_messages[SCOPES];
};

/* How many aborts of a scope each host has got in one step. */
struct told {
    unsigned n[SCOPES][MAX_HOSTS];
};

static unsigned n_sequences;
static const struct step *sequence; /* the one that is played, for a failing check to tell */
static unsigned n_played;

static char *describe(void)
{
    static const char *const kinds[] = {"arrive-1", "arrive-2", "fail",  "lose",
                                        "leave",    "fail-leg", "abort", "expire"};
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < n_played; i++)
        g_string_append_printf(text, " %s(%u)", kinds[sequence[i].kind], sequence[i].host);
    return g_string_free(text, FALSE);
}

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            cr_assert_fail("not so after%s: %s", describe(), #condition);                          \
    } while (0)

static unsigned place_of(const struct watcher *w, const struct meeting_action *action)
{
    unsigned place = 0;

    while (place < w->of->n_places &&
           (strcmp(w->of->places[place].tag, action->tag) != 0 ||
            w->of->places[place].scope != action->scope || w->of->places[place].use != action->use))
        place++;
    must(place < w->of->n_places);
    return place;
}

/* A host that waits at a place gets its answer: one, and the same as everybody else's there. */
static void take_answer(struct watcher *w, unsigned place, unsigned host, enum answer answer)
{
    must(w->waits[place][host]);
    must(w->answers[place] == NONE || w->answers[place] == answer);
    w->answers[place] = answer;
    w->waits[place][host] = false;
}

static void take_release(struct watcher *w, const struct meeting_action *action)
{
    unsigned place = place_of(w, action);

    must(action->payloads->len == w->of->n_hosts);
    for (unsigned host = 0; host < w->of->n_hosts; host++) {
        GBytes *payload = action->payloads->pdata[host];

        must(w->has_arrived[place][host]);
        must(g_bytes_get_size(payload) == 1);
        must(*(const char *)g_bytes_get_data(payload, NULL) == (char)('a' + host));
    }
    take_answer(w, place, action->to, RELEASED);
}

static bool is_absent(const struct watcher *w, unsigned host)
{
    return w->is_lost[host] || w->has_left[host];
}

/* Whether a member that has not come is known not to come. */
static bool is_hopeless(const struct watcher *w, unsigned place)
{
    for (unsigned host = 0; host < w->of->n_hosts; host++) {
        if (!w->has_arrived[place][host] && is_absent(w, host))
            return true;
    }
    return false;
}

/* Whether what has just happened must end an open meeting. */
static bool is_reason(const struct watcher *w, const struct step *step, unsigned place)
{
    return step->kind == EXPIRE || is_hopeless(w, place) || w->answers[place] == ABORTED;
}

/* Whether an abort of the scope ends what waits at the place. */
static bool is_in(const struct watcher *w, unsigned place, uint64_t scope)
{
    return !w->of->places[place].settle && (scope == 0 || w->of->places[place].scope == scope);
}

static void take_abort(struct watcher *w, const struct meeting_action *action,
                       const struct step *step, struct told *told)
{
    must(action->cause != NULL);
    if (action->tag) {
        unsigned place = place_of(w, action);

        must(w->of->places[place].settle);
        must(is_reason(w, step, place));
        take_answer(w, place, action->to, ABORTED);
        return;
    }
    must(action->scope < SCOPES);
    if (!w->causes[action->scope]) {
        must(!w->causes[0]); /* the end of the test is the end of its legs, and told as that */
        w->causes[action->scope] = action->cause;
        w->cause_messages[action->scope] = g_strdup(action->cause->message);
    }
    must(action->cause == w->causes[action->scope]);
    told->n[action->scope][action->to]++;
    for (unsigned place = 0; place < w->of->n_places; place++) {
        if (w->waits[place][action->to] && is_in(w, place, action->scope))
            take_answer(w, place, action->to, ABORTED);
    }
}

/* What must hold between any two steps. */
static void check_rest(const struct watcher *w, const struct step *step)
{
    bool anybody_waits = false;

    for (unsigned place = 0; place < w->of->n_places; place++) {
        bool is_complete = true, is_waited_at = false;

        for (unsigned host = 0; host < w->of->n_hosts; host++) {
            is_complete &= w->has_arrived[place][host];
            is_waited_at |= w->waits[place][host];
        }
        must(!(is_waited_at && is_complete));
        must(!(is_waited_at && is_hopeless(w, place)));
        for (uint64_t scope = 0; scope < SCOPES; scope++)
            must(!(is_waited_at && w->causes[scope] && is_in(w, place, scope)));
        must(!(is_waited_at && step->kind == EXPIRE));
        anybody_waits |= is_waited_at;
    }
    must(anybody_waits == (meeting_next_timeout(w->book) != INT64_MAX));
    must(!anybody_waits || meeting_next_timeout(w->book) > w->now_ms);
}

/* Whether what has just happened may abort the scope. */
static bool may_abort(const struct watcher *w, const struct step *step, uint64_t scope)
{
    bool may = scope == 0 ? step->kind == FAIL || step->kind == LOSE || step->kind == ABORT
                          : step->kind == FAIL_LEG;

    for (unsigned place = 0; place < w->of->n_places; place++)
        may |= w->of->places[place].scope == scope && !w->of->places[place].settle &&
               is_reason(w, step, place);
    return may;
}

/* The first cause of a scope stays; it is told to everybody once; later only to one who arrives. */
static void check_scope(const struct watcher *w, const struct step *step, uint64_t scope,
                        bool is_new, const struct told *told)
{
    must(!is_new || may_abort(w, step, scope));
    for (unsigned host = 0; host < w->of->n_hosts; host++) {
        if (is_new)
            must(told->n[scope][host] == 1);
        else if (step->kind > ARRIVE_SECOND || host != step->host)
            must(told->n[scope][host] == 0);
        else
            must(told->n[scope][host] <= 1);
    }
    must(!w->causes[scope] || strcmp(w->causes[scope]->message, w->cause_messages[scope]) == 0);
}

static void check_causes(const struct watcher *w, const struct step *step,
                         const bool is_new[SCOPES], const struct told *told)
{
    bool fails = step->kind == FAIL || step->kind == LOSE || step->kind == ABORT;

    for (uint64_t scope = 0; scope < SCOPES; scope++)
        check_scope(w, step, scope, is_new[scope], told);
    must(meeting_cause(w->book, TEST, 0) == w->causes[0]);
    must(meeting_cause(w->book, TEST, 1) == (w->causes[0] ? w->causes[0] : w->causes[1]));
    must(w->causes[0] || !fails);
    must(w->causes[0] || w->causes[1] || step->kind != FAIL_LEG);
}

static void arrive(struct watcher *w, unsigned place, unsigned host)
{
    const char letter = (char)('a' + host);
    g_autoptr(GBytes) payload = g_bytes_new(&letter, 1);
    struct meeting_arrival arrival = {
        .test = TEST,
        .scope = w->of->places[place].scope,
        .tag = w->of->places[place].tag,
        .use = w->of->places[place].use,
        .settle = w->of->places[place].settle,
        .members.bits[0] = (1u << w->of->n_hosts) - 1,
        .host = host,
        .timeout_ms = TIMEOUT_MS,
        .payload = payload,
    };

    w->has_arrived[place][host] = true;
    w->waits[place][host] = true;
    w->is_lost[host] = false;
    meeting_arrive(w->book, &arrival, w->now_ms, w->actions);
}

static void play(struct watcher *w, const struct step *step)
{
    w->now_ms++;
    switch (step->kind) {
    case ARRIVE_FIRST:
    case ARRIVE_SECOND:
        arrive(w, step->kind - ARRIVE_FIRST, step->host);
        break;
    case FAIL:
        meeting_fail(w->book, TEST, 0, step->host, "failed", w->now_ms, w->actions);
        break;
    case FAIL_LEG:
        meeting_fail(w->book, TEST, 1, step->host, "leg failed", w->now_ms, w->actions);
        break;
    case LOSE:
        w->is_lost[step->host] = true;
        meeting_lose(w->book, TEST, step->host, "lost", w->now_ms, w->actions);
        break;
    case LEAVE:
        w->has_left[step->host] = true;
        meeting_leave(w->book, TEST, step->host, w->now_ms, w->actions);
        break;
    case ABORT:
        meeting_abort(w->book, TEST, "interrupted", w->now_ms, w->actions);
        break;
    case EXPIRE:
        w->now_ms += TIMEOUT_MS;
        break;
    }
    /* A timer may come at any time, and must then do nothing before its time. */
    meeting_expire(w->book, w->now_ms, w->actions);
}

static void play_and_check(struct watcher *w, const struct step *step)
{
    const bool was[SCOPES] = {w->causes[0] != NULL, w->causes[1] != NULL};
    bool is_new[SCOPES];
    struct told told = {0};

    play(w, step);
    for (unsigned i = 0; i < w->actions->len; i++) {
        const struct meeting_action *action = w->actions->pdata[i];

        must(action->to < w->of->n_hosts);
        if (action->kind == MEETING_RELEASE)
            take_release(w, action);
        else
            take_abort(w, action, step, &told);
    }
    g_ptr_array_set_size(w->actions, 0);
    for (uint64_t scope = 0; scope < SCOPES; scope++)
        is_new[scope] = w->causes[scope] && !was[scope];
    check_causes(w, step, is_new, &told);
    check_rest(w, step);
}

static void play_sequence(const struct small_case *small, const struct step *steps, unsigned n)
{
    static const char *const names[] = {"a", "b", "c"};
    struct watcher w = {.of = small, .book = meeting_book_new(), .actions = meeting_actions_new()};

    n_sequences++;
    sequence = steps;
    meeting_open_test(w.book, TEST, small->n_hosts, names);
    for (n_played = 1; n_played <= n; n_played++)
        play_and_check(&w, &steps[n_played - 1]);
    meeting_book_free(w.book);
    g_ptr_array_unref(w.actions);
    for (uint64_t scope = 0; scope < SCOPES; scope++)
        g_free(w.cause_messages[scope]);
}

/* All steps that can come next; returns how many. */
static unsigned list_steps(const struct small_case *small, struct step *steps)
{
    bool has_leg = false;
    unsigned n = 0;

    for (unsigned place = 0; place < small->n_places; place++)
        has_leg |= small->places[place].scope > 0;
    for (unsigned kind = ARRIVE_FIRST; kind <= FAIL_LEG; kind++) {
        if ((kind == ARRIVE_SECOND && small->n_places < 2) || (kind == FAIL_LEG && !has_leg))
            continue;
        for (unsigned host = 0; host < small->n_hosts; host++)
            steps[n++] = (struct step){.kind = kind, .host = host};
    }
    steps[n++] = (struct step){.kind = ABORT};
    steps[n++] = (struct step){.kind = EXPIRE};
    return n;
}

static void play_all(const struct small_case *small)
{
    struct step alphabet[32], steps[16];
    unsigned digits[16] = {0};
    unsigned n = list_steps(small, alphabet);
    unsigned carry;

    do {
        for (unsigned i = 0; i < small->depth; i++)
            steps[i] = alphabet[digits[i]];
        play_sequence(small, steps, small->depth);
        for (carry = 0; carry < small->depth && ++digits[carry] == n; carry++)
            digits[carry] = 0;
    } while (carry < small->depth);
}

TestSuite(meeting_exhaustive, .timeout = 300);

Test(meeting_exhaustive, two_hosts_meet_and_settle)
{
    play_all(&(struct small_case){.n_hosts = 2,
                                  .n_places = 2,
                                  .places = {{0, "m", 0, false}, {0, "s", 0, true}},
                                  .depth = 5});
    cr_assert_eq(n_sequences, 12 * 12 * 12 * 12 * 12);
}

Test(meeting_exhaustive, two_hosts_meet_twice_at_a_tag)
{
    play_all(&(struct small_case){.n_hosts = 2,
                                  .n_places = 2,
                                  .places = {{0, "m", 0, false}, {0, "m", 1, false}},
                                  .depth = 5});
}

Test(meeting_exhaustive, two_hosts_meet_in_the_test_and_in_a_leg_of_it)
{
    play_all(&(struct small_case){.n_hosts = 2,
                                  .n_places = 2,
                                  .places = {{0, "m", 0, false}, {1, "m", 0, false}},
                                  .depth = 5});
    cr_assert_eq(n_sequences, 14 * 14 * 14 * 14 * 14);
}

Test(meeting_exhaustive, two_hosts_meet_in_a_leg_and_settle_it)
{
    play_all(&(struct small_case){.n_hosts = 2,
                                  .n_places = 2,
                                  .places = {{1, "m", 0, false}, {1, "s", 0, true}},
                                  .depth = 5});
}

Test(meeting_exhaustive, three_hosts_meet)
{
    play_all(&(struct small_case){
        .n_hosts = 3, .n_places = 1, .places = {{0, "m", 0, false}}, .depth = 5});
}

Test(meeting_exhaustive, three_hosts_meet_in_a_leg)
{
    play_all(&(struct small_case){
        .n_hosts = 3, .n_places = 1, .places = {{1, "m", 0, false}}, .depth = 5});
}

Test(meeting_exhaustive, three_hosts_settle)
{
    play_all(&(struct small_case){
        .n_hosts = 3, .n_places = 1, .places = {{0, "s", 0, true}}, .depth = 5});
}
