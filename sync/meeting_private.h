/* The book's records, shared by their keeper (meeting_book.c), the machine (meeting.c) and its
 * words (meeting_text.c). */
#pragma once

#include "sync/meeting.h"

enum meeting_state {
    MEETING_OPEN,     /* somebody waits for the members that have not arrived */
    MEETING_RELEASED, /* all have arrived and were told; kept for repeated arrivals */
    MEETING_ABORTED,  /* a settling meeting that cannot be held; kept for the members still to come.
                         Others are forgotten when their scope is aborted: its cause answers for
                         them
                       */
};

struct meeting {
    uint64_t scope;
    char *tag;
    uint32_t use;
    bool settle;
    enum meeting_state state;
    struct meeting_hosts members;
    struct meeting_hosts arrived;
    GPtrArray *payloads; /* GBytes by host index */
    int64_t opened_ms;
    int64_t deadline_ms;
    const struct meeting_cause *cause; /* when ABORTED; the test's */
};

struct meeting_host {
    char *name;
    char *context; /* what it is doing, or NULL */
    int64_t context_since_ms;
};

struct meeting_test {
    uint64_t id;
    unsigned n_hosts;
    struct meeting_host *hosts;
    struct meeting_hosts lost;         /* cannot be reached; an arrival shows that it is back */
    struct meeting_hosts left;         /* are through with the test */
    GBytes *nothing;                   /* the payload of who brings none */
    GHashTable *meetings;              /* set of struct meeting, by scope, tag and use */
    GPtrArray *open;                   /* the open ones, in the order of opening */
    GQueue ended;                      /* those kept for repeated arrivals, oldest first */
    GPtrArray *causes;                 /* owns every cause that an action can speak of */
    const struct meeting_cause *cause; /* the first of the test itself */
    GHashTable *scope_causes;          /* leg's scope -> struct meeting_cause, its first */
};

struct meeting_book {
    GHashTable *tests;             /* id -> struct meeting_test */
    struct meeting_cause not_open; /* the answer to arrivals at tests that are not open */
};

/* NULL if the test is not open. */
struct meeting_test *meeting_find_test(const struct meeting_book *book, uint64_t id);

/* Why the scope is aborted, by itself or with its test; NULL: it is not. */
const struct meeting_cause *meeting_scope_cause(const struct meeting_test *test, uint64_t scope);

/* The first host of a set from `from` on, MEETING_MAX_HOSTS if there is none. */
unsigned meeting_hosts_next(const struct meeting_hosts *set, unsigned from);

/* The first member, from `from` on, that has not arrived; MEETING_MAX_HOSTS if there is none. */
unsigned meeting_next_missing(const struct meeting *meeting, unsigned from);

/*
 * The host to blame for what is missing: a missing host that waits elsewhere itself passes the
 * blame on to the one it waits for.
 */
unsigned meeting_blamed(const struct meeting_test *test, const struct meeting *meeting);

/* Messages of causes. Transfer full. */
char *meeting_text_timeout(const struct meeting_test *test, const struct meeting *meeting,
                           int64_t now_ms);
char *meeting_text_absent(const struct meeting_test *test, const struct meeting *meeting,
                          unsigned host);
char *meeting_text_mismatch(const struct meeting_test *test, const struct meeting *meeting,
                            const struct meeting_arrival *arrival, const char *what);
