/*
 * The coordinator: runs one test at a time on the hosts of a tuple. It keeps the meeting book,
 * tells an abort to all at once, notices a host that is lost, and joins what the hosts report to
 * the verdict.
 */
#pragma once

#include "cfg/params.h"
#include "orchestrator/client.h"
#include "orchestrator/peer.h"
#include "orchestrator/result.h"
#include "orchestrator/trial_wire.h"

/* Who wants to know what happens meanwhile. Called on the loop; result is the running test's. */
struct coordinator_listener {
    /* whether the node on a host answers: when a test begins there, and when that changes */
    void (*host)(void *arg, const char *host, bool is_up);
    void (*progress)(void *arg, const struct test_result *result, const char *host,
                     const Vtmh__Progress *progress);
    void (*log)(void *arg, const struct test_result *result, const char *host,
                const Vtmh__LogRecord *record);
    void (*file)(void *arg, const struct test_result *result, const char *host,
                 const Vtmh__FileChunk *chunk);
    /* a host waits for the user at a point, or he goes on already (NULL) */
    void (*held)(void *arg, const struct test_result *result, const char *host, const char *at,
                 const char *const *lines);
    void *held_arg;
    /* the first failure, at once; the verdict may later name a cause nearer to the root */
    void (*failing)(void *arg, const struct test_result *result, const char *host,
                    const char *message);
    /* what a host has found out, in its order, each once */
    void (*record)(void *arg, const struct test_result *result, const char *host,
                   const Vtmh__Record *record);
    /* a leg of which all is told that will be, with what both ends said joined */
    void (*leg)(void *arg, const struct test_result *result, const struct leg_result *leg);
    /* what was told by the two above is to be on the disk when this returns */
    int (*flush)(void *arg, GError **err);
    void *arg;
};

struct coordinator;

/* peers: the tuple, in order; outlive the coordinator. Transfer full. */
struct coordinator *coordinator_new(struct peer *const *peers, unsigned n_peers,
                                    const struct coordinator_listener *listener);
void coordinator_free(struct coordinator *coordinator);

/* The names of the tuple, in order. Transfer full. */
GStrv coordinator_hosts(const struct coordinator *coordinator);

struct trial_options {
    struct trial_wishes wishes;
    struct client *client; /* who asks its guests over the network; NULL: its hosts do */
    int64_t ends_soon;     /* a deadline: from then on it ends in order behind its leg, and has
                              test_timeout for it; DEADLINE_NEVER: it has test_timeout as a whole */
};

/*
 * Runs a test and fills in the result, whose hosts are set. params: unresolved; each host gets its
 * own by the suffix _hostN. Returns
 * when every host has reported or is lost. Never fails: what goes wrong is in the result.
 */
void coordinator_run_test(struct coordinator *coordinator, const struct params *params,
                          const struct trial_options *options, struct test_result *result);

/* The user wants to go on, wherever the running test waits for him; with forever also where it will
 * come to. While it waits, no time of it is over. */
void coordinator_go_on(struct coordinator *coordinator, bool forever);

/* Aborts the running test: Ctrl-C, or the job's time is over. Callable from callbacks. */
void coordinator_interrupt(struct coordinator *coordinator, Vtmh__Status status,
                           const char *message);

/*
 * Waits until all hosts of the tuple answer, at most the grace. Returns NULL, or the first that
 * does not (it is gone from then on). When cancelled meanwhile: NULL.
 */
struct peer *coordinator_await_hosts(struct coordinator *coordinator, int64_t grace_ms);
