/*
 * Every rule of the verdict, each broken once. A scenario is what a perfect test of two hosts
 * reports, with one thing changed; so each case shows that the thing is looked at.
 */
#include "tests/unit/verdict_help.h"

#include <math.h>

Test(verdict, passes_when_both_hosts_and_both_ends_of_the_leg_say_so)
{
    g_autoptr(scenario) s = scenario_new();
    join(s);
    expect_status(s, PASS, NULL, NULL);
    cr_expect_null(s->result->fail_cause);
    cr_expect_eq(s->result->legs->len, 1);
}

Test(verdict, passes_with_a_bystander_that_knows_of_no_leg)
{
    g_autoptr(scenario) s = scenario_new();
    g_strfreev(s->result->hosts);
    s->result->hosts = g_strdupv((char *[]){"host1", "host2", "host3", NULL});
    g_autoptr(trial_records) records = told(s);
    struct host_report three[] = {s->reports[0], s->reports[1], {.name = "host3"}};
    three[2].done = vtmh__test_done__unpack(NULL, 0, (const uint8_t *)"");
    three[2].done->status = PASS;
    trial_records_judge(records, three, &s->own);
    expect_status(s, PASS, NULL, NULL);
    vtmh__test_done__free_unpacked(three[2].done, NULL);
}

static void host_does_not_report(struct scenario *s)
{
    drop_done(s, HOST2);
}

static void host_is_aborted_without_a_cause(struct scenario *s)
{
    s->reports[HOST2].done->status = ABORTED;
}

static void host_has_no_status(struct scenario *s)
{
    s->reports[HOST2].done->status = NONE;
}

static void host_failed_before_it_passed(struct scenario *s)
{
    s->reports[HOST2].order = 1;
}

static void leg_failed_at_the_source(struct scenario *s)
{
    leg_of(s, HOST1)->status = replace(leg_of(s, HOST1)->status, "failed");
}

static void leg_failed_at_the_destination(struct scenario *s)
{
    leg_of(s, HOST2)->status = replace(leg_of(s, HOST2)->status, "failed");
}

static void leg_has_no_status(struct scenario *s)
{
    leg_of(s, HOST2)->status = replace(leg_of(s, HOST2)->status, "");
}

static void guest_died(struct scenario *s)
{
    leg_of(s, HOST1)->survivor = leg_of(s, HOST2)->survivor = VTMH__SURVIVOR__SURVIVOR_NONE;
}

static void guest_is_still_on_the_source(struct scenario *s)
{
    leg_of(s, HOST1)->survivor = leg_of(s, HOST2)->survivor = VTMH__SURVIVOR__SURVIVOR_SOURCE;
}

static void source_is_uncertain(struct scenario *s)
{
    leg_of(s, HOST1)->survivor = VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
}

static void destination_is_uncertain(struct scenario *s)
{
    leg_of(s, HOST2)->survivor = VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
}

static void memory_is_corrupt(struct scenario *s)
{
    leg_of(s, HOST2)->memory_check = VTMH__MEMORY_CHECK__MEMORY_CORRUPT;
    leg_of(s, HOST2)->bad_pages = 3;
}

static void forget_legs(struct scenario *s, unsigned host)
{
    g_ptr_array_set_size(s->legs[host], 0);
}

static void nothing_was_migrated(struct scenario *s)
{
    forget_legs(s, HOST1);
    forget_legs(s, HOST2);
}

static void source_knows_nothing_of_the_leg(struct scenario *s)
{
    forget_legs(s, HOST1);
}

static void destination_knows_nothing_of_the_leg(struct scenario *s)
{
    forget_legs(s, HOST2);
}

static void destination_knows_another_leg(struct scenario *s)
{
    leg_of(s, HOST2)->leg = 20000;
}

static void destination_knows_another_vm(struct scenario *s)
{
    leg_of(s, HOST2)->vm = replace(leg_of(s, HOST2)->vm, "vm2");
}

static void destination_believes_it_is_the_source(struct scenario *s)
{
    leg_of(s, HOST2)->source = HOST2;
    leg_of(s, HOST2)->destination = HOST1;
}

static void both_ends_believe_they_are_other_hosts(struct scenario *s)
{
    leg_of(s, HOST1)->source = leg_of(s, HOST2)->source = 7;
}

static void second_leg_failed(struct scenario *s)
{
    unsigned next = s->legs[HOST1]->len + 1;
    add_leg(s, HOST1, "vm1", next);
    Vtmh__Migration *end = add_leg(s, HOST2, "vm1", next);
    end->status = replace(end->status, "failed");
}

static void a_record_does_not_come(struct scenario *s)
{
    s->is_lossy = true;
}

static void a_figure_is_no_number(struct scenario *s)
{
    leg_of(s, HOST2)->downtime_ms = NAN;
}

static void the_survivor_is_none_that_there_is(struct scenario *s)
{
    leg_of(s, HOST2)->survivor = 77;
}

static void something_is_left_behind(struct scenario *s)
{
    g_ptr_array_add(s->leaks[HOST2], (char *)"process 12 (qemu-system-x86)");
}

static void host_was_lost_after_it_passed(struct scenario *s)
{
    s->reports[HOST2].lost = true;
    s->reports[HOST2].order = 1;
}

/* Each makes a test that otherwise passes (or only warns) an ERROR, never less. */
static const struct {
    const char *name;
    void (*spoil)(struct scenario *s);
    const char *host;
    const char *cause;
} false_passes[] = {
    {"host_does_not_report", host_does_not_report, "host2", "did not report"},
    {"host_is_aborted_without_a_cause", host_is_aborted_without_a_cause, "host2", "aborted"},
    {"host_has_no_status", host_has_no_status, "host2", NULL},
    {"host_failed_before_it_passed", host_failed_before_it_passed, "host2", "fails"},
    {"leg_failed_at_the_source", leg_failed_at_the_source, "host2", "leg 1 of vm1 is failed"},
    {"leg_failed_at_the_destination", leg_failed_at_the_destination, "host2",
     "leg 1 of vm1 is failed"},
    {"leg_has_no_status", leg_has_no_status, "host2", "leg 1 of vm1"},
    {"guest_died", guest_died, "host2", "leg 1 of vm1"},
    {"guest_is_still_on_the_source", guest_is_still_on_the_source, "host2", "leg 1 of vm1"},
    {"source_is_uncertain", source_is_uncertain, "host2", "leg 1 of vm1"},
    {"destination_is_uncertain", destination_is_uncertain, "host2", "leg 1 of vm1"},
    {"memory_is_corrupt", memory_is_corrupt, "host2", "corrupt"},
    {"nothing_was_migrated", nothing_was_migrated, NULL, "nothing was migrated"},
    {"source_knows_nothing_of_the_leg", source_knows_nothing_of_the_leg, "host1", "leg 1 of vm1"},
    {"destination_knows_nothing_of_the_leg", destination_knows_nothing_of_the_leg, "host2",
     "leg 1 of vm1"},
    {"destination_knows_another_leg", destination_knows_another_leg, "host2", "leg 1 of vm1"},
    {"destination_knows_another_vm", destination_knows_another_vm, "host2", "leg 1 of vm1"},
    {"destination_believes_it_is_the_source", destination_believes_it_is_the_source, "host2",
     "leg 1 of vm1"},
    {"both_ends_believe_they_are_other_hosts", both_ends_believe_they_are_other_hosts, "host1",
     "makes no sense"},
    {"a_record_does_not_come", a_record_does_not_come, "host1", "records, of which"},
    {"a_figure_is_no_number", a_figure_is_no_number, "host2", "downtime_ms is no number"},
    {"the_survivor_is_none_that_there_is", the_survivor_is_none_that_there_is, "host2",
     "makes no sense"},
    {"second_leg_failed", second_leg_failed, "host2", "leg 2 of vm1 is failed"},
    {"something_is_left_behind", something_is_left_behind, NULL, "left behind"},
    {"host_was_lost_after_it_passed", host_was_lost_after_it_passed, "host2", "lost"},
};

Test(verdict, no_pass_survives_what_contradicts_it)
{
    for (size_t i = 0; i < G_N_ELEMENTS(false_passes); i++) {
        g_autoptr(scenario) s = scenario_new();
        false_passes[i].spoil(s);
        join(s);
        cr_log_info("%s: %s", false_passes[i].name, s->result->fail_cause);
        cr_expect_eq(s->result->status, ERROR, "%s: %s", false_passes[i].name,
                     status_name(s->result->status));
        expect_status(s, ERROR, false_passes[i].host, false_passes[i].cause);
    }
}

#define MANY 10000

Test(verdict, nor_does_it_when_the_spoiled_leg_is_one_of_ten_thousand)
{
    for (size_t i = 0; i < G_N_ELEMENTS(false_passes); i++) {
        g_autoptr(scenario) s = scenario_new();
        for (unsigned leg = 2; leg <= MANY; leg++)
            for (unsigned host = 0; host < N_HOSTS; host++)
                add_leg(s, host, "vm1", leg);
        s->bad = MANY / 2 - 1;
        false_passes[i].spoil(s);
        join(s);
        cr_expect_eq(s->result->status, ERROR, "%s: %s", false_passes[i].name,
                     status_name(s->result->status));
        if (g_strcmp0(false_passes[i].cause, "leg 1 of vm1 is failed") == 0)
            cr_expect_not_null(strstr(s->result->fail_cause, "leg 5000 of vm1 is failed"), "%s",
                               s->result->fail_cause);
        cr_expect_leq(s->result->legs->len, 2 * LEGS_AT_END, "what is kept does not grow");
    }
}

Test(verdict, ten_thousand_legs_that_are_as_planned_pass)
{
    g_autoptr(scenario) s = scenario_new();
    for (unsigned leg = 2; leg <= MANY; leg++)
        for (unsigned host = 0; host < N_HOSTS; host++)
            add_leg(s, host, "vm1", leg);
    join(s);
    expect_status(s, PASS, NULL, NULL);
    cr_expect_eq(s->result->totals.legs, MANY);
}

Test(verdict, no_pass_with_warnings_survives_it_either)
{
    for (size_t i = 0; i < G_N_ELEMENTS(false_passes); i++) {
        g_autoptr(scenario) s = scenario_new();
        says(s, HOST1, WARN, "few dirty syncs", SELF, 0);
        false_passes[i].spoil(s);
        join(s);
        cr_expect_eq(s->result->status, ERROR, "%s: %s: %s", false_passes[i].name,
                     status_name(s->result->status), s->result->fail_cause);
    }
}

Test(verdict, hosts_that_were_only_to_agree_pass_without_a_leg_if_all_of_them_report)
{
    g_autoptr(scenario) agreed = scenario_new(), silent = scenario_new();

    nothing_was_migrated(agreed);
    agreed->result->only_agree = true;
    join(agreed);
    cr_expect_eq(agreed->result->status, VTMH__STATUS__STATUS_PASS);
    nothing_was_migrated(silent);
    silent->result->only_agree = true;
    drop_done(silent, HOST2);
    join(silent);
    expect_status(silent, ERROR, "host2", "did not report");
}

Test(verdict, no_report_at_all_is_no_pass)
{
    g_autoptr(scenario) s = scenario_new();
    drop_done(s, HOST1);
    drop_done(s, HOST2);
    join(s);
    expect_status(s, ERROR, "host1", "did not report");
}

static const struct {
    Vtmh__Status a, b, together;
} combinations[] = {
    {PASS, WARN, WARN},           {PASS, SKIP, SKIP},      {PASS, CANCEL, CANCEL},
    {PASS, ERROR, ERROR},         {PASS, FAIL, FAIL},      {PASS, INTERRUPT, INTERRUPT},
    {SKIP, CANCEL, CANCEL},       {SKIP, WARN, WARN},      {SKIP, ERROR, ERROR},
    {SKIP, FAIL, FAIL},           {CANCEL, WARN, WARN},    {CANCEL, ERROR, ERROR},
    {CANCEL, FAIL, FAIL},         {WARN, ERROR, ERROR},    {WARN, FAIL, FAIL},
    {WARN, INTERRUPT, INTERRUPT}, {ERROR, FAIL, FAIL},     {ERROR, INTERRUPT, INTERRUPT},
    {FAIL, INTERRUPT, INTERRUPT}, {ABORTED, WARN, ERROR},  {ABORTED, SKIP, SKIP},
    {ABORTED, FAIL, FAIL},        {ABORTED, ERROR, ERROR}, {ABORTED, ABORTED, ERROR},
    {ABORTED, PASS, ERROR},
};

Test(verdict, independent_causes_combine_to_the_strongest_whichever_host_has_it)
{
    for (size_t i = 0; i < G_N_ELEMENTS(combinations); i++) {
        for (unsigned swap = 0; swap < 2; swap++) {
            g_autoptr(scenario) s = scenario_new();
            says(s, HOST1, swap ? combinations[i].b : combinations[i].a, "a", SELF, 0);
            says(s, HOST2, swap ? combinations[i].a : combinations[i].b, "b", SELF, 0);
            join(s);
            cr_expect_eq(s->result->status, combinations[i].together, "%s and %s make %s",
                         status_name(combinations[i].a), status_name(combinations[i].b),
                         status_name(s->result->status));
        }
    }
}

Test(verdict, names_the_cause_that_decided_the_status)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, ERROR, "the disk is full", SELF, 1);
    says(s, HOST2, FAIL, "3 pages are bad", SELF, 2);
    join(s);
    expect_status(s, FAIL, "host2", "3 pages are bad");
}

Test(verdict, a_warning_is_a_warning_and_names_who_gave_it)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST2, WARN, "few dirty syncs", SELF, 0);
    join(s);
    expect_status(s, WARN, "host2", "few dirty syncs");
}

Test(verdict, a_failure_beats_a_warning_that_was_told_first)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, WARN, "few dirty syncs", SELF, 0);
    says(s, HOST2, FAIL, "3 pages are bad", SELF, 1);
    join(s);
    expect_status(s, FAIL, "host2", "3 pages are bad");
}

Test(verdict, of_two_equal_causes_the_one_told_first_counts)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "second", SELF, 2);
    says(s, HOST2, FAIL, "first", SELF, 1);
    join(s);
    expect_status(s, FAIL, "host2", "first");
}

Test(verdict, a_cause_that_was_told_comes_before_one_that_was_only_reported)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "reported", SELF, 0);
    says(s, HOST2, FAIL, "told", SELF, 5);
    join(s);
    expect_status(s, FAIL, "host2", "told");
}

Test(verdict, a_symptom_that_was_told_first_does_not_hide_the_cause)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "migration failed: connection reset", PEER, 1);
    says(s, HOST2, ERROR, "QEMU was killed by SIGKILL", SELF, 2);
    s->reports[HOST2].done->context = replace(s->reports[HOST2].done->context, "receiving vm1");
    join(s);
    /* The symptom's FAIL is not independent: it adds nothing. */
    expect_status(s, ERROR, "host2", "SIGKILL");
    cr_expect_str_eq(s->result->fail_context, "receiving vm1");
}

Test(verdict, of_two_symptoms_the_one_nearer_to_the_root_counts)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "migration failed", PEER, 1);
    says(s, HOST2, FAIL, "QEMU gave up", AFTERWARDS, 2);
    join(s);
    expect_status(s, FAIL, "host2", "QEMU gave up");
}

Test(verdict, the_aborted_peer_of_a_failure_is_not_the_cause)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, ABORTED, "host2: 3 pages are bad", SELF, 0);
    says(s, HOST2, FAIL, "3 pages are bad", SELF, 1);
    join(s);
    expect_status(s, FAIL, "host2", "3 pages are bad");
}

Test(verdict, a_cause_without_words_says_that_there_are_none)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST2, FAIL, "", SELF, 1);
    join(s);
    expect_status(s, FAIL, "host2", "no reason given");
    cr_expect_null(s->result->fail_context);
}

Test(verdict, a_skip_is_a_skip)
{
    g_autoptr(scenario) s = scenario_new();
    nothing_was_migrated(s);
    says(s, HOST1, SKIP, "no rdma here", SELF, 1);
    says(s, HOST2, ABORTED, "host1: no rdma here", SELF, 0);
    join(s);
    expect_status(s, SKIP, "host1", "no rdma here");
}

Test(verdict, a_skip_that_leaves_something_behind_is_an_error)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, SKIP, "no rdma here", SELF, 1);
    something_is_left_behind(s);
    join(s);
    expect_status(s, ERROR, NULL, "left behind");
}

Test(verdict, a_leak_does_not_hide_a_failure_but_is_listed)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "3 pages are bad", SELF, 1);
    something_is_left_behind(s);
    join(s);
    expect_status(s, FAIL, "host1", "3 pages are bad");
    cr_expect_eq(s->result->leaks->len, 1);
    cr_expect_str_eq(g_ptr_array_index(s->result->leaks, 0), "host2: process 12 (qemu-system-x86)");
}

Test(verdict, a_lost_host_is_an_error_of_the_bed_that_names_it)
{
    g_autoptr(scenario) s = scenario_new();
    drop_done(s, HOST2);
    s->reports[HOST2].lost = true;
    s->reports[HOST2].order = 1;
    says(s, HOST1, ABORTED, "host2: lost", SELF, 0);
    join(s);
    expect_status(s, ERROR, "host2", "lost");
}

Test(verdict, the_symptom_of_a_lost_host_does_not_hide_it)
{
    g_autoptr(scenario) s = scenario_new();
    drop_done(s, HOST2);
    s->reports[HOST2].lost = true;
    s->reports[HOST2].order = 2;
    says(s, HOST1, FAIL, "migration failed: connection reset", PEER, 1);
    join(s);
    expect_status(s, ERROR, "host2", "lost");
}

Test(verdict, an_independent_failure_stays_beside_a_lost_host)
{
    g_autoptr(scenario) s = scenario_new();
    drop_done(s, HOST2);
    s->reports[HOST2].lost = true;
    s->reports[HOST2].order = 2;
    says(s, HOST1, FAIL, "3 pages are bad", SELF, 1);
    join(s);
    expect_status(s, FAIL, "host1", "3 pages are bad");
}

Test(verdict, a_lost_host_outweighs_a_skip)
{
    g_autoptr(scenario) s = scenario_new();
    drop_done(s, HOST2);
    s->reports[HOST2].lost = true;
    says(s, HOST1, SKIP, "no rdma here", SELF, 1);
    join(s);
    expect_status(s, ERROR, "host2", "lost");
}

Test(verdict, an_interrupt_is_over_everything)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "3 pages are bad", SELF, 1);
    s->own = (struct own_cause){INTERRUPT, "interrupted by the user", NULL, true};
    join(s);
    expect_status(s, INTERRUPT, NULL, "interrupted by the user");
}

Test(verdict, an_interrupt_is_none_the_less_for_hosts_that_passed_meanwhile)
{
    g_autoptr(scenario) s = scenario_new();
    s->own = (struct own_cause){INTERRUPT, "interrupted by the user", NULL, true};
    join(s);
    expect_status(s, INTERRUPT, NULL, "interrupted by the user");
}

Test(verdict, a_meeting_that_timed_out_is_the_cause_when_no_host_has_one)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, ABORTED, "", SELF, 0);
    says(s, HOST2, ABORTED, "", SELF, 0);
    s->own =
        (struct own_cause){ERROR, "host2 did not come to 'moved vm1' within 480 s", "host2", false};
    join(s);
    expect_status(s, ERROR, "host2", "moved vm1");
}

Test(verdict, a_meeting_that_timed_out_does_not_hide_a_failure)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "3 pages are bad", SELF, 1);
    s->own = (struct own_cause){ERROR, "host1 did not come", "host1", false};
    join(s);
    expect_status(s, FAIL, "host1", "3 pages are bad");
}

Test(verdict, an_interrupt_is_the_cause_of_a_test_that_nothing_has_ended_before)
{
    struct own_cause own = {.status = NONE};
    cr_expect(own_cause_claim(&own, false, INTERRUPT, "interrupted by the user"));
    cr_expect_eq(own.status, INTERRUPT);
    cr_expect_str_eq(own.message, "interrupted by the user");
}

Test(verdict, an_interrupt_does_not_hide_what_a_host_said_before)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "3 pages are bad", SELF, 1);
    cr_expect_not(own_cause_claim(&s->own, true, INTERRUPT, "interrupted by the user"));
    join(s);
    expect_status(s, FAIL, "host1", "3 pages are bad");
}

Test(verdict, the_first_of_two_causes_of_the_coordinator_stays)
{
    struct own_cause own = {.status = CANCEL, .message = "the job's time was over"};
    cr_expect_not(own_cause_claim(&own, false, INTERRUPT, "interrupted by the user"));
    cr_expect_eq(own.status, CANCEL);
}

Test(verdict, a_test_cut_short_by_the_jobs_time_is_not_a_pass_with_warnings)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, WARN, "slow", SELF, 0);
    s->own = (struct own_cause){CANCEL, "the job's time was over", NULL, true};
    join(s);
    expect_status(s, CANCEL, NULL, "the job's time was over");
}

/* --job-timeout: the source's hypervisor is ended, and the destination's sees its stream break. */
Test(verdict, what_an_end_by_the_coordinator_brings_about_is_no_failure)
{
    g_autoptr(scenario) s = scenario_new();
    cr_assert(own_cause_claim(&s->own, false, CANCEL, "the job's time was over"));
    says(s, HOST1, ABORTED, "", SELF, 0);
    says(s, HOST2, FAIL, "load of migration failed: exit status 1", AFTERWARDS, 1);
    join(s);
    expect_status(s, CANCEL, NULL, "the job's time was over");
}

Test(verdict, what_fails_by_itself_counts_also_when_the_coordinator_ends_the_test)
{
    g_autoptr(scenario) s = scenario_new();
    cr_assert(own_cause_claim(&s->own, false, CANCEL, "the job's time was over"));
    says(s, HOST1, ABORTED, "", SELF, 0);
    says(s, HOST2, FAIL, "3 pages are bad", SELF, 1);
    join(s);
    expect_status(s, FAIL, "host2", "3 pages are bad");
}

Test(verdict, a_symptom_counts_when_a_meeting_only_timed_out)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST1, FAIL, "migration failed", PEER, 1);
    s->own = (struct own_cause){.status = ERROR, .message = "host1 did not come"};
    join(s);
    expect_status(s, FAIL, "host1", "migration failed");
}

/* From the weakest to the strongest. */
static const Vtmh__Evidence classes[] = {PEER, AFTERWARDS, SELF, KILLED, GUEST};

Test(verdict, of_two_ends_the_stronger_evidence_counts_whoever_speaks_first)
{
    for (size_t a = 0; a < G_N_ELEMENTS(classes); a++) {
        for (size_t b = 0; b < G_N_ELEMENTS(classes); b++) {
            for (unsigned first = 0; first < N_HOSTS && a != b; first++) {
                g_autoptr(scenario) s = scenario_new();
                says(s, HOST1, FAIL, "of host1", classes[a], first == HOST1 ? 1 : 2);
                says(s, HOST2, ERROR, "of host2", classes[b], first == HOST2 ? 1 : 2);
                join(s);
                if (a > b)
                    expect_status(s, FAIL, "host1", "of host1");
                else
                    expect_status(s, ERROR, "host2", "of host2");
            }
        }
    }
}

Test(verdict, within_a_class_the_earlier_counts_where_both_hosts_have_one_clock)
{
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        for (unsigned one_kernel = 0; one_kernel < 2; one_kernel++) {
            g_autoptr(scenario) s = scenario_new();
            says(s, HOST1, FAIL, "told first", classes[i], 1);
            says(s, HOST2, FAIL, "was first", classes[i], 2);
            s->reports[HOST1].done->cause_us = 2000;
            s->reports[HOST2].done->cause_us = 1000;
            s->reports[HOST1].kernel = "a";
            s->reports[HOST2].kernel = one_kernel ? "a" : "b";
            join(s);
            if (one_kernel)
                expect_status(s, FAIL, "host2", "was first");
            else
                expect_status(s, FAIL, "host1", "told first");
        }
    }
}

Test(verdict, a_cause_may_be_found_by_the_other_host_than_its_own)
{
    g_autoptr(scenario) s = scenario_new();
    says(s, HOST2, FAIL, "it was silent already", GUEST, 1);
    s->reports[HOST2].done->about = replace(s->reports[HOST2].done->about, "host1");
    join(s);
    expect_status(s, FAIL, "host1", "silent already");
}

Test(verdict, only_firm_evidence_counts_once_the_coordinator_has_ended_the_test)
{
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        g_autoptr(scenario) s = scenario_new();
        cr_assert(own_cause_claim(&s->own, false, CANCEL, "the job's time was over"));
        says(s, HOST1, FAIL, "it failed", classes[i], 1);
        join(s);
        if (classes[i] == PEER || classes[i] == AFTERWARDS)
            expect_status(s, CANCEL, NULL, "the job's time was over");
        else
            expect_status(s, FAIL, "host1", "it failed");
    }
}

Test(verdict, came_late_where_every_host_had_passed)
{
    g_autoptr(scenario) s = scenario_new();
    s->result->status = PASS;
    cr_expect(!verdict_came_late(s->result, s->reports, N_HOSTS));
    s->result->status = FAIL;
    cr_expect(verdict_came_late(s->result, s->reports, N_HOSTS));
    s->reports[HOST1].done->status = WARN;
    cr_expect(verdict_came_late(s->result, s->reports, N_HOSTS));
    s->reports[HOST2].done->status = ABORTED;
    cr_expect(!verdict_came_late(s->result, s->reports, N_HOSTS));
    drop_done(s, HOST2);
    cr_expect(!verdict_came_late(s->result, s->reports, N_HOSTS));
}
