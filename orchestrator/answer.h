/* What the meeting book answers to one host, as a message. Pure. */
#pragma once

#include "proto/vtmh.pb-c.h"
#include "sync/meeting.h"

struct answer {
    Vtmh__Envelope envelope; /* holds the one of these that it is */
    Vtmh__Release release;
    Vtmh__Abort abort;
};

/* Its payloads are the action's, which outlives it; a cause that is too long for a message is cut.
 * Free with answer_clear(); not to be copied or moved. */
void answer_init(struct answer *answer, const struct meeting_action *action);
void answer_clear(struct answer *answer);
