#include "migration/test.h"

#include "migration/evidence.h"

#include <stdarg.h>
#include <string.h>

static void free_migration(gpointer migration)
{
    vtmh__migration__free_unpacked(migration, NULL);
}

void test_init(struct test *test)
{
    test->migrations = g_ptr_array_new_with_free_func(free_migration);
    test->last_leg = UINT_MAX;
    test->notes = g_ptr_array_new_with_free_func(g_free);
    test->is_failing = test->moves_nothing = false;
    test->warning = NULL;
    test->n_moving = 0;
    test->still = (struct event){.is_set = true};
    test->sampler = (struct sampler){0};
    test->sample_pace = (struct sample_pace){0};
    sampler_look(&test->sampler);
}

void test_clear(struct test *test)
{
    g_clear_pointer(&test->migrations, g_ptr_array_unref);
    g_clear_pointer(&test->notes, g_ptr_array_unref);
    g_clear_pointer(&test->warning, g_free);
}

int test_barrier(struct test *test, const struct test_meeting *meeting, GError **err)
{
    g_autoptr(GPtrArray) answers = NULL;
    return test->ops->exchange(test->node, meeting, NULL, &answers, err);
}

static void free_json(gpointer json)
{
    if (json != NULL)
        json_decref(json);
}

/* mine: transfer full. NULL if it cannot be said in JSON. */
static GBytes *to_payload(json_t *mine)
{
    char *text = json_dumps(mine, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(mine);
    return text == NULL ? NULL : g_bytes_new_with_free_func(text, strlen(text), free, text);
}

void test_tell(struct test *test, const struct test_meeting *meeting, json_t *mine)
{
    g_autoptr(GBytes) payload = to_payload(mine);
    test->ops->tell(test->node, meeting, payload);
}

int test_exchange(struct test *test, const struct test_meeting *meeting, json_t *mine,
                  GPtrArray **theirs_out, GError **err)
{
    g_autoptr(GBytes) payload = to_payload(mine);
    if (payload == NULL) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "what is to be said at '%s' is not JSON",
                    meeting->tag);
        return -1;
    }

    g_autoptr(GPtrArray) answers = NULL;
    if (test->ops->exchange(test->node, meeting, payload, &answers, err) < 0)
        return -1;

    g_autoptr(GPtrArray) theirs = g_ptr_array_new_with_free_func(free_json);
    for (unsigned i = 0; i < answers->len; i++) {
        GBytes *answer = g_ptr_array_index(answers, i);
        json_t *json = NULL;
        if (answer != NULL) {
            gsize size;
            const char *data = g_bytes_get_data(answer, &size);
            json = data == NULL ? NULL : json_loadb(data, size, JSON_DECODE_ANY, NULL);
            if (json == NULL) {
                g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                            "%s said something at '%s' that is not JSON", test->names[i],
                            meeting->tag);
                return -1;
            }
        }
        g_ptr_array_add(theirs, json);
    }
    *theirs_out = g_steal_pointer(&theirs);
    return 0;
}

static void tell_note(struct test *test, const char *note)
{
    Vtmh__Record record = VTMH__RECORD__INIT;
    g_ptr_array_add(test->notes, g_strdup(note));
    record.body_case = VTMH__RECORD__BODY_NOTE;
    record.note = (char *)note;
    test->ops->record(test->node, &record);
}

void test_note(struct test *test, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *note = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (g_ptr_array_find_with_equal_func(test->notes, note, g_str_equal, NULL))
        return;
    if (test->notes->len < TEST_NOTES_MAX) {
        tell_note(test, note);
        return;
    }
    host_log(test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, NULL, "note: %s", note);
    if (test->notes->len == TEST_NOTES_MAX)
        tell_note(test, "there are more notes: they are in the log");
}

void test_warn(struct test *test, const char *format, ...)
{
    if (test->warning != NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    test->warning = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

void test_failing(struct test *test, uint64_t scope, const GError *error)
{
    g_auto(test_cause_t) cause = {0};
    test_cause_of(test, error, &cause);
    if (test->is_failing || cause.status == VTMH__STATUS__STATUS_ABORTED)
        return;
    test->is_failing = scope == 0;
    test->ops->failing(test->node, scope, &cause);
}

Vtmh__Migration *test_add_migration(struct test *test, const char *vm, unsigned leg,
                                    unsigned source, unsigned destination)
{
    /* Unpacking nothing gives a record whose strings and memory protobuf-c itself owns. */
    Vtmh__Migration *record = vtmh__migration__unpack(NULL, 0, (const uint8_t *)"");
    record->vm = strdup(vm);
    record->leg = leg;
    record->source = source;
    record->destination = destination;
    record->cycle_ms = record->total_ms = record->setup_ms = record->downtime_ms = -1;
    record->stop_to_resume_ms = record->guest_gap_ms = record->switchover_gap_ms = -1;
    record->prepare_ms = -1;
    record->transferred_bytes = record->dirty_syncs = record->iterations = -1;
    record->pages_sent_again = record->set_pages = -1;
    record->remaining_bytes = -1;
    record->bytes_per_s = -1;
    record->throttle_percent = record->xbzrle_pages = record->compressed_pages = -1;
    record->multifd_bytes = record->switchover_pauses = -1;
    record->postcopy_bytes = record->postcopy_requests = -1;
    record->mirrored_bytes = -1;
    record->mirror_ms = record->compare_ms = -1;
    record->network_gap_in_ms = record->network_gap_out_ms = record->network_baseline_ms = -1;
    record->network_lost = record->network_announced = -1;
    g_ptr_array_add(test->migrations, record);
    return record;
}

void test_end_migration(struct test *test, Vtmh__Migration *record)
{
    Vtmh__Record told = VTMH__RECORD__INIT;
    told.body_case = VTMH__RECORD__BODY_LEG;
    told.leg = record;
    test->ops->record(test->node, &told);
    g_ptr_array_remove(test->migrations, record);
}

Vtmh__Status test_status_of(const GError *error)
{
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED))
        return VTMH__STATUS__STATUS_ABORTED;
    if (g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED))
        return VTMH__STATUS__STATUS_SKIP;
    if (error->domain == CFG_ERROR || g_error_matches(error, VM_ERROR, VM_ERROR_UNREACHABLE) ||
        g_error_matches(error, VM_ERROR, VM_ERROR_DIFFERENT) ||
        g_error_matches(error, VM_ERROR, VM_ERROR_SLOW))
        return VTMH__STATUS__STATUS_ERROR;
    return doing_blame(evidence_doing(error)) == BLAME_TESTBED ? VTMH__STATUS__STATUS_ERROR
                                                               : VTMH__STATUS__STATUS_FAIL;
}

void test_cause_of(const struct test *test, const GError *error, struct test_cause *cause)
{
    int about = evidence_about(error);
    bool is_other = about >= 0 && (unsigned)about < test->n_hosts;
    *cause = (struct test_cause){
        .status = test_status_of(error),
        .message = error->message,
        .doing =
            doing_text(evidence_doing(error), test->names[is_other ? (unsigned)about : test->self]),
        .evidence = evidence_of(error),
        .at_us = evidence_at_us(error),
        .about = is_other ? test->names[about] : "",
    };
}

void test_cause_clear(struct test_cause *cause)
{
    g_clear_pointer(&cause->doing, g_free);
}
