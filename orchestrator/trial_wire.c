#include "orchestrator/trial_wire.h"

#include "orchestrator/answer.h"
#include "orchestrator/host_params.h"
#include "orchestrator/params_wire.h"

static struct packed *pack(const struct meeting_action *action, GError **err)
{
    struct answer answer;
    answer_init(&answer, action);
    struct packed *packed = link_pack(&answer.envelope, err);
    answer_clear(&answer);
    return packed;
}

/* Whether two answers differ only in the host they go to. */
static bool are_alike(const struct meeting_action *a, const struct meeting_action *b)
{
    return a->kind == b->kind && a->test == b->test && a->scope == b->scope && a->use == b->use &&
           a->payloads == b->payloads && a->cause == b->cause && g_strcmp0(a->tag, b->tag) == 0;
}

int trial_wire_act(struct peer *const *peers, const GPtrArray *actions, GError **err)
{
    const struct meeting_action *packed = NULL;
    g_autoptr(packed) message = NULL;
    g_autoptr(GError) error = NULL;
    for (unsigned i = 0; i < actions->len; i++) {
        const struct meeting_action *action = g_ptr_array_index(actions, i);
        if (packed == NULL || !are_alike(packed, action)) {
            g_clear_pointer(&message, packed_unref);
            message = pack(action, error == NULL ? &error : NULL);
            packed = action;
        }
        if (message != NULL)
            peer_send_packed(peers[action->to], message);
    }
    if (error == NULL)
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

void trial_wire_written(struct peer *peer, uint64_t test, uint64_t number)
{
    if (number == 0)
        return;
    Vtmh__RecordsWritten written = VTMH__RECORDS_WRITTEN__INIT;
    written.test = test;
    written.number = number;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_RECORDS_WRITTEN;
    envelope.records_written = &written;
    peer_send(peer, &envelope, NULL); /* it is small */
}

void trial_wire_end_soon(struct peer *const *peers, unsigned n_peers, uint64_t test, unsigned leg)
{
    Vtmh__EndSoon end = VTMH__END_SOON__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    end.test = test;
    end.leg = leg;
    envelope.body_case = VTMH__ENVELOPE__BODY_END_SOON;
    envelope.end_soon = &end;
    for (unsigned i = 0; i < n_peers; i++)
        peer_send(peers[i], &envelope, NULL); /* never too large */
}

void trial_wire_go_on(struct peer *const *peers, unsigned n_peers, uint64_t test, const char *at)
{
    Vtmh__GoOn go_on = VTMH__GO_ON__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    go_on.test = test;
    go_on.at = (char *)at;
    envelope.body_case = VTMH__ENVELOPE__BODY_GO_ON;
    envelope.go_on = &go_on;
    for (unsigned i = 0; i < n_peers; i++)
        peer_send(peers[i], &envelope, NULL); /* it is small */
}

int trial_wire_start(struct peer *const *peers, unsigned n_peers, unsigned host, uint64_t test,
                     const char *name, const struct params *params,
                     const struct trial_wishes *wishes, GError **err)
{
    g_autofree const char **names = g_new(const char *, n_peers);
    for (unsigned h = 0; h < n_peers; h++)
        names[h] = peer_name(peers[h]);
    g_autoptr(params) own = host_params(params, names, n_peers, host);
    size_t n;
    g_autofree Vtmh__Param **entry_list = params_wire(own, &n);
    g_autofree Vtmh__Host *hosts = g_new(Vtmh__Host, n_peers);
    g_autofree Vtmh__Host **host_list = g_new(Vtmh__Host *, n_peers);

    for (unsigned h = 0; h < n_peers; h++) {
        vtmh__host__init(&hosts[h]);
        hosts[h].name = (char *)peer_name(peers[h]);
        hosts[h].address = peers[h]->deployed->address;
        host_list[h] = &hosts[h];
    }

    Vtmh__StartTest start = VTMH__START_TEST__INIT;
    start.test = test;
    start.name = (char *)name;
    start.n_hosts = n_peers;
    start.hosts = host_list;
    start.self = host;
    start.n_params = n;
    start.params = entry_list;
    start.only_agree = wishes->only_agree;
    start.n_holds = wishes->holds != NULL ? g_strv_length((char **)wishes->holds) : 0;
    start.holds = (char **)wishes->holds;
    start.keep = wishes->keep;
    for (unsigned h = 0; h < n_peers; h++)
        start.meets_kept |= peers[h]->keeps_vms;
    start.failed_before = peers[host]->failed_before;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_START_TEST;
    envelope.start_test = &start;
    return peer_send(peers[host], &envelope, err);
}

uint64_t trial_wire_test_of(const Vtmh__Envelope *envelope)
{
    switch (envelope->body_case) {
    case VTMH__ENVELOPE__BODY_ARRIVE:
        return envelope->arrive->test;
    case VTMH__ENVELOPE__BODY_TEST_FAILING:
        return envelope->test_failing->test;
    case VTMH__ENVELOPE__BODY_TEST_DONE:
        return envelope->test_done->test;
    case VTMH__ENVELOPE__BODY_PROGRESS:
        return envelope->progress->test;
    case VTMH__ENVELOPE__BODY_LOG_RECORD:
        return envelope->log_record->test;
    case VTMH__ENVELOPE__BODY_FILE_CHUNK:
        return envelope->file_chunk->test;
    case VTMH__ENVELOPE__BODY_PLATFORM:
        return envelope->platform->test;
    case VTMH__ENVELOPE__BODY_COMMAND_LINE:
        return envelope->command_line->test;
    case VTMH__ENVELOPE__BODY_RECORD:
        return envelope->record->test;
    case VTMH__ENVELOPE__BODY_HELD:
        return envelope->held->test;
    case VTMH__ENVELOPE__BODY_PROBING:
        return envelope->probing->test;
    default:
        return 0;
    }
}
