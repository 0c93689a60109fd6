/* The record of a leg, joined from what both ends say of it. */
#include "tests/unit/verdict_help.h"

#include <math.h>

static const struct leg_result *only_leg(const struct scenario *s)
{
    cr_assert_eq(s->result->legs->len, 1);
    return g_ptr_array_index(s->result->legs, 0);
}

Test(verdict_legs, joins_what_was_measured_at_either_end)
{
    g_autoptr(scenario) s = scenario_new();
    leg_of(s, HOST1)->total_ms = 120;
    leg_of(s, HOST1)->downtime_ms = 0;
    leg_of(s, HOST1)->dirty_syncs = 4;
    leg_of(s, HOST1)->guest_gap_ms = 4;
    leg_of(s, HOST2)->guest_gap_ms = 31;
    leg_of(s, HOST2)->switchover_gap_ms = 31;
    leg_of(s, HOST2)->memory_check = VTMH__MEMORY_CHECK__MEMORY_CLEAN;
    join(s);
    const struct leg_result *leg = only_leg(s);
    cr_expect_float_eq(leg->total_ms, 120, 1e-9);
    cr_expect_float_eq(leg->downtime_ms, 0, 1e-9);
    cr_expect_float_eq(leg->guest_gap_ms, 31, 1e-9);
    cr_expect_float_eq(leg->guest_gap_source_ms, 4, 1e-9);
    cr_expect_float_eq(leg->switchover_gap_ms, 31, 1e-9);
    cr_expect_lt(leg->cycle_ms, 0, "what nobody measured stays unmeasured");
    cr_expect_lt(leg->network_gap_ms, 0);
    cr_expect_eq(leg->dirty_syncs, 4);
    cr_expect_eq(leg->memory_check, VTMH__MEMORY_CHECK__MEMORY_CLEAN);
    cr_expect_str_eq(leg->source, "host1");
    cr_expect_str_eq(leg->destination, "host2");
}

Test(verdict_legs, the_guests_gap_is_the_longest_in_the_whole_leg_or_not_known)
{
    static const struct {
        double source_ms, destination_ms, joined_ms;
    } cases[] = {{500, 31, 500}, {0, 31, 31}, {-1, 31, -1}, {500, -1, -1}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(scenario) s = scenario_new();
        leg_of(s, HOST1)->guest_gap_ms = cases[i].source_ms;
        leg_of(s, HOST2)->guest_gap_ms = cases[i].destination_ms;
        join(s);
        cr_expect_float_eq(only_leg(s)->guest_gap_ms, cases[i].joined_ms, 1e-9, "case %u", i);
        cr_expect_float_eq(only_leg(s)->guest_gap_source_ms, cases[i].source_ms, 1e-9);
    }
}

Test(verdict_legs, the_guests_clock_drifts_from_its_source_on_where_the_hosts_have_one_clock)
{
    static const struct {
        bool source_knows, destination_knows, one_clock;
        double drift_ms;
    } cases[] = {{true, true, true, -80},
                 {true, true, false, NAN},
                 {false, true, true, NAN},
                 {true, false, true, NAN}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(scenario) s = scenario_new();
        leg_of(s, HOST1)->guest_clock_known = cases[i].source_knows;
        leg_of(s, HOST1)->guest_clock_ahead_ms = 30;
        leg_of(s, HOST2)->guest_clock_known = cases[i].destination_knows;
        leg_of(s, HOST2)->guest_clock_ahead_ms = -50;
        leg_of(s, HOST1)->one_clock = leg_of(s, HOST2)->one_clock = cases[i].one_clock;
        join(s);
        const struct leg_result *leg = only_leg(s);
        cr_expect_eq(isnan(leg->guest_clock_source_ms), !cases[i].source_knows, "case %u", i);
        cr_expect_eq(isnan(leg->guest_clock_destination_ms), !cases[i].destination_knows);
        cr_expect_eq(isnan(leg->guest_clock_drift_ms), isnan(cases[i].drift_ms), "case %u", i);
        if (!isnan(cases[i].drift_ms))
            cr_expect_float_eq(leg->guest_clock_drift_ms, cases[i].drift_ms, 1e-9);
    }
}

static Vtmh__Usage *usage(double cpu_ms, int64_t peak_rss_bytes)
{
    Vtmh__Usage *usage = vtmh__usage__unpack(NULL, 0, (const uint8_t *)"");
    usage->cpu_ms = cpu_ms;
    usage->peak_rss_bytes = peak_rss_bytes;
    return usage;
}

Test(verdict_legs, what_was_used_is_told_of_each_end_by_itself)
{
    g_autoptr(scenario) s = scenario_new();
    leg_of(s, HOST1)->hypervisor = usage(12.5, 1 << 20);
    leg_of(s, HOST2)->hypervisor = usage(7, 2 << 20);
    leg_of(s, HOST2)->node = usage(-1, 3 << 20);
    leg_of(s, HOST1)->relay = usage(1, 4 << 20);
    join(s);
    const struct leg_result *leg = only_leg(s);
    cr_expect_float_eq(leg->usage[LEG_SOURCE][LEG_HYPERVISOR].cpu_ms, 12.5, 1e-9);
    cr_expect_float_eq(leg->usage[LEG_DESTINATION][LEG_HYPERVISOR].cpu_ms, 7, 1e-9);
    cr_expect_eq(leg->usage[LEG_DESTINATION][LEG_NODE].peak_rss_bytes, 3 << 20);
    cr_expect_eq(leg->usage[LEG_SOURCE][LEG_RELAY].peak_rss_bytes, 4 << 20);
    cr_expect_lt(leg->usage[LEG_SOURCE][LEG_NODE].cpu_ms, 0);
    cr_expect_lt(leg->usage[LEG_DESTINATION][LEG_RELAY].peak_rss_bytes, 0);
}

Test(verdict_legs, has_the_parts_of_the_downtime_that_the_destination_measured)
{
    g_autoptr(scenario) without = scenario_new(), with = scenario_new();
    Vtmh__DowntimeParts *parts = vtmh__downtime_parts__unpack(NULL, 0, (const uint8_t *)"");
    parts->hypervisor_ms = 5;
    parts->moved_ms = 2;
    parts->cont_ms = 1;
    leg_of(with, HOST2)->downtime_parts = parts;
    join(without);
    join(with);
    cr_expect_lt(only_leg(without)->downtime_parts.moved, 0);
    cr_expect_float_eq(only_leg(with)->downtime_parts.moved, 2, 1e-9);
    cr_expect_float_eq(only_leg(with)->downtime_parts.ledger, 0, 1e-9);
}

Test(verdict_legs, corrupt_memory_is_in_the_record_whatever_the_other_end_says)
{
    for (unsigned swap = 0; swap < 2; swap++) {
        g_autoptr(scenario) s = scenario_new();
        leg_of(s, swap ? HOST2 : HOST1)->memory_check = VTMH__MEMORY_CHECK__MEMORY_CORRUPT;
        leg_of(s, swap ? HOST2 : HOST1)->bad_pages = 3;
        leg_of(s, swap ? HOST1 : HOST2)->memory_check = VTMH__MEMORY_CHECK__MEMORY_CLEAN;
        join(s);
        cr_expect_eq(only_leg(s)->memory_check, VTMH__MEMORY_CHECK__MEMORY_CORRUPT);
        cr_expect_eq(only_leg(s)->bad_pages, 3);
        cr_expect_eq(s->result->status, ERROR);
    }
}

Test(verdict_legs, a_leg_is_cancelled_if_the_other_end_failed_by_that_alone)
{
    for (unsigned swap = 0; swap < 2; swap++) {
        g_autoptr(scenario) s = scenario_new();
        unsigned told = swap ? HOST2 : HOST1, broken = swap ? HOST1 : HOST2;
        leg_of(s, told)->status = replace(leg_of(s, told)->status, "cancelled");
        leg_of(s, broken)->status = replace(leg_of(s, broken)->status, "failed");
        leg_of(s, broken)->is_symptom = true;
        join(s);
        cr_expect_str_eq(only_leg(s)->status, "cancelled");
    }
}

Test(verdict_legs, a_leg_that_failed_at_both_ends_by_what_they_saw_has_failed)
{
    g_autoptr(scenario) s = scenario_new();
    for (unsigned host = HOST1; host <= HOST2; host++) {
        leg_of(s, host)->status = replace(leg_of(s, host)->status, "failed");
        leg_of(s, host)->is_symptom = true;
    }
    join(s);
    cr_expect_str_eq(only_leg(s)->status, "failed");
}

Test(verdict_legs, a_leg_is_cancelled_only_if_it_failed_at_neither_end)
{
    static const char *const cases[][3] = {{"cancelled", "cancelled", "cancelled"},
                                           {"completed", "cancelled", "cancelled"},
                                           {"failed", "cancelled", "failed"},
                                           {"cancelled", "failed", "failed"},
                                           {"completed", "failed", "failed"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(scenario) s = scenario_new();
        leg_of(s, HOST1)->status = replace(leg_of(s, HOST1)->status, cases[i][0]);
        leg_of(s, HOST2)->status = replace(leg_of(s, HOST2)->status, cases[i][1]);
        join(s);
        cr_expect_str_eq(only_leg(s)->status, cases[i][2]);
    }
}

Test(verdict_legs, a_leg_that_failed_keeps_what_was_measured_until_then)
{
    g_autoptr(scenario) s = scenario_new();
    Vtmh__Migration *source = leg_of(s, HOST1);
    says(s, HOST1, FAIL, "cut", SELF, 1);
    source->status = replace(source->status, "failed");
    source->dirty_syncs = 7;
    source->total_ms = 812;
    source->remaining_bytes = 1 << 20;
    source->bytes_per_s = 3e7;
    join(s);
    cr_expect_eq(only_leg(s)->dirty_syncs, 7);
    cr_expect_float_eq(only_leg(s)->total_ms, 812, 1e-9);
    cr_expect_eq(only_leg(s)->remaining_bytes, 1 << 20);
    cr_expect_float_eq(only_leg(s)->bytes_per_s, 3e7, 1e-9);
}

Test(verdict_legs, memory_that_was_not_checked_is_told_with_its_reason)
{
    g_autoptr(scenario) s = scenario_new();
    leg_of(s, HOST2)->not_checked = replace(leg_of(s, HOST2)->not_checked, "too few pages");
    join(s);
    cr_expect_str_eq(only_leg(s)->not_checked, "too few pages");
    cr_assert_eq(s->result->notes->len, 1);
    cr_expect_not_null(strstr(s->result->notes->pdata[0], "too few pages"));
}

Test(verdict_legs, the_end_that_keeps_the_guest_tells_where_it_lives)
{
    static const struct {
        Vtmh__Survivor source, destination, joined;
    } cases[] = {
        {VTMH__SURVIVOR__SURVIVOR_SOURCE, VTMH__SURVIVOR__SURVIVOR_NONE,
         VTMH__SURVIVOR__SURVIVOR_SOURCE},
        {VTMH__SURVIVOR__SURVIVOR_NONE, VTMH__SURVIVOR__SURVIVOR_DESTINATION,
         VTMH__SURVIVOR__SURVIVOR_DESTINATION},
        {VTMH__SURVIVOR__SURVIVOR_DESTINATION, VTMH__SURVIVOR__SURVIVOR_DESTINATION,
         VTMH__SURVIVOR__SURVIVOR_DESTINATION},
        {VTMH__SURVIVOR__SURVIVOR_NONE, VTMH__SURVIVOR__SURVIVOR_NONE,
         VTMH__SURVIVOR__SURVIVOR_NONE},
        {VTMH__SURVIVOR__SURVIVOR_UNCERTAIN, VTMH__SURVIVOR__SURVIVOR_NONE,
         VTMH__SURVIVOR__SURVIVOR_UNCERTAIN},
        {VTMH__SURVIVOR__SURVIVOR_UNCERTAIN, VTMH__SURVIVOR__SURVIVOR_DESTINATION,
         VTMH__SURVIVOR__SURVIVOR_UNCERTAIN},
        {VTMH__SURVIVOR__SURVIVOR_DESTINATION, VTMH__SURVIVOR__SURVIVOR_UNCERTAIN,
         VTMH__SURVIVOR__SURVIVOR_UNCERTAIN},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(scenario) s = scenario_new();
        says(s, HOST1, FAIL, "cut", SELF, 1);
        leg_of(s, HOST1)->survivor = cases[i].source;
        leg_of(s, HOST2)->survivor = cases[i].destination;
        join(s);
        cr_expect_eq(only_leg(s)->survivor, cases[i].joined, "case %zu: %d", i,
                     only_leg(s)->survivor);
    }
}

Test(verdict_legs, two_living_copies_fail_whatever_else_was_wrong)
{
    static const Vtmh__Status beside[] = {PASS, WARN, SKIP, CANCEL, ERROR, ABORTED};
    for (size_t i = 0; i < G_N_ELEMENTS(beside); i++) {
        g_autoptr(scenario) s = scenario_new();
        says(s, HOST1, beside[i], "cut", SELF, 1);
        leg_of(s, HOST1)->survivor = VTMH__SURVIVOR__SURVIVOR_SOURCE;
        leg_of(s, HOST2)->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION;
        join(s);
        expect_status(s, FAIL, NULL, "two running copies");
    }
}

Test(verdict_legs, legs_come_in_order_of_leg_and_vm)
{
    g_autoptr(scenario) s = scenario_new();
    for (unsigned host = 0; host < N_HOSTS; host++) {
        add_leg(s, host, "vm2", 2);
        add_leg(s, host, "vm2", 1);
        add_leg(s, host, "vm1", 2);
    }
    join(s);
    g_autoptr(GString) order = g_string_new(NULL);
    for (unsigned i = 0; i < s->result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(s->result->legs, i);
        g_string_append_printf(order, "%u-%s ", leg->leg, leg->vm);
    }
    cr_expect_str_eq(order->str, "1-vm1 1-vm2 2-vm1 2-vm2 ");
    expect_status(s, PASS, NULL, NULL);
}

Test(verdict_legs, keeps_notes_type_and_guest)
{
    g_autoptr(scenario) s = scenario_new();
    Vtmh__TestDone *done = s->reports[HOST2].done;
    g_ptr_array_add(s->notes[HOST2], (char *)"TCG");
    g_ptr_array_add(s->notes[HOST2], (char *)"TCG");
    done->type = replace(done->type, "migration_multi_host");
    done->guest = replace(done->guest, "tick");
    join(s);
    cr_expect_eq(s->result->notes->len, 1, "a note is kept once");
    cr_expect_str_eq(s->result->type, "migration_multi_host");
    cr_expect_str_eq(s->result->guest, "tick");
    expect_status(s, PASS, NULL, NULL);
}

/* Both ends say: cancelled, and the guest has stayed. */
static void called_off(struct scenario *s, unsigned ends_at_destination)
{
    for (unsigned host = HOST1; host <= HOST2; host++) {
        Vtmh__Migration *record = leg_of(s, host);
        record->status = replace(record->status, "cancelled");
        record->expected_ends = 1U << VTMH__LEG_END__LEG_CANCELLED;
        record->expected_survivors = 1U << VTMH__SURVIVOR__SURVIVOR_SOURCE;
    }
    leg_of(s, HOST2)->expected_ends = ends_at_destination;
    leg_of(s, HOST1)->survivor = VTMH__SURVIVOR__SURVIVOR_SOURCE;
    leg_of(s, HOST2)->survivor = VTMH__SURVIVOR__SURVIVOR_NONE;
}

Test(verdict_legs, a_leg_that_ends_as_planned_passes_whatever_the_end)
{
    g_autoptr(scenario) s = scenario_new();
    called_off(s, 1U << VTMH__LEG_END__LEG_CANCELLED);
    join(s);
    cr_expect_eq(s->result->status, PASS, "%s", s->result->fail_cause);
    cr_expect(only_leg(s)->is_as_planned);
    cr_expect_str_eq(only_leg(s)->status, "cancelled");
}

Test(verdict_legs, what_only_one_end_had_planned_is_no_pass)
{
    g_autoptr(scenario) s = scenario_new();
    called_off(s, 1U << VTMH__LEG_END__LEG_COMPLETED);
    join(s);
    cr_expect_eq(s->result->status, ERROR);
    cr_expect(!only_leg(s)->is_as_planned);
}

Test(verdict_legs, a_guest_that_is_not_where_it_was_to_be_is_no_pass)
{
    g_autoptr(scenario) s = scenario_new();
    called_off(s, 1U << VTMH__LEG_END__LEG_CANCELLED);
    leg_of(s, HOST1)->survivor = VTMH__SURVIVOR__SURVIVOR_NONE;
    join(s);
    cr_expect_eq(s->result->status, ERROR);
    cr_expect(!only_leg(s)->is_as_planned);
}

Test(verdict_legs, attempts_of_a_leg_are_records_of_their_own)
{
    g_autoptr(scenario) s = scenario_new();
    called_off(s, 1U << VTMH__LEG_END__LEG_CANCELLED);
    for (unsigned host = HOST1; host <= HOST2; host++) {
        Vtmh__Migration *again = add_leg(s, host, "vm1", 1);
        again->attempt = 2;
    }
    join(s);
    cr_assert_eq(s->result->legs->len, 2);
    cr_expect_eq(s->result->status, PASS, "%s", s->result->fail_cause);
    for (unsigned i = 0; i < 2; i++) {
        const struct leg_result *leg = g_ptr_array_index(s->result->legs, i);
        cr_expect_eq(leg->attempt, i + 1);
        cr_expect_str_eq(leg->status, i == 0 ? "cancelled" : "completed");
    }
}
