/*
 * A QMP connection (QEMU Machine Protocol, docs/interop/qmp-spec): one socket, lines of JSON.
 *
 * Reading is driven by the loop, not by a fiber: an event reaches its callback, and a reply its
 * waiter, whoever runs. Commands of several fibers may overlap. When the peer ends, or says what is
 * not JSON, every pending and later command fails at once.
 */
#pragma once

#include "sync/fiber.h"

#include <jansson.h>

struct qmp;

/* An event of the peer, called on the loop's stack (do not wait). data: NULL or an object; time_us:
 * CLOCK_MONOTONIC by the peer's own stamp, 0 if it gave none, or one of before this system ran. */
typedef void (*qmp_event_fn)(const char *name, const json_t *data, int64_t time_us, void *arg);

/*
 * Takes over fd (a connected stream socket; also closed on failure). log_path: both directions are
 * appended to it with time stamps; NULL: no log. known: what is there already (qmp_log.h), or
 * NULL. Transfer full.
 */
struct qmp *qmp_open(int fd, const char *log_path, GHashTable *known, qmp_event_fn on_event,
                     void *arg, GError **err);

/* Waits for the greeting and leaves negotiation mode. Must be the first thing asked. */
int qmp_greet(struct qmp *qmp, int64_t deadline, GError **err);

/*
 * Runs a command and waits for its answer. arguments: NULL or an object, transfer full (also on
 * failure). fd: handed over with the command (SCM_RIGHTS), stays the caller's; -1: none.
 * *reply_out: the value of "return", transfer full; may be NULL.
 *
 * VM_ERROR_COMMAND: the peer refused it, or has spoken garbage. SYNC_ERROR_CLOSED: the peer has
 * gone. SYNC_ERROR_TIMEOUT, SYNC_ERROR_CANCELLED: the answer, when it comes, is dropped.
 */
int qmp_command(struct qmp *qmp, const char *name, json_t *arguments, int fd, int64_t deadline,
                json_t **reply_out, GError **err);

/* The same. *refusal_out: the peer's error object ({"class", "desc"}) where it has refused,
 * transfer full; else NULL. */
int qmp_ask(struct qmp *qmp, const char *name, json_t *arguments, int fd, int64_t deadline,
            json_t **reply_out, json_t **refusal_out, GError **err);

/*
 * The same for a command that lasts: nobody waits. on_answer is called on the loop's stack (do not
 * wait), once, also when the connection ends or is closed: reply, or error and, where the peer has
 * refused, refusal; transfer none. Only before that may it be forgotten, and it is gone then.
 */
struct qmp_later;
typedef void (*qmp_answer_fn)(const json_t *reply, const json_t *refusal, const GError *error,
                              void *arg);
struct qmp_later *qmp_later(struct qmp *qmp, const char *name, json_t *arguments,
                            qmp_answer_fn on_answer, void *arg, GError **err);
void qmp_forget(struct qmp_later *later); /* no callback comes after this; NULL is fine */

/* What an answer that came by another way says: as of qmp_ask(). answer: NULL: it was none. */
int qmp_take_answer(const char *name, const json_t *answer, json_t **reply_out,
                    json_t **refusal_out, GError **err);

/* From now on the log is there. As of qmp_open(); on failure it stays where it was. */
int qmp_log_to(struct qmp *qmp, const char *log_path, GHashTable *known, GError **err);

/* Set when the connection has ended; what it says of commands holds from then on. */
struct event *qmp_ended(struct qmp *qmp);

/* Called on the loop's stack (do not wait) when the connection ends by itself, once; not if that
 * has been. */
typedef void (*qmp_ended_fn)(void *arg);
void qmp_on_ended(struct qmp *qmp, qmp_ended_fn on_ended, void *arg);

/* Fails what is pending and closes the socket. No callback comes after this. NULL is fine. */
void qmp_close(struct qmp *qmp);

AUTOPTR_STRUCT(qmp, qmp_close);
