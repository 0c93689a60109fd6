#include "orchestrator/answer.h"

#include "proto/link.h"

static void fill_release(Vtmh__Release *release, const struct meeting_action *action)
{
    vtmh__release__init(release);
    release->test = action->test;
    release->tag = action->tag;
    release->scope = action->scope;
    release->use = action->use;
    release->members = g_new(uint32_t, action->payloads->len);
    release->payloads = g_new(ProtobufCBinaryData, action->payloads->len);
    for (unsigned i = 0; i < action->payloads->len; i++) {
        GBytes *payload = g_ptr_array_index(action->payloads, i);
        if (payload == NULL)
            continue;
        ProtobufCBinaryData *place = &release->payloads[release->n_payloads++];
        release->members[release->n_members++] = i;
        place->data = (uint8_t *)g_bytes_get_data(payload, &place->len);
    }
}

static void fill_abort(Vtmh__Abort *abort, const struct meeting_action *action)
{
    const struct meeting_cause *cause = action->cause;
    vtmh__abort__init(abort);
    abort->test = action->test;
    if (action->tag != NULL)
        abort->tag = action->tag;
    abort->scope = action->scope;
    abort->use = action->use;
    abort->origin = cause->origin;
    abort->message = g_strndup(cause->message, LINK_MAX_TEXT);
    abort->context = g_strndup(cause->context != NULL ? cause->context : "", LINK_MAX_TEXT);
    abort->lost = cause->lost;
    abort->timeout = cause->timeout;
}

void answer_init(struct answer *answer, const struct meeting_action *action)
{
    vtmh__envelope__init(&answer->envelope);
    if (action->kind == MEETING_RELEASE) {
        fill_release(&answer->release, action);
        answer->envelope.body_case = VTMH__ENVELOPE__BODY_RELEASE;
        answer->envelope.release = &answer->release;
    } else {
        fill_abort(&answer->abort, action);
        answer->envelope.body_case = VTMH__ENVELOPE__BODY_ABORT;
        answer->envelope.abort = &answer->abort;
    }
}

void answer_clear(struct answer *answer)
{
    if (answer->envelope.body_case == VTMH__ENVELOPE__BODY_RELEASE) {
        g_free(answer->release.members);
        g_free(answer->release.payloads);
    } else {
        g_free(answer->abort.message);
        g_free(answer->abort.context);
    }
}
