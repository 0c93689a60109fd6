#include "node/meetings.h"

#include <string.h>

/* The coordinator keeps the time of a meeting; ours is only for a coordinator that is gone. */
#define EXTRA_MS 90000

struct wait {
    uint32_t use;
    struct event answered;
    GPtrArray *answers; /* GBytes by host index; NULL when aborted */
    char *aborted;
};

struct meetings {
    struct node *node;
    uint64_t test;
    unsigned n_hosts;
    GHashTable *waits; /* "SCOPE TAG" -> struct wait, on the waiter's stack */
    GHashTable *uses;  /* "SCOPE TAG" -> how often we arrived there */
    GHashTable *legs;  /* scope -> struct scope, the fibers of a leg that runs here */
    bool is_patient;   /* the coordinator's time alone counts: it may stand still */
    char *ended;       /* why no answer will come any more; NULL while one may */
};

struct meetings *meetings_new(struct node *node, uint64_t test, unsigned n_hosts)
{
    struct meetings *meetings = g_new0(struct meetings, 1);
    meetings->node = node;
    meetings->test = test;
    meetings->n_hosts = n_hosts;
    meetings->waits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    meetings->uses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    meetings->legs = g_hash_table_new(NULL, NULL);
    return meetings;
}

void meetings_be_patient(struct meetings *meetings)
{
    meetings->is_patient = true;
}

void meetings_free(struct meetings *meetings)
{
    g_assert(g_hash_table_size(meetings->waits) == 0);
    g_hash_table_unref(meetings->waits);
    g_hash_table_unref(meetings->uses);
    g_hash_table_unref(meetings->legs);
    g_free(meetings->ended);
    g_free(meetings);
}

static char *key_of(uint64_t scope, const char *tag)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s", scope, tag);
}

/* This time's number, from 0. Each member counts for itself: the same scenario runs everywhere. */
static uint32_t count_use(struct meetings *meetings, const struct test_meeting *meeting)
{
    if (meeting->once)
        return 0;
    g_autofree char *key = key_of(meeting->scope, meeting->tag);
    uint32_t use = GPOINTER_TO_UINT(g_hash_table_lookup(meetings->uses, key));
    g_hash_table_insert(meetings->uses, g_steal_pointer(&key), GUINT_TO_POINTER(use + 1));
    return use;
}

/* Returns the use. */
static uint32_t send_arrival(struct meetings *meetings, const struct test_meeting *meeting,
                             GBytes *payload)
{
    g_autofree uint32_t *members = g_new(uint32_t, meetings->n_hosts);
    unsigned n = meeting->who == NULL ? meetings->n_hosts : meeting->n_who;
    for (unsigned i = 0; i < n; i++)
        members[i] = meeting->who == NULL ? i : meeting->who[i];

    Vtmh__Arrive arrive = VTMH__ARRIVE__INIT;
    arrive.test = meetings->test;
    arrive.tag = (char *)meeting->tag;
    arrive.scope = meeting->scope;
    arrive.use = count_use(meetings, meeting);
    arrive.settle = meeting->settle;
    arrive.n_members = n;
    arrive.members = members;
    arrive.timeout_ms = meeting->timeout_ms;
    if (payload != NULL)
        arrive.payload.data = (uint8_t *)g_bytes_get_data(payload, &arrive.payload.len);
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_ARRIVE;
    envelope.arrive = &arrive;
    node_send(meetings->node, &envelope);
    return arrive.use;
}

/* Whether the fiber may still arrive. */
static int check_wanted(const struct meetings *meetings, GError **err)
{
    struct event now = {.is_set = true};
    if (await_event(&now, DEADLINE_NEVER, err) < 0)
        return -1;
    if (meetings->ended == NULL)
        return 0;
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, meetings->ended);
    return -1;
}

/* Whether there is an answer of each member: a handover acts on having both ends'. */
static int check_complete(const struct test_meeting *meeting, const GPtrArray *answers,
                          GError **err)
{
    unsigned n = meeting->who == NULL ? answers->len : meeting->n_who;
    for (unsigned i = 0; i < n; i++) {
        unsigned member = meeting->who == NULL ? i : meeting->who[i];
        if (g_ptr_array_index(answers, member) != NULL)
            continue;
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                    "the coordinator ended barrier '%s' without an answer of host %u", meeting->tag,
                    member + 1);
        return -1;
    }
    return 0;
}

static int take_answer(struct wait *wait, const struct test_meeting *meeting,
                       GPtrArray **answers_out, GError **err)
{
    g_autoptr(GPtrArray) answers = wait->answers;
    g_autofree char *aborted = wait->aborted;
    if (aborted != NULL) {
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, aborted);
        return -1;
    }
    if (check_complete(meeting, answers, err) < 0)
        return -1;
    *answers_out = g_steal_pointer(&answers);
    return 0;
}

int meetings_exchange(struct meetings *meetings, const struct test_meeting *meeting,
                      GBytes *payload, GPtrArray **answers_out, GError **err)
{
    struct wait wait = {.answered = EVENT_INIT};
    g_autofree char *key = key_of(meeting->scope, meeting->tag);
    if (g_hash_table_contains(meetings->waits, key)) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "two waits at barrier '%s' at once",
                    meeting->tag);
        return -1;
    }
    if (check_wanted(meetings, err) < 0) {
        g_prefix_error(err, "barrier '%s': ", meeting->tag);
        return -1;
    }
    g_hash_table_insert(meetings->waits, g_strdup(key), &wait);
    wait.use = send_arrival(meetings, meeting, payload);

    g_autoptr(GError) error = NULL;
    await_event(&wait.answered,
                meetings->is_patient ? DEADLINE_NEVER : deadline_in(meeting->timeout_ms + EXTRA_MS),
                &error);
    g_hash_table_remove(meetings->waits, key);
    /* An answer that came together with the abort still is the answer that the others got. */
    if (event_is_set(&wait.answered))
        return take_answer(&wait, meeting, answers_out, err);
    g_propagate_prefixed_error(err, g_steal_pointer(&error), "barrier '%s': ", meeting->tag);
    return -1;
}

void meetings_tell(struct meetings *meetings, const struct test_meeting *meeting, GBytes *payload)
{
    if (meetings->ended == NULL)
        send_arrival(meetings, meeting, payload);
}

static struct wait *find(struct meetings *meetings, uint64_t scope, const char *tag, uint32_t use)
{
    g_autofree char *key = key_of(scope, tag);
    struct wait *wait = g_hash_table_lookup(meetings->waits, key);
    return wait != NULL && wait->use == use ? wait : NULL;
}

static void free_answer(gpointer answer)
{
    if (answer != NULL)
        g_bytes_unref(answer);
}

void meetings_release(struct meetings *meetings, const Vtmh__Release *release)
{
    struct wait *wait = find(meetings, release->scope, release->tag, release->use);
    if (wait == NULL || event_is_set(&wait->answered))
        return;
    GPtrArray *answers = g_ptr_array_new_with_free_func(free_answer);
    g_ptr_array_set_size(answers, (int)meetings->n_hosts);
    for (size_t i = 0; i < release->n_members && i < release->n_payloads; i++)
        if (release->members[i] < meetings->n_hosts &&
            g_ptr_array_index(answers, release->members[i]) == NULL)
            g_ptr_array_index(answers, release->members[i]) =
                g_bytes_new(release->payloads[i].data, release->payloads[i].len);
    wait->answers = answers;
    event_set(&wait->answered);
}

static void abort_wait(struct wait *wait, const char *cause)
{
    if (event_is_set(&wait->answered))
        return;
    wait->aborted = g_strdup(cause);
    event_set(&wait->answered);
}

static void cancel_leg(const struct meetings *meetings, uint64_t scope, const char *cause)
{
    struct scope *fibers = g_hash_table_lookup(meetings->legs, GSIZE_TO_POINTER(scope));
    g_autoptr(GError) cancelled = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, cause);
    if (fibers != NULL)
        scope_cancel(fibers, cancelled);
}

void meetings_abort(struct meetings *meetings, const Vtmh__Abort *abort)
{
    if (*abort->tag == '\0') {
        cancel_leg(meetings, abort->scope, abort->message);
        return;
    }
    struct wait *wait = find(meetings, abort->scope, abort->tag, abort->use);
    if (wait != NULL)
        abort_wait(wait, abort->message);
}

static gboolean begins_with(gpointer key, gpointer use, gpointer prefix)
{
    (void)use;
    return g_str_has_prefix(key, prefix);
}

void meetings_begin_scope(struct meetings *meetings, uint64_t scope, struct scope *fibers)
{
    g_hash_table_insert(meetings->legs, GSIZE_TO_POINTER(scope), fibers);
}

void meetings_end_scope(struct meetings *meetings, uint64_t scope)
{
    g_hash_table_remove(meetings->legs, GSIZE_TO_POINTER(scope));
    g_autofree char *prefix = key_of(scope, "");
    g_hash_table_foreach_remove(meetings->uses, begins_with, prefix);
}

unsigned meetings_remembered(const struct meetings *meetings)
{
    return g_hash_table_size(meetings->uses);
}

void meetings_end(struct meetings *meetings, const char *cause)
{
    GHashTableIter iter;
    void *wait;
    if (meetings->ended == NULL)
        meetings->ended = g_strdup(cause);
    g_hash_table_iter_init(&iter, meetings->waits);
    while (g_hash_table_iter_next(&iter, NULL, &wait))
        abort_wait(wait, meetings->ended);
}
