/*
 * Values that nobody may read in what a job leaves: they are shown as "***". Which values these are
 * is said by the parameters that are marked secret; what is done with them is here: one place for
 * every text (messages of nodes, causes, command lines) and for files that come in pieces.
 *
 * A value is also found as QEMU's options, JSON and a shell spell it. A value of less than four
 * bytes is found as a word of its own only, or it would blot out half a log.
 */
#pragma once

#include "proto/message.h"
#include "sync/autoptr.h"

#include <glib.h>
#include <stdbool.h>

#define SECRETS_SHOWN "***"

struct secrets;

struct secrets *secrets_new(void);
void secrets_free(struct secrets *secrets);
AUTOPTR_STRUCT(secrets, secrets_free);

/* A blank value is no secret. */
void secrets_add(struct secrets *secrets, const char *value);

/* The text without them. secrets and text may be NULL. Transfer full. */
char *secrets_hide(const struct secrets *secrets, const char *text);

/* The same in every string of a message that came in, and of the messages in it, but not in its
 * bytes. */
void secrets_hide_message(const struct secrets *secrets, vtmh_envelope *message);

/* A file that comes in pieces: a secret may be cut by their borders, so a little is held back. */
struct secrets_stream;

/* secrets must outlive it; may be NULL. */
struct secrets_stream *secrets_stream_new(const struct secrets *secrets);
void secrets_stream_free(struct secrets_stream *stream);

/* What can be written now. At the end is_last (data may be NULL). Transfer full. */
GString *secrets_stream_feed(struct secrets_stream *stream, const void *data, size_t size,
                             bool is_last);
