#include "proto/message.h"

#include <criterion/criterion.h>
#include <string.h>

/* Transfer full. */
static GBytes *pack(const Vtmh__Envelope *envelope)
{
    size_t size = vtmh__envelope__get_packed_size(envelope);
    uint8_t *packed = g_malloc(size + 1);

    vtmh__envelope__pack(envelope, packed);
    return g_bytes_new_take(packed, size);
}

static vtmh_envelope *unpack(GBytes *packed)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(packed, &size);

    return message_unpack(data, size);
}

/* As many strings as take far more memory than bytes on the wire. */
Test(message, comes_out_as_it_went_in_whatever_it_takes)
{
    for (size_t n = 0; n <= 20000; n = 5 * n + 1) {
        g_autofree char **leaks = g_new(char *, n + 1);
        Vtmh__Envelope sent = VTMH__ENVELOPE__INIT;
        Vtmh__Goodbye goodbye = VTMH__GOODBYE__INIT;
        g_autoptr(GBytes) packed = NULL, again = NULL;
        g_autoptr(vtmh_envelope) message = NULL;

        for (size_t i = 0; i < n; i++)
            leaks[i] = (char *)(i % 3 == 0 ? "" : "/tmp/a");
        goodbye.n_leaks = n;
        goodbye.leaks = leaks;
        sent.sequence = n;
        sent.body_case = VTMH__ENVELOPE__BODY_GOODBYE;
        sent.goodbye = &goodbye;
        packed = pack(&sent);
        message = unpack(packed);
        cr_assert_not_null(message);
        again = pack(message);
        cr_expect(g_bytes_equal(packed, again), "%zu strings", n);
    }
}

Test(message, that_is_none_leaves_nothing)
{
    Vtmh__Envelope sent = VTMH__ENVELOPE__INIT;
    Vtmh__Arrive arrive = VTMH__ARRIVE__INIT;
    g_autoptr(GBytes) packed = NULL;
    gsize size;
    const uint8_t *data;

    arrive.tag = (char *)"moved";
    sent.body_case = VTMH__ENVELOPE__BODY_ARRIVE;
    sent.arrive = &arrive;
    packed = pack(&sent);
    data = g_bytes_get_data(packed, &size);
    for (gsize cut = 1; cut < size; cut++)
        cr_expect_null(message_unpack(data, cut), "%zu of %zu bytes", cut, size);
}

static void expect_as_protobuf_has_it(const uint8_t *data, size_t size)
{
    Vtmh__Envelope *theirs = vtmh__envelope__unpack(NULL, size, data);
    g_autoptr(vtmh_envelope) ours = message_unpack(data, size);
    g_autoptr(GBytes) again = NULL, expected = NULL;

    cr_expect_eq(ours != NULL, theirs != NULL, "a message of %zu bytes", size);
    if (ours != NULL && theirs != NULL) {
        again = pack(ours);
        expected = pack(theirs);
        cr_expect(g_bytes_equal(again, expected), "a message of %zu bytes", size);
        cr_expect_eq(ours->body_case, theirs->body_case);
    }
    if (theirs != NULL)
        vtmh__envelope__free_unpacked(theirs, NULL);
}

/* Numbers of every length, a body or none; then each byte of it wrong in each way. */
Test(message, is_what_protobuf_finds_in_the_same_bytes)
{
    const uint64_t numbers[] = {0, 1, 127, 128, UINT32_MAX, INT64_MAX, UINT64_MAX};
    uint32_t members[] = {0, 1, 300};

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(numbers); i++) {
        Vtmh__Envelope sent = VTMH__ENVELOPE__INIT;
        Vtmh__Arrive arrive = VTMH__ARRIVE__INIT;
        g_autoptr(GBytes) packed = NULL;
        g_autofree uint8_t *damaged = NULL;
        gsize size;

        sent.session = numbers[i / 2];
        sent.sequence = numbers[(i / 2 + 1) % G_N_ELEMENTS(numbers)];
        sent.ack = numbers[(i / 2 + 2) % G_N_ELEMENTS(numbers)];
        if (i % 2 == 0) {
            sent.body_case = VTMH__ENVELOPE__BODY_ARRIVE;
            sent.arrive = &arrive;
            arrive.test = numbers[i / 2];
            arrive.tag = (char *)"moved";
            arrive.members = members;
            arrive.n_members = G_N_ELEMENTS(members);
        }
        packed = pack(&sent);
        damaged = g_memdup2(g_bytes_get_data(packed, &size), g_bytes_get_size(packed));
        expect_as_protobuf_has_it(damaged, size);
        for (gsize at = 0; at < size; at++) {
            uint8_t right = damaged[at];

            for (unsigned wrong = 0; wrong <= UINT8_MAX; wrong++) {
                damaged[at] = (uint8_t)wrong;
                expect_as_protobuf_has_it(damaged, size);
            }
            damaged[at] = right;
        }
    }
}

/* What we never send, but another version might: of two bodies the last counts. */
Test(message, of_unusual_fields_is_protobufs)
{
    const uint8_t two_bodies[] = {8, 5, 0x5a, 0, 0x6a, 0};
    const uint8_t body_first[] = {0x6a, 0, 8, 5, 24, 9};
    const uint8_t number_twice[] = {8, 5, 8, 6};
    const uint8_t unknown_behind[] = {8, 5, 0x6a, 0, 0xf8, 0x3f, 1};
    const uint8_t more[] = {8, 5, 0x22, 2, 0x6a, 0};
    const uint8_t long_tag[] = {8, 5, 0xea, 0x80, 0x80, 0x80, 0x10, 0};
    const uint8_t endless[] = {8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};

    expect_as_protobuf_has_it(two_bodies, sizeof(two_bodies));
    expect_as_protobuf_has_it(body_first, sizeof(body_first));
    expect_as_protobuf_has_it(number_twice, sizeof(number_twice));
    expect_as_protobuf_has_it(unknown_behind, sizeof(unknown_behind));
    expect_as_protobuf_has_it(more, sizeof(more));
    expect_as_protobuf_has_it(long_tag, sizeof(long_tag));
    expect_as_protobuf_has_it(endless, sizeof(endless));
}

Test(message, keeps_texts_that_are_added)
{
    Vtmh__Envelope sent = VTMH__ENVELOPE__INIT;
    g_autoptr(GBytes) packed = pack(&sent);
    g_autoptr(vtmh_envelope) message = unpack(packed);
    g_autofree char *large = g_strnfill(100000, 'x');
    char *texts[100], *kept;

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = g_strdup_printf("text %u", i);

        texts[i] = message_add_text(message, text);
    }
    kept = message_add_text(message, large);
    cr_expect_str_eq(kept, large);
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = g_strdup_printf("text %u", i);

        cr_expect_str_eq(texts[i], text);
    }
}
