/*
 * The machine. A test holds its open meetings and the ended ones that may be asked for again. All
 * that ends a meeting goes through three functions: release(), abort_scope() and abort_settling().
 */
#include "sync/meeting_private.h"

#include <string.h>

/* Ended meetings remembered a test. */
#define ENDED_MAX 1024

static struct meeting *find_meeting(const struct meeting_test *test,
                                    const struct meeting_arrival *arrival)
{
    struct meeting key = {
        .scope = arrival->scope, .tag = (char *)arrival->tag, .use = arrival->use};

    return g_hash_table_lookup(test->meetings, &key);
}

static struct meeting_action *add_action(GPtrArray *actions, enum meeting_action_kind kind,
                                         uint64_t test, unsigned to)
{
    struct meeting_action *action = g_new(struct meeting_action, 1);

    *action = (struct meeting_action){.kind = kind, .test = test, .to = to};
    g_ptr_array_add(actions, action);
    return action;
}

/* Of the whole scope. */
static void answer_abort(GPtrArray *actions, uint64_t test, uint64_t scope, unsigned to,
                         const struct meeting_cause *cause)
{
    struct meeting_action *action = add_action(actions, MEETING_ABORT, test, to);

    action->scope = scope;
    action->cause = cause;
}

/* Of one settling meeting. */
static void answer_abort_settling(GPtrArray *actions, uint64_t test, uint64_t scope,
                                  const char *tag, uint32_t use, unsigned to,
                                  const struct meeting_cause *cause)
{
    struct meeting_action *action = add_action(actions, MEETING_ABORT, test, to);

    action->scope = scope;
    action->tag = g_strdup(tag);
    action->use = use;
    action->cause = cause;
}

/* To who comes to a scope that is aborted: the abort that the others had, the test's or its own. */
static void answer_late(GPtrArray *actions, const struct meeting_test *test, uint64_t scope,
                        unsigned to)
{
    answer_abort(actions, test->id, test->cause ? MEETING_TEST_SCOPE : scope, to,
                 meeting_scope_cause(test, scope));
}

static void answer_release(GPtrArray *actions, const struct meeting_test *test,
                           const struct meeting *meeting, unsigned to)
{
    struct meeting_action *action = add_action(actions, MEETING_RELEASE, test->id, to);

    action->scope = meeting->scope;
    action->tag = g_strdup(meeting->tag);
    action->use = meeting->use;
    action->payloads = g_ptr_array_ref(meeting->payloads);
}

/* Takes the message. The cause lives with the test. */
static struct meeting_cause *new_cause(struct meeting_test *test, int origin, char *message)
{
    struct meeting_cause *cause = g_new0(struct meeting_cause, 1);

    cause->origin = origin;
    cause->message = message;
    if (origin >= 0)
        cause->context = g_strdup(test->hosts[origin].context);
    g_ptr_array_add(test->causes, cause);
    return cause;
}

static void forget(struct meeting_test *test, struct meeting *meeting)
{
    g_hash_table_remove(test->meetings, meeting);
}

/* Keeps an open meeting as an ended one. */
static void end(struct meeting_test *test, struct meeting *meeting, enum meeting_state state)
{
    g_ptr_array_remove(test->open, meeting);
    meeting->state = state;
    g_queue_push_tail(&test->ended, meeting);
    if (test->ended.length > ENDED_MAX)
        forget(test, g_queue_pop_head(&test->ended));
}

static void release(struct meeting_test *test, struct meeting *meeting, GPtrArray *actions)
{
    end(test, meeting, MEETING_RELEASED);
    for (unsigned i = 0; i < test->n_hosts; i++) {
        if (meeting_hosts_has(&meeting->members, i))
            answer_release(actions, test, meeting, i);
    }
}

/* Only the first cause counts. Those who wait in meetings of the scope are answered by its abort;
 * that of the test is the abort of all its legs. */
static void abort_scope(struct meeting_test *test, uint64_t scope,
                        const struct meeting_cause *cause, GPtrArray *actions)
{
    if (meeting_scope_cause(test, scope))
        return;
    if (scope == MEETING_TEST_SCOPE)
        test->cause = cause;
    else
        g_hash_table_insert(test->scope_causes, GSIZE_TO_POINTER(scope), (void *)cause);
    for (unsigned i = 0; i < test->n_hosts; i++)
        answer_abort(actions, test->id, scope, i, cause);
    for (unsigned i = test->open->len; i-- > 0;) {
        struct meeting *meeting = test->open->pdata[i];

        if (meeting->settle || !meeting_scope_cause(test, meeting->scope))
            continue;
        g_ptr_array_remove_index(test->open, i);
        forget(test, meeting);
    }
}

/* Answers those who have arrived; the others will be when they do. */
static void abort_settling(struct meeting_test *test, struct meeting *meeting,
                           const struct meeting_cause *cause, GPtrArray *actions)
{
    end(test, meeting, MEETING_ABORTED);
    meeting->cause = cause;
    for (unsigned i = 0; i < test->n_hosts; i++) {
        if (meeting_hosts_has(&meeting->arrived, i))
            answer_abort_settling(actions, test->id, meeting->scope, meeting->tag, meeting->use, i,
                                  cause);
    }
}

static void abort_meeting(struct meeting_test *test, struct meeting *meeting,
                          const struct meeting_cause *cause, GPtrArray *actions)
{
    if (meeting->settle)
        abort_settling(test, meeting, cause, actions);
    else
        abort_scope(test, meeting->scope, cause, actions);
}

/* A member that is awaited and will not come, or MEETING_MAX_HOSTS. */
static unsigned find_absent(const struct meeting_test *test, const struct meeting *meeting)
{
    struct meeting_hosts absent;

    for (unsigned i = 0; i < G_N_ELEMENTS(absent.bits); i++)
        absent.bits[i] = meeting->members.bits[i] & ~meeting->arrived.bits[i] &
                         (test->lost.bits[i] | test->left.bits[i]);
    return meeting_hosts_next(&absent, 0);
}

/* Ends the meeting if a member that is known not to come makes it impossible. */
static void check_absent(struct meeting_test *test, struct meeting *meeting, GPtrArray *actions)
{
    unsigned absent = find_absent(test, meeting);
    struct meeting_cause *cause;
    bool is_lost;

    if (absent == MEETING_MAX_HOSTS)
        return;
    is_lost = meeting_hosts_has(&test->lost, absent);
    /* A host that has left has done nothing wrong by itself: who should have known is not known. */
    cause = new_cause(test, is_lost ? (int)absent : -1, meeting_text_absent(test, meeting, absent));
    cause->lost = is_lost;
    abort_meeting(test, meeting, cause, actions);
}

/* Transfer none. Most bring none, and a test remembers many meetings. */
static GBytes *payload_of(const struct meeting_test *test, const struct meeting_arrival *arrival)
{
    return arrival->payload && g_bytes_get_size(arrival->payload) > 0 ? arrival->payload
                                                                      : test->nothing;
}

/* Why the arrival cannot be right, or NULL. meeting is NULL for the first arrival. */
static const char *find_fault(const struct meeting_test *test, const struct meeting *meeting,
                              const struct meeting_arrival *arrival)
{
    if (!meeting_hosts_has(&arrival->members, arrival->host))
        return "without being one of its members";
    if (meeting_hosts_next(&arrival->members, test->n_hosts) < MEETING_MAX_HOSTS)
        return "naming a member that the test does not have";
    if (!meeting)
        return NULL;
    if (memcmp(&meeting->members, &arrival->members, sizeof(arrival->members)) != 0)
        return "with other members";
    if (meeting->settle != arrival->settle)
        return "disagreeing whether it is for settling";
    if (meeting_hosts_has(&meeting->arrived, arrival->host) &&
        !g_bytes_equal(meeting->payloads->pdata[arrival->host], payload_of(test, arrival)))
        return "again, with another payload";
    return NULL;
}

/*
 * A protocol error: nobody can tell whose, so it is the coordinator's finding. The one who came is
 * answered in the way in which he waits: by the test's abort, or by one of the settling meeting.
 */
static void refuse(struct meeting_test *test, struct meeting *meeting,
                   const struct meeting_arrival *arrival, const char *fault, GPtrArray *actions)
{
    struct meeting_cause *cause =
        new_cause(test, -1, meeting_text_mismatch(test, meeting, arrival, fault));
    bool is_answered = !arrival->settle && !test->cause;
    bool ends_settling = meeting && meeting->settle && meeting->state == MEETING_OPEN;

    abort_scope(test, MEETING_TEST_SCOPE, cause,
                actions); /* and forget the meeting, if it is not for settling */
    if (ends_settling) {
        abort_settling(test, meeting, cause, actions);
        is_answered |= arrival->settle && meeting_hosts_has(&meeting->arrived, arrival->host);
    }
    if (is_answered)
        return;
    if (arrival->settle)
        answer_abort_settling(actions, test->id, arrival->scope, arrival->tag, arrival->use,
                              arrival->host, cause);
    else
        answer_late(actions, test, arrival->scope, arrival->host);
}

static struct meeting *open_meeting(struct meeting_test *test,
                                    const struct meeting_arrival *arrival, int64_t now_ms)
{
    struct meeting *meeting = g_new0(struct meeting, 1);

    meeting->scope = arrival->scope;
    meeting->tag = g_strdup(arrival->tag);
    meeting->use = arrival->use;
    meeting->settle = arrival->settle;
    meeting->members = arrival->members;
    meeting->payloads = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_set_size(meeting->payloads, (int)test->n_hosts);
    meeting->opened_ms = now_ms;
    meeting->deadline_ms = INT64_MAX;
    g_hash_table_add(test->meetings, meeting);
    g_ptr_array_add(test->open, meeting);
    return meeting;
}

/* The arrival fits, the meeting is open. */
static void take_place(struct meeting_test *test, struct meeting *meeting,
                       const struct meeting_arrival *arrival, GPtrArray *actions)
{
    int64_t timeout_ms = MAX(arrival->timeout_ms, 0);

    if (meeting_hosts_has(&meeting->arrived, arrival->host))
        return; /* repeated: it will be answered once with the others */
    meeting_hosts_add(&meeting->arrived, arrival->host);
    meeting->payloads->pdata[arrival->host] = g_bytes_ref(payload_of(test, arrival));
    if (timeout_ms < INT64_MAX - meeting->opened_ms)
        meeting->deadline_ms = MIN(meeting->deadline_ms, meeting->opened_ms + timeout_ms);
    if (meeting_next_missing(meeting, 0) == MEETING_MAX_HOSTS)
        release(test, meeting, actions);
    else
        check_absent(test, meeting, actions);
}

void meeting_arrive(struct meeting_book *book, const struct meeting_arrival *arrival,
                    int64_t now_ms, GPtrArray *actions)
{
    struct meeting_test *test = meeting_find_test(book, arrival->test);
    struct meeting *meeting;
    const char *fault;

    if (!test) {
        answer_abort(actions, arrival->test, MEETING_TEST_SCOPE, arrival->host, &book->not_open);
        return;
    }
    g_assert(arrival->host < test->n_hosts);
    meeting_hosts_remove(&test->lost, arrival->host);
    meeting = find_meeting(test, arrival);
    if (!meeting && !arrival->settle && meeting_scope_cause(test, arrival->scope)) {
        answer_late(actions, test, arrival->scope, arrival->host);
        return;
    }
    fault = find_fault(test, meeting, arrival);
    if (fault) {
        refuse(test, meeting, arrival, fault, actions);
        return;
    }
    if (!meeting)
        meeting = open_meeting(test, arrival, now_ms);
    switch (meeting->state) {
    case MEETING_OPEN:
        take_place(test, meeting, arrival, actions);
        break;
    case MEETING_RELEASED:
        answer_release(actions, test, meeting, arrival->host);
        break;
    case MEETING_ABORTED:
        answer_abort_settling(actions, test->id, meeting->scope, meeting->tag, meeting->use,
                              arrival->host, meeting->cause);
        break;
    }
}

void meeting_set_context(struct meeting_book *book, uint64_t id, unsigned host, const char *context,
                         int64_t now_ms)
{
    struct meeting_test *test = meeting_find_test(book, id);

    if (!test || g_strcmp0(test->hosts[host].context, context) == 0)
        return;
    g_free(test->hosts[host].context);
    test->hosts[host].context = g_strdup(context);
    test->hosts[host].context_since_ms = now_ms;
}

/* Ends every open meeting that needs a host that will not come. */
static void check_all(struct meeting_test *test, GPtrArray *actions)
{
    g_autoptr(GPtrArray) open = g_ptr_array_copy(test->open, NULL, NULL);

    for (unsigned i = 0; i < open->len; i++) {
        /* An abort of the test may have ended it meanwhile. */
        if (g_ptr_array_find(test->open, open->pdata[i], NULL))
            check_absent(test, open->pdata[i], actions);
    }
}

void meeting_fail(struct meeting_book *book, uint64_t id, uint64_t scope, unsigned host,
                  const char *message, int64_t now_ms, GPtrArray *actions)
{
    struct meeting_test *test = meeting_find_test(book, id);

    (void)now_ms;
    if (test && !meeting_scope_cause(test, scope))
        abort_scope(test, scope, new_cause(test, (int)host, g_strdup(message)), actions);
}

void meeting_lose(struct meeting_book *book, uint64_t id, unsigned host, const char *message,
                  int64_t now_ms, GPtrArray *actions)
{
    struct meeting_test *test = meeting_find_test(book, id);
    struct meeting_cause *cause;

    (void)now_ms;
    if (!test)
        return;
    if (!test->cause) {
        cause = new_cause(test, (int)host, g_strdup(message));
        cause->lost = true;
        abort_scope(test, MEETING_TEST_SCOPE, cause, actions);
    }
    meeting_hosts_add(&test->lost, host);
    check_all(test, actions);
}

void meeting_leave(struct meeting_book *book, uint64_t id, unsigned host, int64_t now_ms,
                   GPtrArray *actions)
{
    struct meeting_test *test = meeting_find_test(book, id);

    (void)now_ms;
    if (!test)
        return;
    meeting_hosts_add(&test->left, host);
    check_all(test, actions);
}

void meeting_abort(struct meeting_book *book, uint64_t id, const char *message, int64_t now_ms,
                   GPtrArray *actions)
{
    struct meeting_test *test = meeting_find_test(book, id);

    (void)now_ms;
    if (test && !test->cause)
        abort_scope(test, MEETING_TEST_SCOPE, new_cause(test, -1, g_strdup(message)), actions);
}

int64_t meeting_next_timeout(const struct meeting_book *book)
{
    GHashTableIter iter;
    void *value;
    int64_t next_ms = INT64_MAX;

    g_hash_table_iter_init(&iter, book->tests);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct meeting_test *test = value;

        for (unsigned i = 0; i < test->open->len; i++) {
            const struct meeting *meeting = test->open->pdata[i];

            next_ms = MIN(next_ms, meeting->deadline_ms);
        }
    }
    return next_ms;
}

/* The open meeting of the test whose time was over first, or NULL. */
static struct meeting *find_expired(const struct meeting_test *test, int64_t now_ms)
{
    struct meeting *first = NULL;

    for (unsigned i = 0; i < test->open->len; i++) {
        struct meeting *meeting = test->open->pdata[i];

        if (meeting->deadline_ms <= now_ms && (!first || meeting->deadline_ms < first->deadline_ms))
            first = meeting;
    }
    return first;
}

void meeting_expire(struct meeting_book *book, int64_t now_ms, GPtrArray *actions)
{
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, book->tests);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct meeting_test *test = value;
        struct meeting *meeting;

        while ((meeting = find_expired(test, now_ms))) {
            struct meeting_cause *cause = new_cause(test, (int)meeting_blamed(test, meeting),
                                                    meeting_text_timeout(test, meeting, now_ms));

            cause->timeout = true;
            abort_meeting(test, meeting, cause, actions);
        }
    }
}
