/*
 * A sink: one way to write down what the tests of a job find out. Each is a file here and a row of
 * the table (sinks.c); the recorder feeds all of them, in the order of the table.
 *
 * Of a test a sink is told that it began, then what its hosts found out (record) and the legs that
 * were joined from it (leg), as they come, and how it ended. Tests side by side are told apart by
 * their test_result, whose figures are what is known so far. Secrets are taken out already.
 *
 * A sink without which the job can go on says once why it does not write, and returns 0. -1 means:
 * what was asked for is lost. Then this sink is not called again but to be closed, the running
 * tests end in ERROR, and the job ends in order with that cause.
 */
#pragma once

#include "orchestrator/result.h"

struct job; /* job.h */

/* Each of these but open may be NULL. */
struct sink {
    const char *name; /* for messages */

    /* NULL without an error: not asked for in this job. job outlives the sink. Transfer full. */
    void *(*open)(const struct job *job, GError **err);

    /* Whether the node on a host answers: when a test begins there, and when that changes. */
    int (*host)(void *self, const char *host, bool is_up, GError **err);

    int (*test_began)(void *self, const struct test_result *test, GError **err);
    int (*progress)(void *self, const struct test_result *test, const char *host,
                    const Vtmh__Progress *progress, GError **err);
    int (*record)(void *self, const struct test_result *test, const char *host,
                  const Vtmh__Record *record, GError **err);
    int (*leg)(void *self, const struct test_result *test, const struct leg_result *leg,
               GError **err);

    /* All that was told is to be on the disk when this returns: at the latest each second, and at
     * the end of each test. */
    int (*flush)(void *self, GError **err);

    /* Also of a test that never began. */
    int (*test_ended)(void *self, const struct test_result *test, GError **err);

    /* Frees self, whatever it returns. */
    int (*close)(void *self, GError **err);
};

/* The table; NULL-terminated. */
extern const struct sink *const sink_table[];

/* Those that are open in a job. */
struct sinks;

/* Opens those that the job asks for. Never NULL: when one cannot be opened, err is set, and it is
 * the trouble. */
struct sinks *sinks_open(const struct job *job, GError **err);

/* err is set when a sink has just failed; then it was told here, and is told by nobody else. */
void sinks_host(struct sinks *sinks, const char *host, bool is_up, GError **err);
void sinks_test_began(struct sinks *sinks, const struct test_result *test, GError **err);
void sinks_progress(struct sinks *sinks, const struct test_result *test, const char *host,
                    const Vtmh__Progress *progress, GError **err);
void sinks_record(struct sinks *sinks, const struct test_result *test, const char *host,
                  const Vtmh__Record *record, GError **err);
void sinks_leg(struct sinks *sinks, const struct test_result *test, const struct leg_result *leg,
               GError **err);
void sinks_flush(struct sinks *sinks, GError **err);
void sinks_test_ended(struct sinks *sinks, const struct test_result *test, GError **err);

/* Why the first sink failed; NULL: none has. Transfer none. */
const char *sinks_trouble(const struct sinks *sinks);

void sinks_close(struct sinks *sinks, GError **err);
