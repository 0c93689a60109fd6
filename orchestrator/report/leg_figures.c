#include "orchestrator/report/leg_figures.h"

#include "orchestrator/report/text_json.h"
#include "proto/leg_words.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct leg_result, field)

#define USAGE(side, process, name)                                                                 \
    {"usage." name ".cpu_ms", LEG_FIGURE_REAL, AT(usage[side][process].cpu_ms)},                   \
    {                                                                                              \
        "usage." name ".peak_rss_bytes", LEG_FIGURE_COUNT, AT(usage[side][process].peak_rss_bytes) \
    }

const struct leg_figure leg_figures[] = {
    {"vm", LEG_FIGURE_TEXT, AT(vm)},
    {"source", LEG_FIGURE_TEXT, AT(source)},
    {"destination", LEG_FIGURE_TEXT, AT(destination)},
    {"leg", LEG_FIGURE_NUMBER, AT(leg)},
    {"attempt", LEG_FIGURE_NUMBER, AT(attempt)},
    {"status", LEG_FIGURE_TEXT, AT(status)},
    {"as_planned", LEG_FIGURE_YES_NO, AT(is_as_planned)},
    {"cycle_ms", LEG_FIGURE_REAL, AT(cycle_ms)},
    {"total_ms", LEG_FIGURE_REAL, AT(total_ms)},
    {"downtime_ms", LEG_FIGURE_REAL, AT(downtime_ms)},
    {"stop_to_resume_ms", LEG_FIGURE_REAL, AT(stop_to_resume_ms)},
    {"guest_gap_ms", LEG_FIGURE_REAL, AT(guest_gap_ms)},
    {"memory_check", LEG_FIGURE_MEMORY_CHECK, AT(memory_check)},
    {"memory_check_reason", LEG_FIGURE_NOT_CHECKED, AT(not_checked)},
    {"bad_pages", LEG_FIGURE_BAD_PAGES, AT(bad_pages)},
    {"survivor", LEG_FIGURE_SURVIVOR, AT(survivor)},
    {"protocol", LEG_FIGURE_TEXT, AT(protocol)},
    {"guard", LEG_FIGURE_TEXT, AT(guard)},
    {"driver", LEG_FIGURE_TEXT, AT(driver)},
    {"offline", LEG_FIGURE_YES_NO, AT(offline)},
    {"prepared", LEG_FIGURE_YES_NO, AT(prepared)},
    {"prepare_ms", LEG_FIGURE_REAL, AT(prepare_ms)},
    {"setup_ms", LEG_FIGURE_REAL, AT(setup_ms)},
    {"downtime_parts.hypervisor_ms", LEG_FIGURE_REAL, AT(downtime_parts.hypervisor)},
    {"downtime_parts.moved_ms", LEG_FIGURE_REAL, AT(downtime_parts.moved)},
    {"downtime_parts.ledger_ms", LEG_FIGURE_REAL, AT(downtime_parts.ledger)},
    {"downtime_parts.cont_ms", LEG_FIGURE_REAL, AT(downtime_parts.cont)},
    {"guest_gap_source_ms", LEG_FIGURE_REAL, AT(guest_gap_source_ms)},
    {"switchover_gap_ms", LEG_FIGURE_REAL, AT(switchover_gap_ms)},
    {"network_gap_ms", LEG_FIGURE_REAL, AT(network_gap_ms)},
    {"transferred_bytes", LEG_FIGURE_COUNT, AT(transferred_bytes)},
    {"dirty_syncs", LEG_FIGURE_COUNT, AT(dirty_syncs)},
    {"iterations", LEG_FIGURE_COUNT, AT(iterations)},
    {"pages_sent_again", LEG_FIGURE_COUNT, AT(pages_sent_again)},
    {"set_pages", LEG_FIGURE_COUNT, AT(set_pages)},
    {"remaining_bytes", LEG_FIGURE_COUNT, AT(remaining_bytes)},
    {"bytes_per_s", LEG_FIGURE_REAL, AT(bytes_per_s)},
    {"options", LEG_FIGURE_TEXTS, AT(options)},
    {"params", LEG_FIGURE_OBJECT, AT(asked)},
    {"throttle_percent", LEG_FIGURE_COUNT, AT(throttle_percent)},
    {"xbzrle_pages", LEG_FIGURE_COUNT, AT(xbzrle_pages)},
    {"compressed_pages", LEG_FIGURE_COUNT, AT(compressed_pages)},
    {"multifd_bytes", LEG_FIGURE_COUNT, AT(multifd_bytes)},
    {"switchover_pauses", LEG_FIGURE_COUNT, AT(switchover_pauses)},
    {"postcopy_bytes", LEG_FIGURE_COUNT, AT(postcopy_bytes)},
    {"postcopy_requests", LEG_FIGURE_COUNT, AT(postcopy_requests)},
    {"recoveries", LEG_FIGURE_NUMBER, AT(recoveries)},
    USAGE(LEG_SOURCE, LEG_HYPERVISOR, "source.hypervisor"),
    USAGE(LEG_SOURCE, LEG_NODE, "source.node"),
    USAGE(LEG_SOURCE, LEG_RELAY, "source.relay"),
    USAGE(LEG_DESTINATION, LEG_HYPERVISOR, "destination.hypervisor"),
    USAGE(LEG_DESTINATION, LEG_NODE, "destination.node"),
    USAGE(LEG_DESTINATION, LEG_RELAY, "destination.relay"),
};
const unsigned n_leg_figures = G_N_ELEMENTS(leg_figures);

static struct leg_value text(const char *value)
{
    return (struct leg_value){.kind = value != NULL ? LEG_VALUE_TEXT : LEG_VALUE_NONE,
                              .text = value};
}

static struct leg_value integer(int64_t value)
{
    return (struct leg_value){.kind = LEG_VALUE_INTEGER, .integer = value};
}

static struct leg_value real(double value)
{
    bool is_measured = isfinite(value) && value >= 0;

    return (struct leg_value){.kind = is_measured ? LEG_VALUE_REAL : LEG_VALUE_NONE,
                              .real = round(value * 1000) / 1000};
}

struct leg_value leg_figure_value(const struct leg_figure *figure, const struct leg_result *leg)
{
    const void *at = (const char *)leg + figure->offset;
    static const struct leg_value none = {.kind = LEG_VALUE_NONE};

    switch (figure->kind) {
    case LEG_FIGURE_TEXT:
        return text(*(char *const *)at);
    case LEG_FIGURE_NUMBER:
        return integer(*(const unsigned *)at);
    case LEG_FIGURE_YES_NO:
        return (struct leg_value){.kind = LEG_VALUE_YES_NO, .integer = *(const bool *)at};
    case LEG_FIGURE_REAL:
        return real(*(const double *)at);
    case LEG_FIGURE_COUNT:
        return *(const int64_t *)at < 0 ? none : integer(*(const int64_t *)at);
    case LEG_FIGURE_TEXTS:
        return (struct leg_value){.kind = LEG_VALUE_TEXTS, .texts = *(GPtrArray *const *)at};
    case LEG_FIGURE_OBJECT:
        return (struct leg_value){.kind = LEG_VALUE_OBJECT, .object = *(json_t *const *)at};
    case LEG_FIGURE_MEMORY_CHECK:
        return memory_check_word(leg->memory_check) != NULL
                   ? text(memory_check_word(leg->memory_check))
                   : none;
    case LEG_FIGURE_NOT_CHECKED:
        return leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED ? text(leg->not_checked)
                                                                           : none;
    case LEG_FIGURE_BAD_PAGES:
        return leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_CORRUPT
                   ? integer((int64_t)leg->bad_pages)
                   : none;
    case LEG_FIGURE_SURVIVOR:
        return text(leg_survivor_word(leg->survivor));
    }
    return none;
}

static json_t *value_json(const struct leg_value *value)
{
    switch (value->kind) {
    case LEG_VALUE_TEXT:
        return text_json(value->text);
    case LEG_VALUE_REAL:
        return json_real(value->real);
    case LEG_VALUE_INTEGER:
        return json_integer(value->integer);
    case LEG_VALUE_YES_NO:
        return json_boolean(value->integer != 0);
    case LEG_VALUE_TEXTS:
        return texts_json(value->texts);
    case LEG_VALUE_OBJECT:
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

/* How many rows from there on are of the same object; 1 for a figure of the leg itself. */
static unsigned group_size(unsigned first)
{
    const char *name = leg_figures[first].name;
    const char *dot = strrchr(name, '.');
    size_t prefix = dot != NULL ? (size_t)(dot - name) + 1 : 0;
    unsigned size = 1;

    while (prefix > 0 && first + size < n_leg_figures &&
           strncmp(leg_figures[first + size].name, name, prefix) == 0)
        size++;
    return size;
}

/* What is not there at all in a leg that it does not concern. */
static bool is_left_out(const struct leg_figure *figure, const struct leg_value *value)
{
    return value->kind == LEG_VALUE_NONE &&
           (figure->kind == LEG_FIGURE_NOT_CHECKED || figure->kind == LEG_FIGURE_BAD_PAGES);
}

/* Rows of one object: it is null if nothing of it was measured. */
static void add_group(json_t *object, const struct leg_figure *figures, unsigned n,
                      const struct leg_result *leg)
{
    const char *key;
    json_t *home = home_of(object, figures[0].name, &key);
    bool any = false;

    for (unsigned i = 0; i < n; i++) {
        struct leg_value value = leg_figure_value(&figures[i], leg);

        any |= value.kind != LEG_VALUE_NONE;
        if (!is_left_out(&figures[i], &value))
            json_object_set_new(home, strrchr(figures[i].name, '.') + 1, value_json(&value));
    }
    if (!any) {
        g_autofree char *name = g_strndup(figures[0].name, (gsize)(key - 1 - figures[0].name));

        home = home_of(object, name, &key);
        json_object_set_new(home, key, json_null());
    }
}

json_t *leg_json(const struct leg_result *leg)
{
    json_t *object = json_object();

    for (unsigned i = 0, n; i < n_leg_figures; i += n) {
        n = group_size(i);
        if (strchr(leg_figures[i].name, '.') != NULL) {
            add_group(object, &leg_figures[i], n, leg);
            continue;
        }
        struct leg_value value = leg_figure_value(&leg_figures[i], leg);

        if (!is_left_out(&leg_figures[i], &value))
            json_object_set_new(object, leg_figures[i].name, value_json(&value));
    }
    return object;
}
