/*
 * QEMU's guest agent (qemu-ga): requests and replies over a channel, a line of JSON each.
 *
 * agent_sync() comes first, on a channel that nobody has spoken on as on one that others have left
 * in the middle of a word: until it has succeeded nothing that comes is an answer. Afterwards each
 * request is answered before the next. A reply that was not waited for is read before the channel
 * is left (agent_leave): an agent whose channel goes away while it answers spins.
 *
 * Errors: SESSION_ERROR (FAILED: the agent says no; CANNOT: it does not do such things; BROKEN: the
 * channel has ended, or what came is no reply), SYNC_ERROR; after any of them but FAILED and CANNOT
 * another agent_sync() is due.
 */
#pragma once

#include "sync/stream.h"

#include <jansson.h>

#define AGENT_REPLY_MAX ((size_t)4 << 20) /* bytes; longer replies are dropped as they come */

struct agent {
    struct stream *stream;
    const char *where; /* for messages */
    GString *heard;    /* what has come and was not looked at yet */
    bool is_due;       /* a reply to what was asked */
};

/* stream, where: transfer none, for as long as the agent is in use. */
void agent_begin(struct agent *agent, struct stream *stream, const char *where);

/* Reads a reply that is due, for a moment at most, also on a cancelled fiber; the channel stays
 * open. */
void agent_leave(struct agent *agent);

/* QGA guest-sync-delimited: whatever was said before is over. */
int agent_sync(struct agent *agent, int64_t deadline, GError **err);

/* One request. arguments: transfer full, NULL for none. *reply_out (may be NULL): what it returns,
 * transfer full. FAILED also for a reply that is too long. */
int agent_request(struct agent *agent, const char *name, json_t *arguments, int64_t deadline,
                  json_t **reply_out, GError **err);

/* QGA guest-info: whether the agent does such things; a user may have forbidden it some. -1 with
 * err: it does not say. */
int agent_allows(struct agent *agent, const char *name, int64_t deadline, GError **err);
