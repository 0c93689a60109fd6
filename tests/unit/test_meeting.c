#include "sync/meeting.h"

#include <criterion/criterion.h>
#include <string.h>

#define TEST 7

static struct meeting_book *book;
static GPtrArray *actions;
static int64_t now_ms;

static const char *const names[] = {"host1", "host2", "host3"};

static void set_up(void)
{
    book = meeting_book_new();
    actions = meeting_actions_new();
    now_ms = 1000;
    meeting_open_test(book, TEST, 3, names);
}

static void tear_down(void)
{
    g_ptr_array_unref(actions);
    meeting_book_free(book);
}

TestSuite(meeting, .init = set_up, .fini = tear_down);

/* Members are given as a mask: 3 is host1 and host2. */
static struct meeting_arrival arrival_of(unsigned host, const char *tag, uint64_t members)
{
    return (struct meeting_arrival){
        .test = TEST, .tag = tag, .members.bits[0] = members, .host = host, .timeout_ms = 60000};
}

static void arrive(unsigned host, const char *tag, uint64_t members)
{
    struct meeting_arrival arrival = arrival_of(host, tag, members);

    meeting_arrive(book, &arrival, now_ms, actions);
}

static void arrive_settling(unsigned host, const char *tag, uint64_t members)
{
    struct meeting_arrival arrival = arrival_of(host, tag, members);

    arrival.settle = true;
    meeting_arrive(book, &arrival, now_ms, actions);
}

static void arrive_with(unsigned host, const char *tag, uint64_t members, const char *payload)
{
    struct meeting_arrival arrival = arrival_of(host, tag, members);
    g_autoptr(GBytes) bytes = g_bytes_new(payload, strlen(payload));

    arrival.payload = bytes;
    meeting_arrive(book, &arrival, now_ms, actions);
}

static void fail(unsigned host, const char *message)
{
    meeting_fail(book, TEST, 0, host, message, now_ms, actions);
}

static void lose(unsigned host)
{
    meeting_lose(book, TEST, host, "silent for 3.0 s", now_ms, actions);
}

static void append_payloads(GString *text, const GPtrArray *payloads)
{
    for (unsigned i = 0; i < payloads->len; i++) {
        GBytes *payload = payloads->pdata[i];
        size_t size;
        const char *data = payload ? g_bytes_get_data(payload, &size) : NULL;

        g_string_append(text, i ? "," : "(");
        if (payload)
            g_string_append_len(text, data, (gssize)size);
        else
            g_string_append_c(text, '-');
    }
    g_string_append_c(text, ')');
}

/* The actions since the last call must read so: "release 0 ready(a,b,-)", "abort 1 test: why". */
static void expect(const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < actions->len; i++) {
        const struct meeting_action *action = actions->pdata[i];

        g_string_append_printf(text, "%s%s %u ", i ? "\n" : "",
                               action->kind == MEETING_RELEASE ? "release" : "abort", action->to);
        if (action->scope != MEETING_TEST_SCOPE)
            g_string_append_printf(text, "leg-%" G_GUINT64_FORMAT "%s", action->scope,
                                   action->tag ? " " : "");
        g_string_append(text, action->tag                           ? action->tag
                              : action->scope == MEETING_TEST_SCOPE ? "test"
                                                                    : "");
        if (action->payloads)
            append_payloads(text, action->payloads);
        if (action->cause)
            g_string_append_printf(text, ": %s", action->cause->message);
        cr_expect_eq(action->test, TEST);
    }
    g_ptr_array_set_size(actions, 0);
    cr_assert_str_eq(text->str, expected);
}

Test(meeting, releases_all_when_the_last_arrives_with_all_payloads)
{
    arrive_with(2, "ready", 5, "port 7");
    arrive(0, "other", 1);
    expect("release 0 other(,-,-)");
    arrive(0, "ready", 5);
    expect("release 0 ready(,-,port 7)\n"
           "release 2 ready(,-,port 7)");
    cr_assert_null(meeting_cause(book, TEST, 0));
}

Test(meeting, keeps_uses_of_a_tag_apart)
{
    struct meeting_arrival second = arrival_of(1, "leg", 3);

    second.use = 2;
    arrive(0, "leg", 3);
    meeting_arrive(book, &second, now_ms, actions);
    expect("");
    arrive(1, "leg", 3);
    expect("release 0 leg(,,-)\nrelease 1 leg(,,-)");
}

static void arrive_in_leg(unsigned host, uint64_t leg, const char *tag, bool settle)
{
    struct meeting_arrival arrival = arrival_of(host, tag, 3);

    arrival.scope = leg;
    arrival.settle = settle;
    meeting_arrive(book, &arrival, now_ms, actions);
}

Test(meeting, keeps_scopes_apart)
{
    arrive(0, "ready", 3);
    arrive_in_leg(1, 1, "ready", false);
    arrive_in_leg(1, 2, "ready", false);
    expect("");
    arrive_in_leg(0, 2, "ready", false);
    expect("release 0 leg-2 ready(,,-)\nrelease 1 leg-2 ready(,,-)");
}

Test(meeting, aborts_a_leg_and_leaves_the_test_and_other_legs_alone)
{
    arrive(0, "booted", 3);
    arrive_in_leg(0, 1, "moved", false);
    arrive_in_leg(0, 2, "moved", false);
    meeting_fail(book, TEST, 1, 1, "no route", now_ms, actions);
    meeting_fail(book, TEST, 1, 0, "echo", now_ms, actions);
    expect("abort 0 leg-1: no route\nabort 1 leg-1: no route\nabort 2 leg-1: no route");
    arrive_in_leg(1, 1, "moved", false);
    expect("abort 1 leg-1: no route");
    arrive_in_leg(1, 2, "moved", false);
    expect("release 0 leg-2 moved(,,-)\nrelease 1 leg-2 moved(,,-)");
    arrive(1, "booted", 3);
    expect("release 0 booted(,,-)\nrelease 1 booted(,,-)");
    cr_assert_null(meeting_cause(book, TEST, 0));
    cr_assert_str_eq(meeting_cause(book, TEST, 1)->message, "no route");
    cr_assert_null(meeting_cause(book, TEST, 2));
}

Test(meeting, settles_a_leg_that_was_aborted)
{
    meeting_fail(book, TEST, 1, 1, "no route", now_ms, actions);
    g_ptr_array_set_size(actions, 0);
    arrive_in_leg(0, 1, "fate", true);
    arrive_in_leg(1, 1, "fate", true);
    expect("release 0 leg-1 fate(,,-)\nrelease 1 leg-1 fate(,,-)");
}

Test(meeting, ends_every_leg_with_the_test)
{
    arrive_in_leg(0, 1, "moved", false);
    fail(2, "broken");
    expect("abort 0 test: broken\nabort 1 test: broken\nabort 2 test: broken");
    arrive_in_leg(1, 1, "moved", false);
    expect("abort 1 test: broken");
    meeting_fail(book, TEST, 1, 1, "late", now_ms, actions);
    expect("");
    cr_assert_str_eq(meeting_cause(book, TEST, 1)->message, "broken");
}

Test(meeting, of_a_leg_that_times_out_aborts_the_leg)
{
    arrive_in_leg(0, 4, "start", false);
    meeting_expire(book, 61000, actions);
    cr_assert_eq(actions->len, 3);
    cr_assert_null(meeting_cause(book, TEST, 0));
    cr_assert(meeting_cause(book, TEST, 4)->timeout);
}

Test(meeting, gives_a_repeated_arrival_the_same_answer_and_only_once_it_is_there)
{
    arrive_with(0, "ready", 3, "a");
    arrive_with(0, "ready", 3, "a");
    expect("");
    arrive_with(1, "ready", 3, "b");
    expect("release 0 ready(a,b,-)\nrelease 1 ready(a,b,-)");
    arrive_with(0, "ready", 3, "a");
    expect("release 0 ready(a,b,-)");
    fail(2, "broken");
    g_ptr_array_set_size(actions, 0);
    arrive_with(1, "ready", 3, "b");
    expect("release 1 ready(a,b,-)");
}

Test(meeting, aborts_all_when_a_host_fails_and_tells_late_comers_the_same)
{
    arrive(0, "ready", 3);
    meeting_set_context(book, TEST, 1, "starting vm1", now_ms);
    fail(1, "qemu: no such machine");
    expect("abort 0 test: qemu: no such machine\n"
           "abort 1 test: qemu: no such machine\n"
           "abort 2 test: qemu: no such machine");
    cr_assert_eq(meeting_cause(book, TEST, 0)->origin, 1);
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->context, "starting vm1");
    cr_assert(!meeting_cause(book, TEST, 0)->lost);
    arrive(0, "ready", 3);
    arrive(2, "finish", 7);
    expect("abort 0 test: qemu: no such machine\n"
           "abort 2 test: qemu: no such machine");
}

Test(meeting, keeps_the_first_cause)
{
    fail(1, "first");
    g_ptr_array_set_size(actions, 0);
    fail(0, "second");
    lose(2);
    meeting_abort(book, TEST, "third", now_ms, actions);
    expect("");
    arrive(0, "x", 3);
    expect("abort 0 test: first");
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->message, "first");
}

Test(meeting, aborts_for_the_coordinator_itself)
{
    meeting_abort(book, TEST, "interrupted", now_ms, actions);
    expect("abort 0 test: interrupted\nabort 1 test: interrupted\nabort 2 test: interrupted");
    cr_assert_eq(meeting_cause(book, TEST, 0)->origin, -1);
    cr_assert_null(meeting_cause(book, TEST, 0)->context);
}

Test(meeting, times_out_with_who_is_missing_since_when_and_what_it_was_doing)
{
    arrive(0, "start", 7);
    meeting_set_context(book, TEST, 1, "booting vm1", 3000);
    meeting_set_context(book, TEST, 1, "booting vm1", 9000);
    cr_assert_eq(meeting_next_timeout(book), 61000);
    meeting_expire(book, 60999, actions);
    expect("");
    meeting_expire(book, 61000, actions);
    cr_assert_eq(actions->len, 3);
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->message,
                     "barrier \"start\" timed out: host1 waited 60.0 s for host2 and host3; "
                     "host2 has been at this for 58.0 s: booting vm1; "
                     "host3 has not said what it is doing");
    cr_assert_eq(meeting_cause(book, TEST, 0)->origin, 1);
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->context, "booting vm1");
    cr_assert(meeting_cause(book, TEST, 0)->timeout);
    cr_assert_eq(meeting_next_timeout(book), INT64_MAX);
}

Test(meeting, times_out_by_the_shortest_time_asked_for)
{
    struct meeting_arrival arrivals[] = {arrival_of(0, "start", 15), arrival_of(1, "start", 15),
                                         arrival_of(2, "start", 15)};
    const char *four[] = {"a", "b", "c", "d"};

    meeting_open_test(book, TEST + 1, 4, four);
    for (unsigned i = 0; i < 3; i++) {
        arrivals[i].test = TEST + 1;
        arrivals[i].timeout_ms = i == 0 ? INT64_MAX : i == 1 ? 500 : 900;
        meeting_arrive(book, &arrivals[i], now_ms + (int64_t)100 * i, actions);
        cr_assert_eq(meeting_next_timeout(book), i == 0 ? INT64_MAX : now_ms + 500);
    }
}

Test(meeting, releases_one_that_becomes_complete_after_its_time_but_before_it_expired)
{
    arrive(0, "start", 3);
    now_ms += 100000;
    arrive(1, "start", 3);
    expect("release 0 start(,,-)\nrelease 1 start(,,-)");
    meeting_expire(book, now_ms, actions);
    expect("");
}

Test(meeting, blames_the_host_that_the_missing_one_waits_for)
{
    arrive(0, "moved", 3);
    now_ms += 500;
    arrive(1, "disks", 6);
    meeting_set_context(book, TEST, 2, "copying", now_ms);
    meeting_expire(book, 61000, actions);
    cr_assert_eq(meeting_cause(book, TEST, 0)->origin, 2);
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->context, "copying");
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->message,
                     "barrier \"moved\" timed out: host1 waited 60.0 s for host2; "
                     "host2 waits at \"disks\" for host3");
}

Test(meeting, finds_somebody_to_blame_when_all_wait_for_each_other)
{
    arrive(0, "a", 3);
    arrive(1, "b", 6);
    arrive(2, "c", 5);
    meeting_expire(book, 61000, actions);
    cr_assert_geq(meeting_cause(book, TEST, 0)->origin, 0);
    cr_assert_lt(meeting_cause(book, TEST, 0)->origin, 3);
}

Test(meeting, refuses_other_members_and_aborts_the_test)
{
    const char *message =
        "host2 came to barrier \"ready\" (use 0 in scope 0) with other members; it is held "
        "by host1, host2, this host names host1, host2, host3";

    arrive(0, "ready", 3);
    arrive(1, "ready", 7);
    cr_assert_eq(actions->len, 3);
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->message, message);
    cr_assert_eq(meeting_cause(book, TEST, 0)->origin, -1);
}

Test(meeting, refuses_another_payload_from_a_host_that_has_arrived)
{
    arrive_with(0, "ready", 3, "a");
    arrive_with(0, "ready", 3, "b");
    cr_assert_eq(actions->len, 3);
    cr_assert(strstr(meeting_cause(book, TEST, 0)->message, "again, with another payload"));
}

Test(meeting, refuses_another_payload_after_the_release_too)
{
    arrive_with(0, "ready", 3, "a");
    arrive(1, "ready", 3);
    g_ptr_array_set_size(actions, 0);
    arrive_with(0, "ready", 3, "");
    cr_assert_eq(actions->len, 3);
    cr_assert_not_null(meeting_cause(book, TEST, 0));
}

Test(meeting, refuses_strangers)
{
    arrive(2, "ready", 3);
    cr_assert_str_eq(
        meeting_cause(book, TEST, 0)->message,
        "host3 came to barrier \"ready\" (use 0 in scope 0) without being one of its members");
}

Test(meeting, refuses_members_the_test_does_not_have)
{
    arrive(0, "ready", 9);
    cr_assert(strstr(meeting_cause(book, TEST, 0)->message, "that the test does not have"));
}

Test(meeting, settles_after_an_abort)
{
    fail(0, "broken");
    g_ptr_array_set_size(actions, 0);
    arrive_settling(0, "fate", 3);
    expect("");
    arrive_settling(1, "fate", 3);
    expect("release 0 fate(,,-)\nrelease 1 fate(,,-)");
}

Test(meeting, lets_settling_go_on_when_the_test_is_aborted_meanwhile)
{
    arrive_settling(0, "fate", 3);
    fail(1, "broken");
    expect("abort 0 test: broken\nabort 1 test: broken\nabort 2 test: broken");
    arrive_settling(1, "fate", 3);
    expect("release 0 fate(,,-)\nrelease 1 fate(,,-)");
}

Test(meeting, ends_settling_when_a_host_it_needs_is_lost)
{
    arrive_settling(0, "fate", 3);
    lose(1);
    expect("abort 0 test: silent for 3.0 s\n"
           "abort 1 test: silent for 3.0 s\n"
           "abort 2 test: silent for 3.0 s\n"
           "abort 0 fate: host2 is lost, and barrier \"fate\" needs it");
    arrive_settling(1, "fate", 3);
    arrive_settling(0, "fate", 3);
    expect("abort 1 fate: host2 is lost, and barrier \"fate\" needs it\n"
           "abort 0 fate: host2 is lost, and barrier \"fate\" needs it");
}

Test(meeting, ends_settling_at_once_when_a_host_it_needs_was_lost_before)
{
    lose(1);
    g_ptr_array_set_size(actions, 0);
    arrive_settling(0, "fate", 3);
    expect("abort 0 fate: host2 is lost, and barrier \"fate\" needs it");
}

Test(meeting, settles_with_a_lost_host_that_is_back)
{
    lose(1);
    g_ptr_array_set_size(actions, 0);
    arrive_settling(1, "fate", 3);
    expect("");
    arrive_settling(0, "fate", 3);
    expect("release 0 fate(,,-)\nrelease 1 fate(,,-)");
}

Test(meeting, waits_again_for_a_lost_host_that_is_back)
{
    lose(1);
    arrive_settling(1, "hello", 3);
    g_ptr_array_set_size(actions, 0);
    arrive_settling(0, "fate", 3);
    expect("");
    arrive_settling(1, "fate", 3);
    expect("release 0 fate(,,-)\nrelease 1 fate(,,-)");
}

Test(meeting, settles_with_what_a_host_said_before_it_was_lost)
{
    struct meeting_arrival arrival = arrival_of(1, "fate", 3);

    arrival.settle = true;
    meeting_arrive(book, &arrival, now_ms, actions);
    lose(1);
    g_ptr_array_set_size(actions, 0);
    arrive_settling(0, "fate", 3);
    expect("release 0 fate(,,-)\nrelease 1 fate(,,-)");
}

Test(meeting, ends_settling_alone_when_its_time_is_over)
{
    arrive_settling(0, "fate", 3);
    meeting_expire(book, 61000, actions);
    expect("abort 0 fate: barrier \"fate\" timed out: host1 waited 60.0 s for host2; "
           "host2 has not said what it is doing");
    cr_assert_null(meeting_cause(book, TEST, 0));
}

Test(meeting, refuses_to_disagree_about_settling_and_answers_both)
{
    const char *why =
        "host2 came to barrier \"fate\" (use 0 in scope 0) disagreeing whether it is for "
        "settling; it is held by host1, host2, this host names host1, host2";
    g_autofree char *expected = g_strdup_printf("abort 0 test: %s\nabort 1 test: %s\n"
                                                "abort 2 test: %s\nabort 0 fate: %s",
                                                why, why, why, why);

    arrive_settling(0, "fate", 3);
    arrive(1, "fate", 3);
    expect(expected);
}

Test(meeting, refuses_wrong_settling_after_an_abort_with_an_answer_to_the_one_who_came)
{
    const char *why =
        "host3 came to barrier \"fate\" (use 0 in scope 0) without being one of its members";
    g_autofree char *expected = g_strdup_printf("abort 2 fate: %s", why);

    fail(0, "broken");
    g_ptr_array_set_size(actions, 0);
    arrive_settling(2, "fate", 3);
    expect(expected);
}

Test(meeting, aborts_when_a_host_it_needs_has_left)
{
    arrive(0, "finish", 3);
    meeting_leave(book, TEST, 2, now_ms, actions);
    expect("");
    meeting_leave(book, TEST, 1, now_ms, actions);
    cr_assert_eq(actions->len, 3);
    cr_assert_str_eq(meeting_cause(book, TEST, 0)->message,
                     "host2 has ended the test, and barrier \"finish\" needs it");
}

Test(meeting, aborts_at_once_when_a_host_it_needs_had_left_before)
{
    meeting_leave(book, TEST, 1, now_ms, actions);
    expect("");
    arrive(0, "finish", 3);
    cr_assert_eq(actions->len, 3);
    cr_assert_not_null(meeting_cause(book, TEST, 0));
}

Test(meeting, answers_whoever_arrives_at_a_test_that_is_over)
{
    meeting_close_test(book, TEST);
    arrive(1, "finish", 3);
    expect("abort 1 test: the test is over");
    fail(0, "late");
    lose(0);
    meeting_leave(book, TEST, 0, now_ms, actions);
    meeting_abort(book, TEST, "late", now_ms, actions);
    meeting_set_context(book, TEST, 0, "late", now_ms);
    expect("");
    cr_assert_null(meeting_cause(book, TEST, 0));
}

Test(meeting, keeps_tests_apart)
{
    struct meeting_arrival elsewhere = arrival_of(1, "ready", 3);

    meeting_open_test(book, TEST + 1, 3, names);
    elsewhere.test = TEST + 1;
    meeting_arrive(book, &elsewhere, now_ms, actions);
    arrive(0, "ready", 3);
    fail(2, "broken");
    cr_assert_eq(actions->len, 3);
    cr_assert_null(meeting_cause(book, TEST + 1, 0));
}

Test(meeting, remembers_the_last_thousand_and_forgets_older_ones)
{
    for (unsigned i = 0; i < 5000; i++) {
        struct meeting_arrival arrival = arrival_of(0, "tick", 1);

        arrival.use = i;
        meeting_arrive(book, &arrival, now_ms, actions);
        cr_assert_eq(actions->len, 1);
        g_ptr_array_set_size(actions, 0);
        if (i < 1000)
            continue;
        arrival.use = i - 1000;
        meeting_arrive(book, &arrival, now_ms, actions);
        cr_assert_eq(actions->len, 1);
        g_ptr_array_set_size(actions, 0);
    }
}

Test(meeting, holds_as_many_hosts_as_it_says)
{
    const char *many[MEETING_MAX_HOSTS];
    struct meeting_arrival arrival = {.test = TEST + 1, .tag = "all", .timeout_ms = 1};

    for (unsigned i = 0; i < MEETING_MAX_HOSTS; i++) {
        many[i] = "host";
        meeting_hosts_add(&arrival.members, i);
    }
    meeting_open_test(book, TEST + 1, MEETING_MAX_HOSTS, many);
    for (unsigned i = 0; i < MEETING_MAX_HOSTS; i++) {
        cr_assert_eq(actions->len, 0);
        arrival.host = i;
        meeting_arrive(book, &arrival, now_ms, actions);
    }
    cr_assert_eq(actions->len, MEETING_MAX_HOSTS);
}
