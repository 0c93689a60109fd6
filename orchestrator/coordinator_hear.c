/* What the nodes of a test tell the coordinator. */
#include "orchestrator/coordinator_private.h"

#include "orchestrator/trial_wire.h"

static void on_arrive(struct coordinator *coordinator, unsigned host, const Vtmh__Arrive *arrive)
{
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    g_autoptr(GBytes) payload = g_bytes_new(arrive->payload.data, arrive->payload.len);
    struct meeting_arrival arrival = {
        .test = arrive->test,
        .tag = arrive->tag,
        .scope = arrive->scope,
        .use = arrive->use,
        .settle = arrive->settle,
        .host = host,
        .timeout_ms = arrive->timeout_ms,
        .payload = payload,
    };
    for (size_t i = 0; i < arrive->n_members; i++)
        if (arrive->members[i] < MEETING_MAX_HOSTS)
            arrival.members.bits[arrive->members[i] / 64] |= (uint64_t)1
                                                             << (arrive->members[i] % 64);
    meeting_arrive(coordinator->book, &arrival, coordinator_book_ms(coordinator), actions);
    coordinator_act(coordinator, actions);
}

/* The host is the next of those at which the test fails. */
static void count_failing(struct coordinator *coordinator, unsigned host, const char *message)
{
    struct trial *trial = coordinator->trial;
    if (trial->reports[host].order == 0)
        trial->reports[host].order = ++trial->n_failing;
    if (trial->n_failing == 1 && coordinator->listener.failing != NULL)
        coordinator->listener.failing(coordinator->listener.arg, trial->result,
                                      trial->reports[host].name, message);
}

/* scope: what fails: the test, or one of its legs. */
static void fail_host(struct coordinator *coordinator, uint64_t scope, unsigned host,
                      const char *message)
{
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    if (scope == MEETING_TEST_SCOPE)
        count_failing(coordinator, host, message);
    meeting_fail(coordinator->book, coordinator->trial->id, scope, host, message,
                 coordinator_book_ms(coordinator), actions);
    coordinator_act(coordinator, actions);
}

void coordinator_lose_host(struct coordinator *coordinator, unsigned host, const char *message)
{
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    coordinator->trial->reports[host].lost = true;
    count_failing(coordinator, host, message);
    meeting_lose(coordinator->book, coordinator->trial->id, host, message,
                 coordinator_book_ms(coordinator), actions);
    coordinator_act(coordinator, actions);
}

/* A host tells what cannot be true: nobody can rely on it in this test any more. */
static void distrust(struct coordinator *coordinator, unsigned host, const char *why)
{
    struct host_report *report = &coordinator->trial->reports[host];
    report->nonsense = g_strdup(why);
    fail_host(coordinator, MEETING_TEST_SCOPE, host, why);
}

/* What has come and is not on the disk yet is written within FLUSH_MS, or when it is much. */
static void plan_flush(struct coordinator *coordinator)
{
    struct trial *trial = coordinator->trial;
    if (++trial->n_unwritten == 1)
        trial->flush_at = deadline_in(FLUSH_MS);
    if (trial->n_unwritten == 1 || trial->n_unwritten == FLUSH_RECORDS)
        event_set(&coordinator->changed);
}

static void on_record(struct coordinator *coordinator, unsigned host, const Vtmh__Record *record)
{
    struct trial *trial = coordinator->trial;
    const struct coordinator_listener *listener = &coordinator->listener;
    struct host_report *report = &trial->reports[host];
    g_autoptr(GError) error = NULL;
    if (report->nonsense != NULL || trial_records_is_repeated(trial->records, host, record))
        return;
    if (report->done != NULL) {
        distrust(coordinator, host, "the host told a record after its report");
        return;
    }
    if (trial_records_take(trial->records, host, record, &error) < 0) {
        distrust(coordinator, host, error->message);
        return;
    }
    report->records = trial_records_count(trial->records, host);
    listener->record(listener->arg, trial->result, report->name, record);
    plan_flush(coordinator);
}

void coordinator_hear_done(struct coordinator *coordinator, unsigned host,
                           const Vtmh__TestDone *done)
{
    struct host_report *report = &coordinator->trial->reports[host];
    if (report->done != NULL)
        return;
    /* A copy of one's own: packed and unpacked, as protobuf-c has no other. */
    size_t size = vtmh__test_done__get_packed_size(done);
    g_autofree uint8_t *packed = g_malloc(size);
    vtmh__test_done__pack(done, packed);
    report->done = vtmh__test_done__unpack(NULL, size, packed);

    bool fine = done->status == VTMH__STATUS__STATUS_PASS ||
                done->status == VTMH__STATUS__STATUS_WARN ||
                done->status == VTMH__STATUS__STATUS_ABORTED;
    if (!fine)
        fail_host(coordinator, MEETING_TEST_SCOPE, host, done->message);
    /* Nobody need wait for it any longer. */
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    meeting_leave(coordinator->book, coordinator->trial->id, host, coordinator_book_ms(coordinator),
                  actions);
    coordinator_act(coordinator, actions);
}

/* A point at which all goes on: whoever comes to it later does not wait. */
static void on_held(struct coordinator *coordinator, unsigned host, const Vtmh__Held *held)
{
    struct trial *trial = coordinator->trial;
    const struct coordinator_listener *listener = &coordinator->listener;
    if (!hold_take(&coordinator->hold, held->at, coordinator_now_ms())) {
        trial_wire_go_on(&coordinator->peers[host], 1, trial->id, held->at);
        return;
    }
    g_auto(GStrv) lines = g_new0(char *, held->n_lines + 1);
    for (size_t i = 0; i < held->n_lines; i++)
        lines[i] = g_strdup(held->lines[i]);
    if (listener->held != NULL)
        listener->held(listener->held_arg, trial->result, peer_name(coordinator->peers[host]),
                       held->at, (const char *const *)lines);
    event_set(&coordinator->changed);
}

static unsigned index_of(const struct coordinator *coordinator, const struct peer *peer)
{
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        if (coordinator->peers[i] == peer)
            return i;
    g_assert_not_reached();
}

void coordinator_hear(struct peer *peer, const Vtmh__Envelope *envelope, void *arg)
{
    struct coordinator *coordinator = arg;
    struct trial *trial = coordinator->trial;
    const struct coordinator_listener *listener = &coordinator->listener;
    unsigned host = index_of(coordinator, peer);
    /* Also of a test that was given up since the host was lost. */
    if (envelope->body_case == VTMH__ENVELOPE__BODY_TEST_DONE)
        peer->keeps_vms = envelope->test_done->keeps_vms;
    if (trial == NULL || trial_wire_test_of(envelope) != trial->id)
        return;

    switch (envelope->body_case) {
    case VTMH__ENVELOPE__BODY_ARRIVE:
        on_arrive(coordinator, host, envelope->arrive);
        break;
    case VTMH__ENVELOPE__BODY_TEST_FAILING:
        fail_host(coordinator, envelope->test_failing->scope, host,
                  envelope->test_failing->message);
        break;
    case VTMH__ENVELOPE__BODY_TEST_DONE:
        coordinator_hear_done(coordinator, host, envelope->test_done);
        break;
    case VTMH__ENVELOPE__BODY_PROGRESS:
        trial->leg = MAX(trial->leg, envelope->progress->leg);
        listener->progress(listener->arg, trial->result, peer_name(peer), envelope->progress);
        break;
    case VTMH__ENVELOPE__BODY_LOG_RECORD:
        listener->log(listener->arg, trial->result, peer_name(peer), envelope->log_record);
        break;
    case VTMH__ENVELOPE__BODY_FILE_CHUNK:
        listener->file(listener->arg, trial->result, peer_name(peer), envelope->file_chunk);
        break;
    case VTMH__ENVELOPE__BODY_PLATFORM:
        test_result_platform(trial->result, peer_name(peer), envelope->platform);
        break;
    case VTMH__ENVELOPE__BODY_COMMAND_LINE:
        test_result_command_line(trial->result, peer_name(peer), envelope->command_line);
        break;
    case VTMH__ENVELOPE__BODY_RECORD:
        on_record(coordinator, host, envelope->record);
        break;
    case VTMH__ENVELOPE__BODY_HELD:
        on_held(coordinator, host, envelope->held);
        break;
    case VTMH__ENVELOPE__BODY_PROBING:
        if (trial->client != NULL)
            client_pass(trial->client, peer, envelope->probing);
        break;
    default:
        break;
    }
}

void coordinator_hear_heartbeat(const Vtmh__Heartbeat *heartbeat, void *arg)
{
    struct hearing *hearing = arg;
    const struct trial *trial = hearing->coordinator->trial;
    if (trial == NULL || heartbeat->test != trial->id)
        return;
    meeting_set_context(hearing->coordinator->book, trial->id, hearing->host, heartbeat->context,
                        coordinator_book_ms(hearing->coordinator));
    g_free(hearing->doing);
    hearing->doing = *heartbeat->context != '\0' ? g_strdup(heartbeat->context) : NULL;
}
