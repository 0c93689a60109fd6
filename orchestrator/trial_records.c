#include "orchestrator/trial_records.h"

#include "orchestrator/leg_notes.h"
#include "orchestrator/limits.h"
#include "orchestrator/record_check.h"
#include "proto/link.h"

struct trial_records {
    struct test_result *result;
    unsigned n_hosts;
    uint64_t *counts; /* by host */
    struct leg_book *legs;
    struct verdict *verdict;
    struct limits *limits;
    struct leg_notes *notes;
    trial_leg_fn on_leg;
    void *arg;
};

struct trial_records *trial_records_new(struct test_result *result, const struct params *params,
                                        trial_leg_fn on_leg, void *arg)
{
    struct trial_records *records = g_new0(struct trial_records, 1);
    records->result = result;
    records->n_hosts = g_strv_length(result->hosts);
    records->counts = g_new0(uint64_t, records->n_hosts);
    records->legs = leg_book_new((const char *const *)result->hosts);
    records->verdict = verdict_new(result);
    records->limits = limits_new(params);
    records->notes = leg_notes_new();
    records->on_leg = on_leg;
    records->arg = arg;
    return records;
}

void trial_records_free(struct trial_records *records)
{
    if (records == NULL)
        return;
    g_free(records->counts);
    leg_book_free(records->legs);
    verdict_free(records->verdict);
    limits_free(records->limits);
    leg_notes_free(records->notes);
    g_free(records);
}

/* joint: transfer full. */
static void end_leg(struct trial_records *records, struct joined_leg *joint)
{
    verdict_leg(records->verdict, joint);
    limits_take(records->limits, joint->leg);
    leg_notes_take(records->notes, joint->leg);
    if (records->on_leg != NULL)
        records->on_leg(records->arg, joint->leg);
    test_result_add_leg(records->result, g_steal_pointer(&joint->leg));
    joined_leg_free(joint);
}

static int fail(GError **err, uint64_t number, const char *why)
{
    g_set_error(err, LINK_ERROR, LINK_ERROR_PROTOCOL,
                "record %" G_GUINT64_FORMAT " of the host makes no sense: %s", number, why);
    return -1;
}

static int take_leg(struct trial_records *records, unsigned host, const Vtmh__Record *record,
                    GError **err)
{
    struct joined_leg *done = leg_book_take(records->legs, host, record->number, record->leg);
    if (done != NULL)
        end_leg(records, done);
    if (leg_book_waiting(records->legs) <= LEG_BOOK_MAX)
        return 0;
    return fail(err, record->number, "too many legs wait for their other end to tell of them");
}

static void take_leak(struct trial_records *records, unsigned host, const char *leak)
{
    if (records->result->leaks->len < NOTES_MAX)
        g_ptr_array_add(records->result->leaks,
                        g_strdup_printf("%s: %s", records->result->hosts[host], leak));
}

bool trial_records_is_repeated(const struct trial_records *records, unsigned host,
                               const Vtmh__Record *record)
{
    return record->number > 0 && record->number <= records->counts[host];
}

int trial_records_take(struct trial_records *records, unsigned host, const Vtmh__Record *record,
                       GError **err)
{
    g_autofree char *why = record_check(record, host, records->n_hosts);
    if (why == NULL && record->number != records->counts[host] + 1)
        why = g_strdup_printf("the last was number %" G_GUINT64_FORMAT, records->counts[host]);
    if (why != NULL)
        return fail(err, record->number, why);
    records->counts[host]++;
    switch (record->body_case) {
    case VTMH__RECORD__BODY_LEG:
        return take_leg(records, host, record, err);
    case VTMH__RECORD__BODY_NOTE:
        test_result_note(records->result, record->note);
        return 0;
    case VTMH__RECORD__BODY_LEAK:
        take_leak(records, host, record->leak);
        return 0;
    default:
        return 0;
    }
}

uint64_t trial_records_count(const struct trial_records *records, unsigned host)
{
    return records->counts[host];
}

uint64_t trial_records_passed_on(const struct trial_records *records, unsigned host)
{
    uint64_t waiting = leg_book_first_waiting(records->legs, host);
    return MIN(records->counts[host], waiting - 1);
}

void trial_records_close(struct trial_records *records)
{
    g_autoptr(GPtrArray) rest = leg_book_take_rest(records->legs);
    g_ptr_array_set_free_func(rest, NULL);
    for (unsigned i = 0; i < rest->len; i++)
        end_leg(records, g_ptr_array_index(rest, i));
}

void trial_records_judge(struct trial_records *records, const struct host_report *reports,
                         const struct own_cause *own)
{
    test_result_sort_legs(records->result);
    leg_notes_add(records->notes, records->result);
    verdict_end(records->verdict, reports, records->n_hosts, own);
    limits_judge(records->limits, records->result);
}
