/*
 * The meeting book: where the hosts of a test meet. A pure state machine: events in, actions out;
 * no I/O and no clock.
 *
 * A meeting is known by (test, scope, tag, use). The scope is the test itself (MEETING_TEST_SCOPE)
 * or one of its legs; the use tells apart the times that a tag is met at in a scope, counted from 0
 * by each member. Its members are hosts by index in the test's tuple, as a bit set. A barrier is an
 * exchange of nothing.
 *
 *   all members arrived          RELEASE to each of them, with all payloads
 *   a host failed in a scope,    ABORT of that scope to every host of the test, at once, with the
 *   a meeting's time is over     origin, its error and what it was doing
 *   a host was lost              ABORT of the test
 *   arrival after the abort      the same ABORT to the one who arrived
 *   repeated arrival             the same answer again, once there is one (same host and payload)
 *   other members or payload     a protocol error, which aborts the test and says so
 *
 * A scope ends, not the world: the abort of a leg leaves the test and its other legs as they are;
 * the abort of the test ends all of them. Only the first abort of a scope counts as its cause; it
 * stays until the test is closed. What has been released stays released. Nobody waits for a host
 * that is known not to come: lost, or through with the test.
 *
 * Settling: after an abort the two ends of a broken handover must still tell each other what became
 * of the guest. A meeting opened with `settle` is not touched by any scope's abort; it ends by
 * release, by the loss or the leaving of a member it still needs, by a protocol error, or by its
 * own timeout, with an ABORT that concerns it alone.
 *
 * Of a test that is not open (any more) the book says ABORT to whoever arrives there. It remembers
 * the answers of the last 1024 meetings of a test, far more than can be asked for again.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MEETING_MAX_HOSTS 128
#define MEETING_TEST_SCOPE 0

struct meeting_book;

struct meeting_hosts { /* a set of host indexes */
    uint64_t bits[MEETING_MAX_HOSTS / 64];
};

static inline void meeting_hosts_add(struct meeting_hosts *set, unsigned host)
{
    set->bits[host / 64] |= UINT64_C(1) << (host % 64);
}

static inline void meeting_hosts_remove(struct meeting_hosts *set, unsigned host)
{
    set->bits[host / 64] &= ~(UINT64_C(1) << (host % 64));
}

static inline bool meeting_hosts_has(const struct meeting_hosts *set, unsigned host)
{
    return set->bits[host / 64] & (UINT64_C(1) << (host % 64));
}

struct meeting_arrival {
    uint64_t test;
    uint64_t scope;
    const char *tag;
    uint32_t use;
    bool settle;
    struct meeting_hosts members;
    unsigned host;      /* who arrives; below the test's number of hosts */
    int64_t timeout_ms; /* from the first arrival; the shortest asked for holds */
    GBytes *payload;    /* NULL: nothing; referenced, not copied */
};

/* What the caller must send. In the order in which it must be sent. */
enum meeting_action_kind {
    MEETING_RELEASE, /* to host `to`: payloads of all members */
    MEETING_ABORT,   /* to host `to`: cause; tag NULL when it is the whole scope that is aborted */
};

struct meeting_cause {
    int origin;    /* index of the host that is the first cause; -1: the coordinator itself */
    char *message; /* first cause, in the origin's words */
    char *context; /* what the origin was doing, or NULL */
    bool lost;     /* the origin cannot be reached */
    bool timeout;  /* the cause is a meeting's timeout; the message says who was missing */
};

struct meeting_action {
    enum meeting_action_kind kind;
    uint64_t test;
    unsigned to;
    uint64_t scope;
    char *tag; /* NULL: the whole scope */
    uint32_t use;
    GPtrArray *payloads; /* RELEASE: GBytes by host index (empty, not NULL), NULL for others */
    const struct meeting_cause *cause; /* ABORT: the book's, until the test is closed */
};

/* An array of struct meeting_action; free with g_ptr_array_unref(). */
GPtrArray *meeting_actions_new(void);

struct meeting_book *meeting_book_new(void);
void meeting_book_free(struct meeting_book *book);

/* A test begins on n_hosts hosts. names are copied. Opening a test twice is a programming error. */
void meeting_open_test(struct meeting_book *book, uint64_t test, unsigned n_hosts,
                       const char *const *names);

/* Forgets the test and its meetings. */
void meeting_close_test(struct meeting_book *book, uint64_t test);

/* The cause of a scope that has been aborted, by itself or with its test, else NULL. Transfer none.
 */
const struct meeting_cause *meeting_cause(const struct meeting_book *book, uint64_t test,
                                          uint64_t scope);

/* now_ms is any monotonic clock, the same in every call. Actions are appended. An arrival shows
 * that its host is there again, if it was lost. */
void meeting_arrive(struct meeting_book *book, const struct meeting_arrival *arrival,
                    int64_t now_ms, GPtrArray *actions);

/* What a host is doing, from its heartbeats, for the message of a timeout. context is copied. */
void meeting_set_context(struct meeting_book *book, uint64_t test, unsigned host,
                         const char *context, int64_t now_ms);

/* The host failed in this scope; it still answers. Aborts the scope. */
void meeting_fail(struct meeting_book *book, uint64_t test, uint64_t scope, unsigned host,
                  const char *message, int64_t now_ms, GPtrArray *actions);

/* The host was lost. Aborts the test, and every settling meeting that still needs it. */
void meeting_lose(struct meeting_book *book, uint64_t test, unsigned host, const char *message,
                  int64_t now_ms, GPtrArray *actions);

/*
 * The host is through with the test, well or not, and comes to no further meeting. A meeting that
 * still needs it, now or later, is aborted: waiting for it could only end in a timeout.
 */
void meeting_leave(struct meeting_book *book, uint64_t test, unsigned host, int64_t now_ms,
                   GPtrArray *actions);

/* The coordinator itself aborts the test (Ctrl-C, job timeout). */
void meeting_abort(struct meeting_book *book, uint64_t test, const char *message, int64_t now_ms,
                   GPtrArray *actions);

/* When the next meeting times out; INT64_MAX if none is open. */
int64_t meeting_next_timeout(const struct meeting_book *book);

/* Ends every meeting whose time is over: who is missing, since when, what it was doing. */
void meeting_expire(struct meeting_book *book, int64_t now_ms, GPtrArray *actions);

AUTOPTR_STRUCT(meeting_book, meeting_book_free);
