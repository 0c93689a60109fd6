#include "proto/link_frame.h"

#include "proto/link_outbox.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t key[SEAL_KEY_BYTES] = {1, 2, 3};

struct ends {
    struct seal *coordinator, *node;
    GByteArray *frame;
};

static struct ends ends_new(void)
{
    return (struct ends){seal_new(key, SEAL_COORDINATOR), seal_new(key, SEAL_NODE),
                         g_byte_array_new()};
}

static void ends_free(struct ends *ends)
{
    seal_free(ends->coordinator);
    seal_free(ends->node);
    g_byte_array_unref(ends->frame);
}

static struct packed *body_of(const void *data, size_t size)
{
    struct packed *body = packed_new(size);

    memcpy(body->data, data, size);
    return body;
}

static struct packed *arrival_body(char *tag)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Arrive arrive = VTMH__ARRIVE__INIT;

    arrive.tag = tag;
    envelope.body_case = VTMH__ENVELOPE__BODY_ARRIVE;
    envelope.arrive = &arrive;
    return frame_body(&envelope);
}

Test(frame, carries_every_number_and_the_body)
{
    static const uint64_t numbers[] = {0, 1, 127, 128, UINT32_MAX, (uint64_t)1 << 56, UINT64_MAX};
    struct ends ends = ends_new();
    struct packed *body = arrival_body((char *)"start");

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const struct frame_fields fields = {UINT64_MAX - i, numbers[i],
                                            numbers[G_N_ELEMENTS(numbers) - 1 - i]};
        Vtmh__Envelope *envelope = NULL;

        frame_make(ends.frame, ends.coordinator, &fields, &body, 1);
        cr_assert_leq(ends.frame->len, body->size + FRAME_OVERHEAD);
        cr_assert_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                     FRAME_IS_GOOD);
        cr_assert_eq(envelope->session, fields.session);
        cr_assert_eq(envelope->sequence, fields.sequence);
        cr_assert_eq(envelope->ack, fields.ack);
        cr_assert_eq(envelope->body_case, VTMH__ENVELOPE__BODY_ARRIVE);
        cr_assert_str_eq(envelope->arrive->tag, "start");
        vtmh_envelope_free(envelope);
    }
    packed_unref(body);
    ends_free(&ends);
}

/* Ours is a hand that packs what protobuf would. */
Test(frame, has_the_links_fields_as_protobuf_packs_them)
{
    struct ends ends = ends_new();
    const struct frame_fields fields = {300, 70000, 5};
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    uint8_t packed[64];
    const uint8_t *plain;
    uint64_t session;
    size_t size;

    envelope.session = fields.session;
    envelope.sequence = fields.sequence;
    envelope.ack = fields.ack;
    size = vtmh__envelope__pack(&envelope, packed);
    frame_make(ends.frame, ends.coordinator, &fields, NULL, 0);
    plain = seal_open(ends.node, ends.frame->data, ends.frame->len, &session);
    cr_assert_not_null(plain);
    cr_assert_eq(ends.frame->len - SEAL_OVERHEAD, size);
    cr_assert_arr_eq(plain, packed, size);
    ends_free(&ends);
}

Test(frame, has_a_body_as_protobuf_packs_it)
{
    g_autofree char *long_tag = g_strnfill(300, 'x');
    char *const tags[] = {(char *)"", (char *)"start", long_tag};

    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
        Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
        Vtmh__Arrive arrive = VTMH__ARRIVE__INIT;
        g_autoptr(packed) body = arrival_body(tags[i]);
        g_autofree uint8_t *packed = NULL;
        size_t size;

        arrive.tag = tags[i];
        envelope.body_case = VTMH__ENVELOPE__BODY_ARRIVE;
        envelope.arrive = &arrive;
        size = vtmh__envelope__get_packed_size(&envelope);
        packed = g_malloc(size);
        vtmh__envelope__pack(&envelope, packed);
        cr_assert_eq(body->size, size);
        cr_assert_arr_eq(body->data, packed, size);
    }
}

Test(frame, tells_a_strangers_from_the_peers_nonsense)
{
    struct ends ends = ends_new();
    const struct frame_fields fields = {.session = 7};
    struct packed *nonsense = body_of("\xff\xff\xff\xff", 4);
    Vtmh__Envelope *envelope = NULL;

    frame_make(ends.frame, ends.coordinator, &fields, &nonsense, 1);
    cr_assert_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                 FRAME_IS_NONSENSE);
    frame_make(ends.frame, ends.coordinator, &fields, NULL, 0);
    ends.frame->data[ends.frame->len - 1] ^= 1;
    cr_assert_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                 FRAME_DOES_NOT_OPEN);
    cr_assert_null(envelope);
    packed_unref(nonsense);
    ends_free(&ends);
}

Test(frame, holds_several_messages_in_their_order)
{
    struct ends ends = ends_new();
    const struct frame_fields fields = {7, 41, 3};
    const size_t sizes[] = {1, 300, 0, 40000};
    struct packed *bodies[G_N_ELEMENTS(sizes)];
    Vtmh__Envelope *envelope = NULL;
    size_t most = FRAME_OVERHEAD;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Vtmh__Envelope message = VTMH__ENVELOPE__INIT;
        Vtmh__LogRecord record = VTMH__LOG_RECORD__INIT;
        g_autofree char *text = g_strnfill(sizes[i], 'x');

        record.text = text;
        record.time_us = (int64_t)i + 1;
        message.body_case = VTMH__ENVELOPE__BODY_LOG_RECORD;
        message.log_record = &record;
        bodies[i] = frame_body(&message);
        most += bodies[i]->size + FRAME_MORE_OVERHEAD;
    }
    frame_make(ends.frame, ends.coordinator, &fields, bodies, G_N_ELEMENTS(bodies));
    cr_assert_leq(ends.frame->len, most);
    cr_assert_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                 FRAME_IS_GOOD);
    cr_assert_eq(envelope->sequence, 41);
    cr_assert_eq(envelope->n_more, G_N_ELEMENTS(bodies) - 1);
    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        Vtmh__Envelope *message = i == 0 ? envelope : frame_next(&envelope->more[i - 1]);

        cr_assert_not_null(message);
        cr_assert_eq(message->log_record->time_us, (int64_t)i + 1);
        cr_assert_eq(strlen(message->log_record->text), sizes[i]);
        packed_unref(bodies[i]);
        if (i > 0)
            vtmh_envelope_free(message);
    }
    vtmh_envelope_free(envelope);
    ends_free(&ends);
}

/* The session of the seal and that of the message are one. */
Test(frame, of_another_session_than_its_seals_is_nonsense)
{
    struct ends ends = ends_new();
    const struct frame_fields fields = {.session = 7};
    Vtmh__Envelope other = VTMH__ENVELOPE__INIT, *envelope = NULL;
    uint8_t packed[16];
    struct packed *body;

    other.session = 8;
    body = body_of(packed, vtmh__envelope__pack(&other, packed));
    frame_make(ends.frame, ends.coordinator, &fields, &body, 1);
    cr_assert_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                 FRAME_IS_NONSENSE);
    cr_assert_null(envelope);
    packed_unref(body);
    ends_free(&ends);
}

Test(frame, of_more_messages_than_go_out_as_one_is_nonsense)
{
    struct ends ends = ends_new();
    const struct frame_fields fields = {.session = 7, .sequence = 1};
    struct packed *bodies[OUTBOX_BATCH + 1];
    Vtmh__Envelope *envelope = NULL;

    for (unsigned i = 0; i <= OUTBOX_BATCH; i++)
        bodies[i] = packed_new(0);
    frame_make(ends.frame, ends.coordinator, &fields, bodies, OUTBOX_BATCH + 1);
    cr_expect_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                 FRAME_IS_NONSENSE);
    cr_expect_null(envelope);
    frame_make(ends.frame, ends.coordinator, &fields, bodies, OUTBOX_BATCH);
    cr_assert_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                 FRAME_IS_GOOD);
    cr_expect_eq(envelope->n_more, OUTBOX_BATCH - 1);
    vtmh_envelope_free(envelope);
    for (unsigned i = 0; i <= OUTBOX_BATCH; i++)
        packed_unref(bodies[i]);
    ends_free(&ends);
}

/* A peer may send what it likes: it must not choose how deep our stack gets. */
Test(frame, with_messages_within_messages_is_no_deeper_for_us)
{
    struct ends ends = ends_new();
    const struct frame_fields fields = {.session = 7, .sequence = 1};
    const size_t most = 1000000;
    g_autofree uint8_t *nested = g_malloc(most);
    g_autoptr(packed) body = NULL;
    Vtmh__Envelope *envelope = NULL, *more;
    uint8_t *at = nested + most;

    while (at - nested > 8) {
        size_t inside = (size_t)(nested + most - at);
        *--at = (uint8_t)(inside >> 14);
        *--at = (uint8_t)(inside >> 7 | 0x80);
        *--at = (uint8_t)(inside | 0x80);
        *--at = 4 << 3 | 2;
    }
    body = body_of(at, (gsize)(nested + most - at));
    frame_make(ends.frame, ends.coordinator, &fields, &body, 1);
    cr_assert_eq(frame_open(ends.node, ends.frame->data, ends.frame->len, &envelope),
                 FRAME_IS_GOOD);
    cr_assert_eq(envelope->n_more, 1);
    more = frame_next(&envelope->more[0]);
    cr_assert_null(more);
    vtmh_envelope_free(envelope);
    ends_free(&ends);
}
