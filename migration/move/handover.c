#include "migration/move/handover.h"

#include "migration/move/leg_record.h"
#include "migration/move/machine_facts.h"

static const char *const step_names[] = {
    [HANDOVER_PREPARING] = "preparing", [HANDOVER_MOVING] = "moving",
    [HANDOVER_COMPLETED] = "completed", [HANDOVER_GIVEN] = "given",
    [HANDOVER_OWNED] = "owned",         [HANDOVER_DONE] = "done",
};

static const char *role_of(const struct handover *h)
{
    return h->seat->test->self == h->leg->source ? "source" : "destination";
}

void handover_step(struct handover *h, enum handover_step step)
{
    host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_DEBUG, role_of(h), h->seat->name,
             "leg %u: %s -> %s", h->leg->number, step_names[h->step], step_names[step]);
    h->step = step;
}

struct test_meeting handover_meeting(const struct handover *h, const char *what, char tag[80])
{
    g_snprintf(tag, 80, "%s %s", what, h->seat->name);
    return (struct test_meeting){
        .tag = tag,
        .scope = h->leg->number,
        .who = h->members,
        .n_who = G_N_ELEMENTS(h->members),
        .timeout_ms = MAX(deadline_left(h->deadline), 1),
    };
}

/* The source first, so that both ends say the same. */
static int compare_machines(struct handover *h, const GPtrArray *answers, GError **err)
{
    struct test *test = h->seat->test;
    struct machine_facts ends[2];
    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        const json_t *answer = g_ptr_array_index(answers, h->members[i]);
        ends[i].facts = json_object_get(answer, "machine");
        ends[i].host = test->names[h->members[i]];
    }
    return machine_facts_compare(&ends[0], &ends[1], err);
}

json_t *handover_ready(struct handover *h, json_t *mine, GError **err)
{
    struct test *test = h->seat->test;
    char tag[80];
    const struct test_meeting meeting = handover_meeting(h, "ready", tag);
    const json_t *facts = seat_facts(h->seat, h->deadline, err);
    g_autoptr(GPtrArray) answers = NULL;
    if (facts == NULL) {
        json_decref(mine);
        return NULL;
    }
    json_object_set(mine, "machine", (json_t *)facts);
    if (test_exchange(test, &meeting, mine, &answers, err) < 0 ||
        compare_machines(h, answers, err) < 0)
        return NULL;
    unsigned other = test->self == h->leg->source ? h->leg->destination : h->leg->source;
    return json_incref(g_ptr_array_index(answers, other));
}

int handover_start(struct handover *h, GError **err)
{
    char tag[80];
    struct test_meeting start = handover_meeting(h, "start", tag);
    start.timeout_ms += h->seat->request.work_ms;
    if (test_barrier(h->seat->test, &start, err) < 0)
        return -1;
    h->deadline = deadline_in(h->seat->request.timeout_ms);
    return 0;
}

int handover(struct seat *seat, const struct agreement *agreement, const struct leg *leg,
             GError **err)
{
    struct test *test = seat->test;
    bool is_source = test->self == leg->source;
    if (!is_source && test->self != leg->destination)
        return 0;

    struct handover h = {
        .seat = seat,
        .agreement = agreement,
        .leg = leg,
        .record = test_add_migration(test, seat->name, leg->number, leg->source, leg->destination),
        .step = HANDOVER_PREPARING,
        .members = {leg->source, leg->destination},
        .deadline = deadline_in(seat->request.timeout_ms),
        .started_us = g_get_monotonic_time(),
    };
    SEAT_DOING(seat, BLAME_PRODUCT, "leg %u of %s (%s to %s)", leg->number, seat->name,
               test->names[leg->source], test->names[leg->destination]);
    h.record->protocol = g_strdup(seat->request.protocol);
    h.record->driver = g_strdup("qemu");
    h.record->offline = seat->request.offline;
    h.record->one_clock = agreement->one_kernel;
    h.record->status = g_strdup("failed");

    g_autoptr(GError) error = NULL;
    if ((is_source ? source_run(&h, &error) : destination_run(&h, &error)) == 0)
        return 0;
    /* A leg that had completed stays so: what failed then is a check of the guest. */
    if (h.step != HANDOVER_DONE)
        leg_record_end(h.record, error);

    test_failing(test, error);
    if (is_source)
        settle_source(&h, &error);
    else
        settle_destination(&h, &error);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}
