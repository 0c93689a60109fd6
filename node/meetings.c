#include "node/meetings.h"

#include <string.h>

/* The coordinator keeps the time of a meeting; ours is only for a coordinator that is gone. */
#define EXTRA_MS (90 * 1000)

struct wait {
    struct event answered;
    GPtrArray *answers; /* GBytes by host index; NULL when aborted */
    char *aborted;
};

struct meetings {
    struct node *node;
    uint64_t test;
    unsigned n_hosts;
    GHashTable *waits; /* "ROUND TAG" -> struct wait, on the waiter's stack */
};

struct meetings *meetings_new(struct node *node, uint64_t test, unsigned n_hosts)
{
    struct meetings *meetings = g_new0(struct meetings, 1);
    meetings->node = node;
    meetings->test = test;
    meetings->n_hosts = n_hosts;
    meetings->waits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return meetings;
}

void meetings_free(struct meetings *meetings)
{
    g_assert(g_hash_table_size(meetings->waits) == 0);
    g_hash_table_unref(meetings->waits);
    g_free(meetings);
}

static char *key_of(const char *tag, uint32_t round)
{
    return g_strdup_printf("%u %s", round, tag);
}

static void send_arrival(struct meetings *meetings, const struct test_meeting *meeting,
                         GBytes *payload)
{
    g_autofree uint32_t *members = g_new(uint32_t, meetings->n_hosts);
    unsigned n = meeting->who == NULL ? meetings->n_hosts : meeting->n_who;
    for (unsigned i = 0; i < n; i++)
        members[i] = meeting->who == NULL ? i : meeting->who[i];

    Vtmh__Arrive arrive = VTMH__ARRIVE__INIT;
    arrive.test = meetings->test;
    arrive.tag = (char *)meeting->tag;
    arrive.round = meeting->round;
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
}

int meetings_exchange(struct meetings *meetings, const struct test_meeting *meeting,
                      GBytes *payload, GPtrArray **answers_out, GError **err)
{
    struct wait wait = {.answered = EVENT_INIT};
    g_autofree char *key = key_of(meeting->tag, meeting->round);
    if (g_hash_table_contains(meetings->waits, key)) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "two fibers meet at '%s' at once", key);
        return -1;
    }
    g_hash_table_insert(meetings->waits, g_strdup(key), &wait);
    send_arrival(meetings, meeting, payload);

    g_autoptr(GError) error = NULL;
    await_event(&wait.answered, deadline_in(meeting->timeout_ms + EXTRA_MS), &error);
    g_hash_table_remove(meetings->waits, key);
    /* An answer that came together with the abort still is the answer that the others got. */
    if (wait.answers != NULL) {
        *answers_out = wait.answers;
        return 0;
    }
    if (wait.aborted != NULL) {
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, wait.aborted);
        g_free(wait.aborted);
        return -1;
    }
    g_propagate_prefixed_error(err, g_steal_pointer(&error), "meeting '%s': ", meeting->tag);
    return -1;
}

static struct wait *find(struct meetings *meetings, const char *tag, uint32_t round)
{
    g_autofree char *key = key_of(tag, round);
    return g_hash_table_lookup(meetings->waits, key);
}

static void free_answer(gpointer answer)
{
    if (answer != NULL)
        g_bytes_unref(answer);
}

void meetings_release(struct meetings *meetings, const Vtmh__Release *release)
{
    struct wait *wait = find(meetings, release->tag, release->round);
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

void meetings_abort(struct meetings *meetings, const Vtmh__Abort *abort)
{
    struct wait *wait = find(meetings, abort->tag, abort->round);
    if (wait == NULL || event_is_set(&wait->answered))
        return;
    wait->aborted = g_strdup(abort->message);
    event_set(&wait->answered);
}
