#include "orchestrator/report/figures.h"

#include "orchestrator/report/text_json.h"
#include "proto/leg_words.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct leg_result, field)

#define USAGE(side, process, name)                                                                 \
    {"usage." name ".cpu_ms", FIGURE_REAL, AT(usage[side][process].cpu_ms)},                       \
    {                                                                                              \
        "usage." name ".peak_rss_bytes", FIGURE_COUNT, AT(usage[side][process].peak_rss_bytes)     \
    }

static const struct figure leg_rows[] = {
    {"vm", FIGURE_TEXT, AT(vm)},
    {"source", FIGURE_TEXT, AT(source)},
    {"destination", FIGURE_TEXT, AT(destination)},
    {"leg", FIGURE_NUMBER, AT(leg)},
    {"attempt", FIGURE_NUMBER, AT(attempt)},
    {"status", FIGURE_TEXT, AT(status)},
    {"as_planned", FIGURE_YES_NO, AT(is_as_planned)},
    {"cycle_ms", FIGURE_REAL, AT(cycle_ms)},
    {"total_ms", FIGURE_REAL, AT(total_ms)},
    {"downtime_ms", FIGURE_REAL, AT(downtime_ms)},
    {"stop_to_resume_ms", FIGURE_REAL, AT(stop_to_resume_ms)},
    {"guest_gap_ms", FIGURE_REAL, AT(guest_gap_ms)},
    {"memory_check", FIGURE_MEMORY_CHECK, AT(memory_check)},
    {"memory_check_reason", FIGURE_NOT_CHECKED, AT(not_checked)},
    {"bad_pages", FIGURE_BAD_PAGES, AT(bad_pages)},
    {"survivor", FIGURE_SURVIVOR, AT(survivor)},
    {"protocol", FIGURE_TEXT, AT(protocol)},
    {"guard", FIGURE_TEXT, AT(guard)},
    {"driver", FIGURE_TEXT, AT(driver)},
    {"offline", FIGURE_YES_NO, AT(offline)},
    {"prepared", FIGURE_YES_NO, AT(prepared)},
    {"prepare_ms", FIGURE_REAL, AT(prepare_ms)},
    {"setup_ms", FIGURE_REAL, AT(setup_ms)},
    {"downtime_parts.hypervisor_ms", FIGURE_REAL, AT(downtime_parts.hypervisor)},
    {"downtime_parts.moved_ms", FIGURE_REAL, AT(downtime_parts.moved)},
    {"downtime_parts.ledger_ms", FIGURE_REAL, AT(downtime_parts.ledger)},
    {"downtime_parts.cont_ms", FIGURE_REAL, AT(downtime_parts.cont)},
    {"guest_gap_source_ms", FIGURE_REAL, AT(guest_gap_source_ms)},
    {"switchover_gap_ms", FIGURE_REAL, AT(switchover_gap_ms)},
    {"guest_clock_source_ms", FIGURE_SIGNED, AT(guest_clock_source_ms)},
    {"guest_clock_destination_ms", FIGURE_SIGNED, AT(guest_clock_destination_ms)},
    {"guest_clock_drift_ms", FIGURE_SIGNED, AT(guest_clock_drift_ms)},
    {"network_gap_ms", FIGURE_REAL, AT(network_gap_ms)},
    {"network_gap_in_ms", FIGURE_REAL, AT(network_gap_in_ms)},
    {"network_gap_out_ms", FIGURE_REAL, AT(network_gap_out_ms)},
    {"network_gap_at", FIGURE_TEXT, AT(network_gap_at)},
    {"network_baseline_ms", FIGURE_REAL, AT(network_baseline_ms)},
    {"network_lost", FIGURE_COUNT, AT(network_lost)},
    {"network_announced", FIGURE_COUNT, AT(network_announced)},
    {"network_observer", FIGURE_TEXT, AT(network_observer)},
    {"transferred_bytes", FIGURE_COUNT, AT(transferred_bytes)},
    {"dirty_syncs", FIGURE_COUNT, AT(dirty_syncs)},
    {"iterations", FIGURE_COUNT, AT(iterations)},
    {"pages_sent_again", FIGURE_COUNT, AT(pages_sent_again)},
    {"set_pages", FIGURE_COUNT, AT(set_pages)},
    {"remaining_bytes", FIGURE_COUNT, AT(remaining_bytes)},
    {"bytes_per_s", FIGURE_REAL, AT(bytes_per_s)},
    {"options", FIGURE_TEXTS, AT(options)},
    {"params", FIGURE_OBJECT, AT(asked)},
    {"throttle_percent", FIGURE_COUNT, AT(throttle_percent)},
    {"xbzrle_pages", FIGURE_COUNT, AT(xbzrle_pages)},
    {"compressed_pages", FIGURE_COUNT, AT(compressed_pages)},
    {"multifd_bytes", FIGURE_COUNT, AT(multifd_bytes)},
    {"switchover_pauses", FIGURE_COUNT, AT(switchover_pauses)},
    {"postcopy_bytes", FIGURE_COUNT, AT(postcopy_bytes)},
    {"postcopy_requests", FIGURE_COUNT, AT(postcopy_requests)},
    {"mirrored_bytes", FIGURE_COUNT, AT(mirrored_bytes)},
    {"mirror_ms", FIGURE_REAL, AT(mirror_ms)},
    {"compare_ms", FIGURE_REAL, AT(compare_ms)},
    {"recoveries", FIGURE_NUMBER, AT(recoveries)},
    USAGE(LEG_SOURCE, LEG_HYPERVISOR, "source.hypervisor"),
    USAGE(LEG_SOURCE, LEG_NODE, "source.node"),
    USAGE(LEG_SOURCE, LEG_RELAY, "source.relay"),
    USAGE(LEG_DESTINATION, LEG_HYPERVISOR, "destination.hypervisor"),
    USAGE(LEG_DESTINATION, LEG_NODE, "destination.node"),
    USAGE(LEG_DESTINATION, LEG_RELAY, "destination.relay"),
};

#undef AT
#define AT(field) offsetof(struct test_result, field)

static const struct figure test_rows[] = {
    {"name", FIGURE_TEXT, AT(shortname)},        {"full_name", FIGURE_TEXT, AT(name)},
    {"status", FIGURE_STATUS, AT(status)},       {"type", FIGURE_TEXT, AT(type)},
    {"guest", FIGURE_TEXT, AT(guest)},           {"fail_host", FIGURE_TEXT, AT(fail_host)},
    {"fail_cause", FIGURE_TEXT, AT(fail_cause)}, {"fail_context", FIGURE_TEXT, AT(fail_context)},
    {"start_s", FIGURE_MOMENT, AT(start_us)},    {"end_s", FIGURE_MOMENT, AT(end_us)},
    {"elapsed_s", FIGURE_REAL, AT(elapsed_s)},
};

static const struct figure sample_rows[] = {
    {"leg", FIGURE_NUMBER, offsetof(Vtmh__Sample, leg)},
    {"process", FIGURE_TEXT, offsetof(Vtmh__Sample, process)},
    {"rss_bytes", FIGURE_COUNT, offsetof(Vtmh__Sample, rss_bytes)},
    {"descriptors", FIGURE_COUNT, offsetof(Vtmh__Sample, descriptors)},
    {"cpu_ms", FIGURE_REAL, offsetof(Vtmh__Sample, cpu_ms)},
    {"cpu_pressure", FIGURE_REAL, offsetof(Vtmh__Sample, cpu_pressure)},
    {"memory_pressure", FIGURE_REAL, offsetof(Vtmh__Sample, memory_pressure)},
    {"io_pressure", FIGURE_REAL, offsetof(Vtmh__Sample, io_pressure)},
    {"steal", FIGURE_REAL, offsetof(Vtmh__Sample, steal)},
    {"load", FIGURE_REAL, offsetof(Vtmh__Sample, load)},
    {"files", FIGURE_COUNT, offsetof(Vtmh__Sample, files)},
    {"file_bytes", FIGURE_COUNT, offsetof(Vtmh__Sample, file_bytes)},
};

static const struct figure step_rows[] = {
    {"vm", FIGURE_TEXT, offsetof(Vtmh__Step, vm)},
    {"leg", FIGURE_NUMBER, offsetof(Vtmh__Step, leg)},
    {"text", FIGURE_TEXT, offsetof(Vtmh__Step, text)},
    {"done", FIGURE_FLAG, offsetof(Vtmh__Step, done)},
};

static const struct figure note_rows[] = {{"text", FIGURE_TEXT, offsetof(Vtmh__Record, note)}};
static const struct figure leak_rows[] = {{"text", FIGURE_TEXT, offsetof(Vtmh__Record, leak)}};

const struct figure_table figures_of_leg = {"leg", "legs", leg_rows, G_N_ELEMENTS(leg_rows)};
const struct figure_table figures_of_test = {"test", "tests", test_rows, G_N_ELEMENTS(test_rows)};
const struct figure_table figures_of_sample = {"sample", "samples", sample_rows,
                                               G_N_ELEMENTS(sample_rows)};
const struct figure_table figures_of_step = {"step", "steps", step_rows, G_N_ELEMENTS(step_rows)};
const struct figure_table figures_of_note = {"note", "notes", note_rows, G_N_ELEMENTS(note_rows)};
const struct figure_table figures_of_leak = {"leak", "leaks", leak_rows, G_N_ELEMENTS(leak_rows)};

const struct figure_table *figures_of_record(const Vtmh__Record *record, const void **self_out)
{
    *self_out = record;
    switch (record->body_case) {
    case VTMH__RECORD__BODY_SAMPLE:
        *self_out = record->sample;
        return &figures_of_sample;
    case VTMH__RECORD__BODY_STEP:
        *self_out = record->step;
        return &figures_of_step;
    case VTMH__RECORD__BODY_NOTE:
        return &figures_of_note;
    case VTMH__RECORD__BODY_LEAK:
        return &figures_of_leak;
    default:
        return NULL;
    }
}

static const struct value none = {.kind = VALUE_NONE};

static struct value text(const char *value)
{
    bool is_said = value != NULL && *value != '\0';

    return (struct value){.kind = is_said ? VALUE_TEXT : VALUE_NONE, .text = value};
}

static struct value integer(int64_t value)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = value};
}

static struct value real(double value)
{
    bool is_measured = isfinite(value) && value >= 0;

    return (struct value){.kind = is_measured ? VALUE_REAL : VALUE_NONE,
                          .real = round(value * 1000) / 1000};
}

/* One that may be negative: NAN is not measured. */
static struct value signed_real(double value)
{
    return (struct value){.kind = isfinite(value) ? VALUE_REAL : VALUE_NONE,
                          .real = isfinite(value) ? round(value * 1000) / 1000 : 0};
}

static struct value moment(int64_t time_us)
{
    return real(time_us > 0 ? (double)time_us / G_USEC_PER_SEC : -1);
}

/* The figures that are of a leg alone. */
static struct value value_of_leg(enum figure_kind kind, const struct leg_result *leg)
{
    bool is_checked = leg->memory_check != VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED;
    bool is_corrupt = leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_CORRUPT;

    switch (kind) {
    case FIGURE_MEMORY_CHECK:
        return text(memory_check_word(leg->memory_check));
    case FIGURE_NOT_CHECKED:
        return text(is_checked ? NULL : leg->not_checked);
    case FIGURE_BAD_PAGES:
        return is_corrupt ? integer((int64_t)leg->bad_pages) : none;
    case FIGURE_SURVIVOR:
        return text(leg_survivor_word(leg->survivor));
    default:
        g_assert_not_reached();
    }
}

struct value figure_value(const struct figure *figure, const void *self)
{
    const void *at = (const char *)self + figure->offset;

    switch (figure->kind) {
    case FIGURE_TEXT:
        return text(*(char *const *)at);
    case FIGURE_NUMBER:
        return integer(*(const unsigned *)at);
    case FIGURE_YES_NO:
        return (struct value){.kind = VALUE_YES_NO, .integer = *(const bool *)at};
    case FIGURE_FLAG:
        return (struct value){.kind = VALUE_YES_NO, .integer = *(const protobuf_c_boolean *)at};
    case FIGURE_REAL:
        return real(*(const double *)at);
    case FIGURE_SIGNED:
        return signed_real(*(const double *)at);
    case FIGURE_COUNT:
        return *(const int64_t *)at < 0 ? none : integer(*(const int64_t *)at);
    case FIGURE_MOMENT:
        return moment(*(const int64_t *)at);
    case FIGURE_TEXTS:
        return (struct value){.kind = VALUE_TEXTS, .texts = *(GPtrArray *const *)at};
    case FIGURE_OBJECT:
        return (struct value){.kind = VALUE_OBJECT, .object = *(json_t *const *)at};
    case FIGURE_STATUS:
        return *(const Vtmh__Status *)at == VTMH__STATUS__STATUS_NONE
                   ? none
                   : text(status_name(*(const Vtmh__Status *)at));
    default:
        return value_of_leg(figure->kind, self);
    }
}

json_t *value_json(const struct value *value)
{
    switch (value->kind) {
    case VALUE_TEXT:
        return text_json(value->text);
    case VALUE_REAL:
        return json_real(value->real);
    case VALUE_INTEGER:
        return json_integer(value->integer);
    case VALUE_YES_NO:
        return json_boolean(value->integer != 0);
    case VALUE_TEXTS:
        return texts_json(value->texts);
    case VALUE_OBJECT:
        return json_incref(value->object);
    default:
        return json_null();
    }
}

/* The object that the last word of a name is a key of, made where it is missing. *key_out: that
 * word. Transfer none. */
static json_t *home_of(json_t *object, const char *name, const char **key_out)
{
    const char *dot;

    while ((dot = strchr(name, '.')) != NULL) {
        g_autofree char *key = g_strndup(name, (gsize)(dot - name));
        json_t *inner = json_object_get(object, key);

        if (inner == NULL) {
            inner = json_object();
            json_object_set_new(object, key, inner);
        }
        object = inner;
        name = dot + 1;
    }
    *key_out = name;
    return object;
}

/* How many rows from there on are of the same object; 1 for a figure that is in none. */
static unsigned group_size(const struct figure *rows, unsigned n)
{
    const char *dot = strrchr(rows[0].name, '.');
    size_t prefix = dot != NULL ? (size_t)(dot - rows[0].name) + 1 : 0;
    unsigned size = 1;

    while (prefix > 0 && size < n && strncmp(rows[size].name, rows[0].name, prefix) == 0)
        size++;
    return size;
}

/* Rows of one object. */
static void add_group(json_t *object, const struct figure *rows, unsigned n, const void *self)
{
    const char *key;
    json_t *home = home_of(object, rows[0].name, &key);
    bool any = false;

    for (unsigned i = 0; i < n; i++) {
        struct value value = figure_value(&rows[i], self);

        any |= value.kind != VALUE_NONE;
        json_object_set_new(home, strrchr(rows[i].name, '.') + 1, value_json(&value));
    }
    if (!any) {
        g_autofree char *name = g_strndup(rows[0].name, (gsize)(key - 1 - rows[0].name));

        home = home_of(object, name, &key);
        json_object_set_new(home, key, json_null());
    }
}

static void add_figure(json_t *object, const struct figure *row, const void *self)
{
    struct value value = figure_value(row, self);
    bool concerns_few = row->kind == FIGURE_NOT_CHECKED || row->kind == FIGURE_BAD_PAGES;

    if (value.kind != VALUE_NONE || !concerns_few)
        json_object_set_new(object, row->name, value_json(&value));
}

json_t *figures_json(const struct figure_table *table, const void *self)
{
    json_t *object = json_object();

    for (unsigned i = 0, n; i < table->n; i += n) {
        n = group_size(&table->rows[i], table->n - i);
        if (strchr(table->rows[i].name, '.') != NULL)
            add_group(object, &table->rows[i], n, self);
        else
            add_figure(object, &table->rows[i], self);
    }
    return object;
}
