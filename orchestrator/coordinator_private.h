/* What the files of the coordinator share, and no one else. */
#pragma once

#include "orchestrator/coordinator.h"
#include "orchestrator/hold.h"
#include "orchestrator/trial_records.h"
#include "sync/meeting.h"

#define FLUSH_MS 1000 /* how long a record may be lost with us: its node has it for so long */
#define FLUSH_RECORDS 1000

/* A test while it runs. */
struct trial {
    uint64_t id;
    struct test_result *result;
    struct host_report *reports; /* by index */
    struct trial_records *records;
    unsigned n_unwritten; /* records that have come and are not on the disk for certain */
    int64_t flush_at;     /* deadline for that; NEVER while there are none */
    unsigned n_failing;
    struct own_cause own;
    char *own_message;
    const struct meeting_cause *finding; /* the book's, before any host failed: nobody came */
    bool is_aborted;
    int64_t limit_ms;  /* test_timeout */
    int64_t end_by;    /* deadline of the test */
    int64_t ends_soon; /* deadline of its last leg's begin; DEADLINE_NEVER: none, or it was told */
    bool has_budget;   /* there was such a deadline */
    unsigned leg;      /* the highest that a host has begun */
    int64_t report_by; /* deadline for the reports, once aborted */
    bool wants_failed; /* the user wants the VMs of a test that fails */
    struct client *client; /* or NULL */
};

/* Who a heartbeat is from, and what it said. */
struct hearing {
    struct coordinator *coordinator;
    unsigned host;
    char *doing; /* what it said last of the running test, or NULL */
};

struct coordinator {
    struct peer **peers;
    struct hearing *hearings; /* one a peer */
    unsigned n_peers;
    struct coordinator_listener listener;
    struct meeting_book *book;
    struct trial *trial;  /* NULL: no test runs */
    struct event changed; /* something arrived that the waiting fiber must look at */
    struct hold hold;
};

static inline int64_t coordinator_now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

/* The book's time. */
int64_t coordinator_book_ms(const struct coordinator *coordinator);

/* Does what the book says. */
void coordinator_act(struct coordinator *coordinator, const GPtrArray *actions);

/* ---- what hosts say, and that they say no more (coordinator_hear.c) */

/* A message of the test that runs; arg: the coordinator. */
void coordinator_hear(struct peer *peer, const Vtmh__Envelope *envelope, void *arg);

/* What a host is doing, for the message of a meeting that times out; arg: its struct hearing. */
void coordinator_hear_heartbeat(const Vtmh__Heartbeat *heartbeat, void *arg);

/* A host's report, which may be what we say of it; the first counts. */
void coordinator_hear_done(struct coordinator *coordinator, unsigned host,
                           const Vtmh__TestDone *done);

/* The test goes on, or ends, without the host. */
void coordinator_lose_host(struct coordinator *coordinator, unsigned host, const char *message);
