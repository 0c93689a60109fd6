/* A perfect test of two hosts as they report it, for the tests of the verdict to spoil. */
#pragma once

#include "orchestrator/trial_records.h"

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
    GPtrArray *legs[N_HOSTS];  /* Vtmh__Migration: what each tells */
    GPtrArray *notes[N_HOSTS]; /* char * */
    GPtrArray *leaks[N_HOSTS];
    bool is_lossy; /* of what the first host tells, the last record does not come */
    unsigned bad;  /* index of the leg that is spoiled */
    struct own_cause own;
    struct params *params;
    struct test_result *result;
};

static inline char *replace(char *old, const char *text)
{
    if (old != NULL && *old != '\0')
        free(old);
    return strdup(text);
}

static inline Vtmh__Migration *add_leg(struct scenario *s, unsigned host, const char *vm,
                                       unsigned leg)
{
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
    record->network_gap_in_ms = record->network_gap_out_ms = record->network_baseline_ms = -1;
    record->network_lost = record->network_announced = -1;
    record->mirrored_bytes = -1;
    record->mirror_ms = record->compare_ms = -1;
    record->prepare_ms = -1;
    record->transferred_bytes = record->dirty_syncs = record->iterations = -1;
    record->pages_sent_again = record->set_pages = record->remaining_bytes = -1;
    record->bytes_per_s = -1;
    g_ptr_array_add(s->legs[host], record);
    return record;
}

static inline Vtmh__Migration *leg_of(struct scenario *s, unsigned host)
{
    return g_ptr_array_index(s->legs[host], s->bad);
}

static inline void drop_done(struct scenario *s, unsigned host)
{
    vtmh__test_done__free_unpacked(s->reports[host].done, NULL);
    s->reports[host].done = NULL;
}

static inline void free_record(gpointer record)
{
    vtmh__migration__free_unpacked(record, NULL);
}

static inline struct scenario *scenario_new(void)
{
    static const char *const names[] = {"host1", "host2"};
    struct scenario *s = g_new0(struct scenario, 1);
    s->own.status = NONE;
    s->params = params_new();
    s->result = test_result_new(1, "a.quick", "quick");
    s->result->hosts = g_strdupv((char *[]){"host1", "host2", NULL});
    for (unsigned i = 0; i < N_HOSTS; i++) {
        s->reports[i].name = names[i];
        s->reports[i].done = vtmh__test_done__unpack(NULL, 0, (const uint8_t *)"");
        s->reports[i].done->status = PASS;
        s->legs[i] = g_ptr_array_new_with_free_func(free_record);
        s->notes[i] = g_ptr_array_new();
        s->leaks[i] = g_ptr_array_new();
        add_leg(s, i, "vm1", 1);
    }
    return s;
}

static inline void scenario_free(struct scenario *s)
{
    for (unsigned i = 0; i < N_HOSTS; i++) {
        if (s->reports[i].done != NULL)
            drop_done(s, i);
        g_free(s->reports[i].nonsense);
        g_ptr_array_unref(s->legs[i]);
        g_ptr_array_unref(s->notes[i]);
        g_ptr_array_unref(s->leaks[i]);
    }
    params_unref(s->params);
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

/* A host tells its next record, as the coordinator would take it. */
static inline void tell(struct scenario *s, struct trial_records *records, unsigned host,
                        Vtmh__Record *record)
{
    struct host_report *report = &s->reports[host];
    g_autoptr(GError) error = NULL;
    record->number = trial_records_count(records, host) + 1;
    if (report->nonsense == NULL && trial_records_take(records, host, record, &error) < 0)
        report->nonsense = g_strdup(error->message);
    report->records = trial_records_count(records, host);
}

/* What comes of a list that a host has in such records; nothing behind its end. */
static inline void tell_one(struct scenario *s, struct trial_records *records, unsigned host,
                            Vtmh__Record__BodyCase body, const GPtrArray *list, unsigned index)
{
    Vtmh__Record record = VTMH__RECORD__INIT;
    if (index >= list->len)
        return;
    record.body_case = body;
    record.leg = g_ptr_array_index(list, index); /* of any kind: they lie in one place */
    tell(s, records, host, &record);
}

static inline void tell_all(struct scenario *s, struct trial_records *records)
{
    for (unsigned i = 0; i < MAX(s->legs[HOST1]->len, s->legs[HOST2]->len); i++)
        for (unsigned host = 0; host < N_HOSTS; host++)
            tell_one(s, records, host, VTMH__RECORD__BODY_LEG, s->legs[host], i);
    for (unsigned host = 0; host < N_HOSTS; host++) {
        for (unsigned i = 0; i < s->notes[host]->len; i++)
            tell_one(s, records, host, VTMH__RECORD__BODY_NOTE, s->notes[host], i);
        for (unsigned i = 0; i < s->leaks[host]->len; i++)
            tell_one(s, records, host, VTMH__RECORD__BODY_LEAK, s->leaks[host], i);
        if (s->reports[host].done != NULL)
            s->reports[host].done->records =
                s->reports[host].records + (s->is_lossy && host == HOST1 ? 1 : 0);
    }
}

/* All records have come. Transfer full. */
static inline struct trial_records *told(struct scenario *s)
{
    struct trial_records *records = trial_records_new(s->result, s->params, NULL, NULL);
    tell_all(s, records);
    trial_records_close(records);
    return records;
}

static inline void join(struct scenario *s)
{
    g_autoptr(trial_records) records = told(s);
    trial_records_judge(records, s->reports, &s->own);
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
