/* What a node keeps of its records until they are on the coordinator's disk. What it sends is
 * caught here. */
#include "node/records.h"

#include <criterion/criterion.h>
#include <string.h>

#define TEST_ID 7

static GArray *sent; /* uint64_t: numbers */
static bool is_too_large;

/* In the place of the link. */
int link_send(struct link *link, const Vtmh__Envelope *envelope, GError **err)
{
    (void)link;
    cr_assert_eq(envelope->body_case, VTMH__ENVELOPE__BODY_RECORD);
    cr_assert_eq(envelope->record->test, TEST_ID);
    cr_assert_str_eq(envelope->record->note, "TCG");
    if (is_too_large) {
        g_set_error_literal(err, g_quark_from_static_string("link"), 1, "it is too large");
        return -1;
    }
    g_array_append_val(sent, envelope->record->number);
    return 0;
}

static void free_records(gpointer records)
{
    records_free(records);
}

static struct node node;

static struct records *open_records(void)
{
    sent = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    is_too_large = false;
    node.records = g_ptr_array_new_with_free_func(free_records);
    return records_new(&node, TEST_ID);
}

static int add(struct records *records, GError **err)
{
    Vtmh__Record record = VTMH__RECORD__INIT;
    record.body_case = VTMH__RECORD__BODY_NOTE;
    record.note = (char *)"TCG";
    return records_add(records, &record, err);
}

static void written(uint64_t number)
{
    Vtmh__RecordsWritten message = VTMH__RECORDS_WRITTEN__INIT;
    message.test = TEST_ID;
    message.number = number;
    records_written(&node, &message);
}

static void expect_sent(const char *numbers)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < sent->len; i++)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT " ", g_array_index(sent, uint64_t, i));
    cr_expect_str_eq(text->str, numbers);
}

Test(records, are_numbered_and_sent_when_they_are_there)
{
    struct records *records = open_records();
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(add(records, NULL), 0);
    expect_sent("1 2 3 ");
    cr_expect_eq(records_count(records), 3);
}

Test(records, a_new_session_gets_what_is_not_on_the_disk)
{
    struct records *records = open_records();
    for (unsigned i = 0; i < 4; i++)
        add(records, NULL);
    written(2);
    g_array_set_size(sent, 0);
    records_send_again(&node);
    expect_sent("3 4 ");
}

Test(records, outlive_their_test_until_all_are_written)
{
    struct records *records = open_records();
    add(records, NULL);
    add(records, NULL);
    records_end(records);
    written(1);
    g_array_set_size(sent, 0);
    records_send_again(&node);
    expect_sent("2 ");
    written(2);
    cr_expect_eq(node.records->len, 0);
    records_send_again(&node);
    expect_sent("2 ");
    written(3); /* of a test that nobody knows any more */
}

/* As when the host was lost in it: nobody will acknowledge them. */
Test(records, that_nobody_wrote_down_go_when_the_next_test_begins)
{
    struct records *records = open_records();
    add(records, NULL);
    records_end(records);
    cr_expect_eq(node.records->len, 1);
    records_new(&node, TEST_ID + 1);
    cr_expect_eq(node.records->len, 1);
    g_array_set_size(sent, 0);
    records_send_again(&node);
    expect_sent("");
}

Test(records, of_a_test_that_told_nothing_end_with_it)
{
    records_end(open_records());
    cr_expect_eq(node.records->len, 0);
}

Test(records, one_that_cannot_be_sent_is_an_error_and_is_counted)
{
    struct records *records = open_records();
    g_autoptr(GError) error = NULL;
    add(records, NULL);
    is_too_large = true;
    cr_assert_lt(add(records, &error), 0);
    cr_expect_str_eq(error->message, "record 2 cannot be told: it is too large");
    cr_expect_eq(records_count(records), 2, "the verdict is to miss it");
}

Test(records, behind_one_that_could_not_be_sent_go_on_without_a_gap)
{
    struct records *records = open_records();
    add(records, NULL);
    is_too_large = true;
    add(records, NULL);
    is_too_large = false;
    add(records, NULL);
    add(records, NULL);
    written(2);
    g_array_set_size(sent, 0);
    records_send_again(&node);
    expect_sent("3 ");
    cr_expect_eq(records_count(records), 4);
}

Test(records, more_than_there_is_room_for_are_an_error_and_none_is_dropped_in_silence)
{
    struct records *records = open_records();
    g_autoptr(GError) error = NULL;
    for (unsigned i = 0; i < RECORDS_MAX; i++)
        cr_assert_eq(add(records, NULL), 0);
    cr_assert_lt(add(records, &error), 0);
    cr_expect_not_null(strstr(error->message, "no room"), "%s", error->message);
    cr_expect_eq(records_count(records), RECORDS_MAX + 1);
}

static struct event waits;
static bool has_waited;

static int wait_for_room(void *arg, GError **err)
{
    event_set(&waits);
    int result = records_await_room(arg, err);
    has_waited = true;
    return result;
}

static int run_full(void *arg, GError **err)
{
    (void)arg;
    struct records *records = open_records();
    cr_assert_eq(records_await_room(records, err), 0);
    for (unsigned i = 0; i < RECORDS_ROOM; i++)
        add(records, NULL);
    g_autoptr(scope) scope = scope_open("legs");
    struct fiber *waiter = scope_spawn(scope, "leg", wait_for_room, records);
    cr_assert_eq(await_event(&waits, DEADLINE_NEVER, err), 0);
    cr_assert_eq(await_turn(err), 0);
    cr_expect(!has_waited, "a leg does not begin while there is no room");
    written(1);
    cr_assert_eq(fiber_join(waiter, deadline_in(5000), err), 0);
    cr_expect(has_waited);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(records, a_leg_waits_for_room_and_goes_on_when_there_is_some)
{
    g_autoptr(GError) error = NULL;
    cr_expect_eq(fiber_run(run_full, NULL, &error), 0, "%s", error != NULL ? error->message : "");
}
