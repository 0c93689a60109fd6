#include "proto/link_outbox.h"

#include <criterion/criterion.h>

static void add(struct outbox *outbox, size_t size)
{
    struct packed *body = packed_new(size);

    outbox_add(outbox, body);
    packed_unref(body);
}

#define MANY_BYTES 100000

/* How many go out as one; sequence: of the first. */
static unsigned peek(const struct outbox *outbox, uint64_t *sequence)
{
    struct packed *bodies[OUTBOX_BATCH];

    return outbox_peek(outbox, MANY_BYTES, bodies, sequence);
}

/* Sends all that may be sent; returns how many and the last number. */
static unsigned send_all(struct outbox *outbox, int64_t now, uint64_t *last)
{
    unsigned n = 0;

    while (peek(outbox, last) > 0) {
        outbox_sent(outbox, 1, now);
        n++;
    }
    return n;
}

Test(outbox, numbers_messages_from_one_and_sends_them_in_order)
{
    struct outbox *outbox = outbox_new();
    uint64_t sequence = 0;

    cr_assert_eq(peek(outbox, &sequence), 0);
    for (int i = 0; i < 3; i++)
        add(outbox, 10);
    for (uint64_t want = 1; want <= 3; want++) {
        cr_assert_eq(peek(outbox, &sequence), 4 - want);
        cr_assert_eq(sequence, want);
        outbox_sent(outbox, 1, 0);
    }
    cr_assert_eq(peek(outbox, &sequence), 0);
    cr_assert_eq(outbox_last(outbox), 3);
    outbox_free(outbox);
}

Test(outbox, stops_at_the_window_and_goes_on_when_acknowledged)
{
    struct outbox *outbox = outbox_new();
    uint64_t last = 0;
    unsigned first;

    for (int i = 0; i < 10; i++)
        add(outbox, 51200);
    first = send_all(outbox, 0, &last);
    cr_assert_eq(first, 3);
    cr_assert_eq(outbox_acknowledge(outbox, 2, 1), 1);
    cr_assert_eq(send_all(outbox, 1, &last), 2);
    cr_assert_eq(last, 5);
    outbox_free(outbox);
}

Test(outbox, gives_as_many_at_once_as_fit)
{
    struct outbox *outbox = outbox_new();
    uint64_t sequence = 0;
    unsigned n;

    for (int i = 0; i < 2 * OUTBOX_BATCH; i++)
        add(outbox, 10);
    cr_assert_eq(n = peek(outbox, &sequence), OUTBOX_BATCH);
    outbox_sent(outbox, n, 0);
    cr_assert_eq(n = peek(outbox, &sequence), OUTBOX_BATCH);
    cr_assert_eq(sequence, OUTBOX_BATCH + 1);
    outbox_sent(outbox, n, 0);
    add(outbox, 10);
    add(outbox, MANY_BYTES);
    add(outbox, 10);
    cr_assert_eq(n = peek(outbox, &sequence), 1, "the next is too much");
    outbox_sent(outbox, n, 0);
    cr_assert_eq(n = peek(outbox, &sequence), 1, "alone it goes");
    outbox_sent(outbox, n, 0);
    cr_assert_eq(peek(outbox, &sequence), 1);
    outbox_rewind(outbox);
    cr_assert_eq(peek(outbox, &sequence), 1, "until it is known that they arrive");
    cr_assert_eq(sequence, 1);
    outbox_free(outbox);
}

Test(outbox, sends_one_message_larger_than_the_window)
{
    struct outbox *outbox = outbox_new();
    uint64_t last;

    add(outbox, (size_t)3 * OUTBOX_WINDOW);
    add(outbox, 1);
    cr_assert_eq(send_all(outbox, 0, &last), 1);
    cr_assert_eq(outbox_acknowledge(outbox, 1, 0), 1);
    cr_assert_eq(send_all(outbox, 0, &last), 1);
    outbox_free(outbox);
}

Test(outbox, is_due_only_while_something_is_under_way)
{
    struct outbox *outbox = outbox_new();
    uint64_t last;

    cr_assert_eq(outbox_resend_at(outbox), INT64_MAX);
    add(outbox, 1);
    cr_assert_eq(outbox_resend_at(outbox), INT64_MAX);
    send_all(outbox, 1000, &last);
    cr_assert_eq(outbox_resend_at(outbox), 1000 + OUTBOX_RESEND_MS);
    outbox_acknowledge(outbox, 1, 1001);
    cr_assert_eq(outbox_resend_at(outbox), INT64_MAX);
    outbox_free(outbox);
}

Test(outbox, probes_with_the_oldest_after_a_rewind_and_waits_longer_each_time)
{
    struct outbox *outbox = outbox_new();
    int64_t now = 0, wait = OUTBOX_RESEND_MS;
    uint64_t last;

    for (int i = 0; i < 5; i++)
        add(outbox, 1);
    cr_assert_eq(send_all(outbox, now, &last), 5);
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(outbox_resend_at(outbox), now + wait);
        now = outbox_resend_at(outbox);
        outbox_rewind(outbox);
        wait = MIN(2 * wait, OUTBOX_RESEND_MAX_MS);
        cr_assert_eq(send_all(outbox, now, &last), 1);
        cr_assert_eq(last, 1);
    }
    cr_assert_eq(outbox_acknowledge(outbox, 1, now), 1);
    cr_assert_eq(send_all(outbox, now, &last), 4, "it arrives: the others follow together");
    cr_assert_eq(outbox_resend_at(outbox), now + OUTBOX_RESEND_MS);
    outbox_free(outbox);
}

Test(outbox, drops_what_an_acknowledgement_covers_beyond_the_probe)
{
    struct outbox *outbox = outbox_new();
    uint64_t last;

    for (int i = 0; i < 5; i++)
        add(outbox, 1);
    send_all(outbox, 0, &last);
    outbox_rewind(outbox);
    cr_assert_eq(send_all(outbox, 200, &last), 1);
    cr_assert_eq(outbox_acknowledge(outbox, 4, 200), 1, "all but the last had arrived");
    cr_assert_eq(send_all(outbox, 200, &last), 1);
    cr_assert_eq(last, 5);
    cr_assert_eq(outbox_acknowledge(outbox, 5, 200), 1);
    cr_assert_eq(outbox_resend_at(outbox), INT64_MAX);
    outbox_free(outbox);
}

Test(outbox, an_acknowledgement_right_after_a_rewind_needs_no_probe)
{
    struct outbox *outbox = outbox_new();
    uint64_t last;

    for (int i = 0; i < 3; i++)
        add(outbox, 1);
    send_all(outbox, 0, &last);
    outbox_rewind(outbox);
    cr_assert_eq(outbox_acknowledge(outbox, 3, 200), 1);
    cr_assert_eq(send_all(outbox, 200, &last), 0);
    cr_assert_eq(outbox_resend_at(outbox), INT64_MAX);
    add(outbox, 1);
    cr_assert_eq(send_all(outbox, 200, &last), 1);
    cr_assert_eq(last, 4);
    outbox_free(outbox);
}

Test(outbox, ignores_old_and_refuses_impossible_acknowledgements)
{
    struct outbox *outbox = outbox_new();
    uint64_t last;

    add(outbox, 1);
    add(outbox, 1);
    cr_assert_eq(outbox_acknowledge(outbox, 1, 0), -1, "it was not sent yet");
    send_all(outbox, 0, &last);
    cr_assert_eq(outbox_acknowledge(outbox, 3, 0), -1);
    cr_assert_eq(outbox_acknowledge(outbox, 2, 0), 1);
    cr_assert_eq(outbox_acknowledge(outbox, 2, 0), 0);
    cr_assert_eq(outbox_acknowledge(outbox, 1, 0), 0);
    cr_assert_eq(outbox_acknowledged(outbox), 2);
    outbox_free(outbox);
}

Test(outbox, begins_again_at_one_for_a_new_session)
{
    struct outbox *outbox = outbox_new();
    uint64_t last;

    add(outbox, 1);
    send_all(outbox, 0, &last);
    outbox_clear(outbox);
    cr_assert_eq(peek(outbox, &last), 0);
    cr_assert_eq(outbox_resend_at(outbox), INT64_MAX);
    add(outbox, 1);
    send_all(outbox, 0, &last);
    cr_assert_eq(last, 1);
    outbox_free(outbox);
}
