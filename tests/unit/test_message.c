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
