/* A perfect test of two hosts as they report it, for the tests of the verdict to spoil. */
#pragma once

#include "orchestrator/verdict.h"

#include <criterion/criterion.h>
#include <string.h>

#define PASS VTMH__STATUS__STATUS_PASS
#define SKIP VTMH__STATUS__STATUS_SKIP
#define CANCEL VTMH__STATUS__STATUS_CANCEL
#define WARN VTMH__STATUS__STATUS_WARN
#define ERROR VTMH__STATUS__STATUS_ERROR
#define FAIL VTMH__STATUS__STATUS_FAIL
#define INTERRUPT VTMH__STATUS__STATUS_INTERRUPT
#define ABORTED VTMH__STATUS__STATUS_ABORTED
#define NONE VTMH__STATUS__STATUS_NONE

#define GUEST VTMH__EVIDENCE__EVIDENCE_GUEST
#define KILLED VTMH__EVIDENCE__EVIDENCE_KILLED
#define SELF VTMH__EVIDENCE__EVIDENCE_SELF
#define AFTERWARDS VTMH__EVIDENCE__EVIDENCE_AFTERWARDS
#define PEER VTMH__EVIDENCE__EVIDENCE_PEER

enum { HOST1, HOST2, N_HOSTS };

/* What two hosts report of one leg of vm1 from host1 to host2. */
struct scenario {
    struct host_report reports[N_HOSTS];
    struct own_cause own;
    struct test_result *result;
};

static inline char **put(char **list, size_t *n, const char *text)
{
    list = realloc(list, (*n + 1) * sizeof(char *));
    list[(*n)++] = strdup(text);
    return list;
}

static inline char *replace(char *old, const char *text)
{
    if (old != NULL && *old != '\0')
        free(old);
    return strdup(text);
}

static inline Vtmh__Migration *add_leg(struct scenario *s, unsigned host, const char *vm,
                                       unsigned leg)
{
    Vtmh__TestDone *done = s->reports[host].done;
    Vtmh__Migration *record = vtmh__migration__unpack(NULL, 0, (const uint8_t *)"");
    record->vm = strdup(vm);
    record->leg = leg;
    record->source = HOST1;
    record->destination = HOST2;
    record->status = strdup("completed");
    record->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    record->attempt = 1;
    record->expected_ends = 1U << VTMH__LEG_END__LEG_COMPLETED;
    record->expected_survivors = 1U << VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    record->cycle_ms = record->total_ms = record->setup_ms = record->downtime_ms = -1;
    record->stop_to_resume_ms = record->guest_gap_ms = record->switchover_gap_ms = -1;
    record->prepare_ms = -1;
    record->transferred_bytes = record->dirty_syncs = record->iterations = -1;
    record->pages_sent_again = record->set_pages = record->remaining_bytes = -1;
    record->bytes_per_s = -1;
    done->migrations =
        realloc(done->migrations, (done->n_migrations + 1) * sizeof(Vtmh__Migration *));
    done->migrations[done->n_migrations++] = record;
    return record;
}

static inline Vtmh__Migration *leg_of(struct scenario *s, unsigned host)
{
    return s->reports[host].done->migrations[0];
}

static inline void drop_done(struct scenario *s, unsigned host)
{
    vtmh__test_done__free_unpacked(s->reports[host].done, NULL);
    s->reports[host].done = NULL;
}

static inline struct scenario *scenario_new(void)
{
    static const char *const names[] = {"host1", "host2"};
    struct scenario *s = g_new0(struct scenario, 1);
    s->own.status = NONE;
    s->result = test_result_new(1, "a.quick", "quick");
    s->result->hosts = g_strdupv((char *[]){"host1", "host2", NULL});
    for (unsigned i = 0; i < N_HOSTS; i++) {
        s->reports[i].name = names[i];
        s->reports[i].done = vtmh__test_done__unpack(NULL, 0, (const uint8_t *)"");
        s->reports[i].done->status = PASS;
        add_leg(s, i, "vm1", 1);
    }
    return s;
}

static inline void scenario_free(struct scenario *s)
{
    for (unsigned i = 0; i < N_HOSTS; i++)
        if (s->reports[i].done != NULL)
            drop_done(s, i);
    test_result_free(s->result);
    g_free(s);
}

AUTOPTR_STRUCT(scenario, scenario_free);

/* order: when it was told, 1, 2, …; 0: only in the report. */
static inline void says(struct scenario *s, unsigned host, Vtmh__Status status, const char *message,
                        Vtmh__Evidence evidence, unsigned order)
{
    Vtmh__TestDone *done = s->reports[host].done;
    done->status = status;
    done->message = replace(done->message, message);
    done->evidence = evidence;
    s->reports[host].order = order;
}

static inline void join(struct scenario *s)
{
    verdict_join(s->result, s->reports, N_HOSTS, &s->own);
}

static inline void expect_status(const struct scenario *s, Vtmh__Status status, const char *host,
                                 const char *cause_part)
{
    const struct test_result *result = s->result;
    cr_expect_eq(result->status, status, "is %s, not %s: %s: %s", status_name(result->status),
                 status_name(status), result->fail_host, result->fail_cause);
    cr_expect_str_eq(result->fail_host != NULL ? result->fail_host : "-", host != NULL ? host : "-",
                     "cause: %s", result->fail_cause);
    if (cause_part != NULL)
        cr_expect(result->fail_cause != NULL && strstr(result->fail_cause, cause_part) != NULL,
                  "'%s' does not speak of '%s'", result->fail_cause, cause_part);
}
