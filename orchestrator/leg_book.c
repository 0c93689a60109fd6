#include "orchestrator/leg_book.h"

#include <math.h>
#include <string.h>

struct leg_book {
    GStrv hosts;
    GHashTable *waiting; /* "LEG ATTEMPT VM" -> struct joined_leg */
};

/* Transfer full. */
static char *key_of(unsigned leg, unsigned attempt, const char *vm)
{
    return g_strdup_printf("%u %u %s", leg, attempt, vm);
}

/* leg: as the first end that tells of it has it. */
static struct leg_result *new_leg(const struct leg_book *book, const Vtmh__Migration *record)
{
    struct leg_result *leg = leg_result_new();
    leg->vm = g_strdup(record->vm);
    leg->source = g_strdup(book->hosts[record->source]);
    leg->destination = g_strdup(book->hosts[record->destination]);
    leg->protocol = g_strdup(record->protocol);
    leg->guard = *record->guard != '\0' ? g_strdup(record->guard) : NULL;
    leg->leg = record->leg;
    leg->attempt = record->attempt;
    leg->status = g_strdup(record->status);
    leg->offline = record->offline;
    leg->survivor = record->survivor;
    return leg;
}

static struct joined_leg *new_joint(const struct leg_book *book, const Vtmh__Migration *record)
{
    struct joined_leg *joint = g_new0(struct joined_leg, 1);
    joint->leg = new_leg(book, record);
    joint->source = record->source;
    joint->destination = record->destination;
    joint->ends = record->expected_ends;
    joint->survivors = record->expected_survivors;
    joint->gaps_ms[LEG_SOURCE] = joint->gaps_ms[LEG_DESTINATION] = -1;
    return joint;
}

/* Each end knows its own copy best; of the other's it only knows what it was told. */
static Vtmh__Survivor survivor_of(const struct joined_leg *joint)
{
    if (joint->source_says == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN ||
        joint->destination_says == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN)
        return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    if (joint->by_destination && joint->source_says == VTMH__SURVIVOR__SURVIVOR_DESTINATION)
        return joint->destination_says;
    return joint->source_says != VTMH__SURVIVOR__SURVIVOR_NONE ? joint->source_says
                                                               : joint->destination_says;
}

/* The figure that was measured; each is measured at one end only. */
#define TAKE(figure)                                                                               \
    do {                                                                                           \
        if (record->figure >= 0)                                                                   \
            leg->figure = record->figure;                                                          \
    } while (0)

/* A leg has completed only if both ends say so. It was called off, not failed, if one end was told
 * so and the other failed by that alone: by what it saw of the first. */
static void join_status(struct joined_leg *joint, const Vtmh__Migration *record)
{
    bool is_cancelled = strcmp(record->status, "cancelled") == 0;
    bool has_failed = !is_cancelled && strcmp(record->status, "completed") != 0;
    const char *status = joint->leg->status;
    bool is_agreed = strcmp(record->status, "refused") == 0 ||
                     strcmp(record->status, "uncertain") == 0; /* both ends say the same */
    joint->was_cancelled |= is_cancelled;
    joint->has_failed |= has_failed && !record->is_symptom;
    if (joint->was_cancelled)
        status = joint->has_failed ? "failed" : "cancelled";
    else if (has_failed)
        status = is_agreed ? record->status : "failed";
    if (strcmp(status, joint->leg->status) == 0)
        return;
    g_free(joint->leg->status);
    joint->leg->status = g_strdup(status);
}

static void take_usage(struct process_usage *usage, const Vtmh__Usage *record)
{
    if (record != NULL)
        *usage = (struct process_usage){record->cpu_ms, record->peak_rss_bytes};
}

static void take_parts(struct downtime_parts *parts, const Vtmh__DowntimeParts *record)
{
    if (record != NULL)
        *parts = (struct downtime_parts){record->hypervisor_ms, record->moved_ms, record->ledger_ms,
                                         record->cont_ms};
}

/* What each end has measured for itself. The guest's longest gap in the leg is known only where
 * both know theirs. */
static void join_end(struct joined_leg *joint, enum leg_side side, const Vtmh__Migration *record)
{
    struct leg_result *leg = joint->leg;
    take_usage(&leg->usage[side][LEG_HYPERVISOR], record->hypervisor);
    take_usage(&leg->usage[side][LEG_NODE], record->node);
    take_usage(&leg->usage[side][LEG_RELAY], record->relay);
    take_parts(&leg->downtime_parts, record->downtime_parts);
    joint->gaps_ms[side] = record->guest_gap_ms;
    leg->guest_gap_source_ms = joint->gaps_ms[LEG_SOURCE];
    leg->guest_gap_ms = joint->gaps_ms[LEG_SOURCE] < 0 || joint->gaps_ms[LEG_DESTINATION] < 0
                            ? -1
                            : MAX(joint->gaps_ms[LEG_SOURCE], joint->gaps_ms[LEG_DESTINATION]);
}

/* How the guest's clock went on from host to host shows where both have one to compare it with. */
static void take_clock(struct leg_result *leg, enum leg_side side, const Vtmh__Migration *record)
{
    if (!record->guest_clock_known || !isfinite(record->guest_clock_ahead_ms))
        return;
    *(side == LEG_SOURCE ? &leg->guest_clock_source_ms : &leg->guest_clock_destination_ms) =
        record->guest_clock_ahead_ms;
    if (record->one_clock)
        leg->guest_clock_drift_ms = leg->guest_clock_destination_ms - leg->guest_clock_source_ms;
}

/* Those of both ends, which need not be the same. */
static void add_options(struct leg_result *leg, const Vtmh__Migration *record)
{
    for (size_t i = 0; i < record->n_options; i++)
        if (!g_ptr_array_find_with_equal_func(leg->options, record->options[i], g_str_equal, NULL))
            g_ptr_array_add(leg->options, g_strdup(record->options[i]));
}

/* Both ends were asked the same. */
static void add_asked(struct leg_result *leg, const Vtmh__Migration *record)
{
    for (size_t i = 0; i < record->n_asked; i++)
        json_object_set_new(leg->asked, record->asked[i]->key,
                            json_string(record->asked[i]->value));
}

/* The destination has it of whoever has asked. */
static void take_network(struct leg_result *leg, const Vtmh__Migration *record)
{
    TAKE(network_gap_in_ms);
    TAKE(network_gap_out_ms);
    TAKE(network_baseline_ms);
    TAKE(network_lost);
    TAKE(network_announced);
    leg->network_gap_ms = MAX(leg->network_gap_in_ms, leg->network_gap_out_ms);
    if (*record->network_gap_at != '\0' && leg->network_gap_at == NULL)
        leg->network_gap_at = g_strdup(record->network_gap_at);
    if (*record->network_observer != '\0' && leg->network_observer == NULL)
        leg->network_observer = g_strdup(record->network_observer);
}

static void join(struct joined_leg *joint, unsigned host, const Vtmh__Migration *record)
{
    struct leg_result *leg = joint->leg;
    bool is_same = record->source == joint->source && record->destination == joint->destination;
    joint->ends &= record->expected_ends;
    joint->survivors &= record->expected_survivors;
    joint->by_source |= is_same && host == record->source;
    joint->by_destination |= is_same && host == record->destination;
    if (host == joint->destination)
        joint->destination_says = record->survivor;
    else
        joint->source_says = record->survivor;
    leg->survivor = survivor_of(joint);
    join_status(joint, record);
    join_end(joint, host == joint->destination ? LEG_DESTINATION : LEG_SOURCE, record);
    if (leg->driver == NULL && *record->driver != '\0')
        leg->driver = g_strdup(record->driver);
    TAKE(cycle_ms);
    TAKE(prepare_ms);
    TAKE(total_ms);
    TAKE(setup_ms);
    TAKE(downtime_ms);
    TAKE(stop_to_resume_ms);
    TAKE(switchover_gap_ms);
    TAKE(transferred_bytes);
    TAKE(dirty_syncs);
    TAKE(iterations);
    leg->one_clock |= record->one_clock;
    leg->prepared |= record->prepared;
    TAKE(pages_sent_again);
    TAKE(set_pages);
    TAKE(remaining_bytes);
    TAKE(bytes_per_s);
    TAKE(throttle_percent);
    TAKE(xbzrle_pages);
    TAKE(compressed_pages);
    TAKE(multifd_bytes);
    TAKE(switchover_pauses);
    TAKE(postcopy_bytes);
    TAKE(postcopy_requests);
    TAKE(mirrored_bytes);
    TAKE(mirror_ms);
    TAKE(compare_ms);
    take_network(leg, record);
    take_clock(leg, host == joint->destination ? LEG_DESTINATION : LEG_SOURCE, record);
    leg->recoveries = MAX(leg->recoveries, record->recoveries);
    add_options(leg, record);
    add_asked(leg, record);
    if (*record->not_checked != '\0' && leg->not_checked == NULL)
        leg->not_checked = g_strdup(record->not_checked);
    if (record->memory_check != VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED &&
        leg->memory_check != VTMH__MEMORY_CHECK__MEMORY_CORRUPT) {
        leg->memory_check = record->memory_check;
        leg->bad_pages = record->bad_pages;
    }
}

void joined_leg_free(struct joined_leg *joint)
{
    if (joint == NULL)
        return;
    leg_result_free(joint->leg);
    g_free(joint);
}

static void free_joint(gpointer joint)
{
    joined_leg_free(joint);
}

struct leg_book *leg_book_new(const char *const *hosts)
{
    struct leg_book *book = g_new0(struct leg_book, 1);
    book->hosts = g_strdupv((char **)hosts);
    book->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_joint);
    return book;
}

void leg_book_free(struct leg_book *book)
{
    if (book == NULL)
        return;
    g_strfreev(book->hosts);
    g_hash_table_unref(book->waiting);
    g_free(book);
}

struct joined_leg *leg_book_take(struct leg_book *book, unsigned host, uint64_t number,
                                 const Vtmh__Migration *record)
{
    g_autofree char *key = key_of(record->leg, record->attempt, record->vm);
    struct joined_leg *joint = g_hash_table_lookup(book->waiting, key);
    if (joint == NULL) {
        joint = new_joint(book, record);
        joint->first_host = host;
        joint->first_number = number;
        g_hash_table_insert(book->waiting, g_strdup(key), joint);
    }
    join(joint, host, record);
    if (!joint->by_source || !joint->by_destination)
        return NULL;
    g_autofree char *stolen = NULL;
    g_hash_table_steal_extended(book->waiting, key, (gpointer *)&stolen, NULL);
    return joint;
}

uint64_t leg_book_first_waiting(const struct leg_book *book, unsigned host)
{
    uint64_t first = UINT64_MAX;
    GHashTableIter iter;
    void *value;
    g_hash_table_iter_init(&iter, book->waiting);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct joined_leg *joint = value;
        if (joint->first_host == host)
            first = MIN(first, joint->first_number);
    }
    return first;
}

unsigned leg_book_waiting(const struct leg_book *book)
{
    return g_hash_table_size(book->waiting);
}

static int by_leg(gconstpointer a, gconstpointer b)
{
    const struct joined_leg *left = *(struct joined_leg *const *)a;
    const struct joined_leg *right = *(struct joined_leg *const *)b;
    return leg_result_compare(left->leg, right->leg);
}

GPtrArray *leg_book_take_rest(struct leg_book *book)
{
    GPtrArray *rest = g_ptr_array_new_with_free_func(free_joint);
    GHashTableIter iter;
    void *key, *joint;
    g_hash_table_iter_init(&iter, book->waiting);
    while (g_hash_table_iter_next(&iter, &key, &joint)) {
        g_hash_table_iter_steal(&iter);
        g_ptr_array_add(rest, joint);
        g_free(key);
    }
    g_ptr_array_sort(rest, by_leg);
    return rest;
}
