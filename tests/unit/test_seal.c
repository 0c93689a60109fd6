#include "tests/sealed_bytes.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define SESSION 0x1122334455667788

static const char text[] = "migrate vm1 to host2";

struct pair {
    uint8_t key[SEAL_KEY_BYTES];
    struct seal *coordinator, *node;
};

static struct pair pair_new(void)
{
    struct pair p;

    seal_make_key(p.key);
    p.coordinator = seal_new(p.key, SEAL_COORDINATOR);
    p.node = seal_new(p.key, SEAL_NODE);
    return p;
}

static void pair_free(struct pair *p)
{
    seal_free(p->coordinator);
    seal_free(p->node);
}

static GBytes *open_frame(struct seal *seal, GBytes *frame)
{
    uint64_t session;

    return open_bytes(seal, g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), &session);
}

static void assert_refused(struct seal *seal, GBytes *frame, const char *why)
{
    GBytes *plain = open_frame(seal, frame);

    cr_assert_null(plain, "opened though it is %s", why);
}

Test(seal, opens_what_the_other_side_sealed)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    uint64_t session = 0;
    GBytes *plain =
        open_bytes(p.node, g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), &session);

    cr_assert_eq(g_bytes_get_size(frame), sizeof(text) + SEAL_OVERHEAD);
    cr_assert_not_null(plain);
    cr_assert_eq(session, SESSION);
    cr_assert_eq(g_bytes_get_size(plain), sizeof(text));
    cr_assert_arr_eq(g_bytes_get_data(plain, NULL), text, sizeof(text));
    g_bytes_unref(plain);
    g_bytes_unref(frame);
    pair_free(&p);
}

Test(seal, opens_an_empty_message)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.node, SESSION, "", 0);
    GBytes *plain = open_frame(p.coordinator, frame);

    cr_assert_not_null(plain);
    cr_assert_eq(g_bytes_get_size(plain), 0);
    g_bytes_unref(plain);
    g_bytes_unref(frame);
    pair_free(&p);
}

Test(seal, hides_the_text)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));

    cr_assert_null(memmem(g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), text, 7));
    g_bytes_unref(frame);
    pair_free(&p);
}

Test(seal, refuses_its_own_frame_reflected)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));

    assert_refused(p.coordinator, frame, "our own");
    g_bytes_unref(frame);
    pair_free(&p);
}

Test(seal, refuses_a_replayed_frame)
{
    struct pair p = pair_new();
    GBytes *first = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    GBytes *second = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    GBytes *plain = open_frame(p.node, first);

    cr_assert_not_null(plain);
    assert_refused(p.node, first, "replayed");
    g_bytes_unref(plain);
    plain = open_frame(p.node, second);
    cr_assert_not_null(plain);
    assert_refused(p.node, first, "older than the last");
    assert_refused(p.node, second, "replayed");
    g_bytes_unref(plain);
    g_bytes_unref(first);
    g_bytes_unref(second);
    pair_free(&p);
}

Test(seal, refuses_a_replayed_session_after_another_one_began)
{
    struct pair p = pair_new();
    GBytes *old = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    GBytes *new = seal_bytes(p.coordinator, SESSION + 1, text, sizeof(text));
    GBytes *a = open_frame(p.node, old);
    GBytes *b = open_frame(p.node, new);

    cr_assert_not_null(a);
    cr_assert_not_null(b);
    assert_refused(p.node, old, "of a session that was played before");
    g_bytes_unref(a);
    g_bytes_unref(b);
    g_bytes_unref(old);
    g_bytes_unref(new);
    pair_free(&p);
}

Test(seal, refuses_every_truncation)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));

    for (size_t size = 0; size < g_bytes_get_size(frame); size++) {
        GBytes *part = g_bytes_new_from_bytes(frame, 0, size);

        assert_refused(p.node, part, "truncated");
        g_bytes_unref(part);
    }
    g_bytes_unref(frame);
    pair_free(&p);
}

Test(seal, refuses_a_frame_with_a_byte_appended)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    size_t size = g_bytes_get_size(frame);
    uint8_t *longer = g_malloc0(size + 1);
    uint64_t session;

    memcpy(longer, g_bytes_get_data(frame, NULL), size);
    cr_assert_null(open_bytes(p.node, longer, size + 1, &session));
    g_free(longer);
    g_bytes_unref(frame);
    pair_free(&p);
}

Test(seal, refuses_a_flipped_bit_anywhere_and_then_still_opens_the_frame)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    size_t size = g_bytes_get_size(frame);
    uint8_t *damaged = g_memdup2(g_bytes_get_data(frame, NULL), size);
    uint64_t session;
    GBytes *plain;

    for (size_t bit = 0; bit < 8 * size; bit++) {
        damaged[bit / 8] ^= 1 << bit % 8;
        cr_assert_null(open_bytes(p.node, damaged, size, &session), "bit %zu of byte %zu", bit % 8,
                       bit / 8);
        damaged[bit / 8] ^= 1 << bit % 8;
    }
    plain = open_frame(p.node, frame);
    cr_assert_not_null(plain, "a forgery must not move the counter");
    g_bytes_unref(plain);
    g_free(damaged);
    g_bytes_unref(frame);
    pair_free(&p);
}

Test(seal, refuses_another_key)
{
    struct pair p = pair_new(), q = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));

    assert_refused(q.node, frame, "under another key");
    g_bytes_unref(frame);
    pair_free(&p);
    pair_free(&q);
}

Test(seal, refuses_a_frame_moved_to_another_session)
{
    struct pair p = pair_new();
    GBytes *frame = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    GBytes *other = seal_bytes(p.coordinator, SESSION + 1, text, sizeof(text));
    size_t size = g_bytes_get_size(frame);
    uint8_t *moved = g_memdup2(g_bytes_get_data(frame, NULL), size);
    uint64_t session;

    memcpy(moved, g_bytes_get_data(other, NULL), sizeof(uint64_t));
    cr_assert_null(open_bytes(p.node, moved, size, &session));
    g_free(moved);
    g_bytes_unref(frame);
    g_bytes_unref(other);
    pair_free(&p);
}

Test(seal, never_repeats_a_nonce_for_the_same_counter)
{
    struct pair p = pair_new();
    struct seal *again = seal_new(p.key, SEAL_COORDINATOR);
    GBytes *a = seal_bytes(p.coordinator, SESSION, text, sizeof(text));
    GBytes *b = seal_bytes(again, SESSION, text, sizeof(text));

    cr_assert_neq(g_bytes_compare(a, b), 0);
    cr_assert(memcmp(g_bytes_get_data(a, NULL), g_bytes_get_data(b, NULL), 24) != 0);
    g_bytes_unref(a);
    g_bytes_unref(b);
    seal_free(again);
    pair_free(&p);
}

/* Sealed by libsodium alone, with a header of our own making for a nonce. Transfer full. */
static GBytes *seal_by_the_book(const uint8_t *key, uint8_t session, char side, uint8_t counter)
{
    uint8_t frame[sizeof(text) + SEAL_OVERHEAD] = {[7] = session, [8] = side, [23] = counter};

    crypto_aead_xchacha20poly1305_ietf_encrypt(frame + SEAL_HEAD, NULL, (const uint8_t *)text,
                                               sizeof(text), NULL, 0, NULL, frame, key);
    return g_bytes_new(frame, sizeof(frame));
}

Test(seal, is_xchacha20_poly1305_with_the_header_for_a_nonce)
{
    static const uint64_t sessions[] = {SESSION, SESSION, SESSION + 1, SESSION};
    struct pair p = pair_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(sessions); i++) {
        GBytes *frame = seal_bytes(p.coordinator, sessions[i], text, sizeof(text));
        const uint8_t *bytes = g_bytes_get_data(frame, NULL);
        uint8_t plain[sizeof(text)];

        cr_assert_eq(crypto_aead_xchacha20poly1305_ietf_decrypt(
                         plain, NULL, NULL, bytes + SEAL_HEAD, g_bytes_get_size(frame) - SEAL_HEAD,
                         NULL, 0, bytes, p.key),
                     0, "frame %u", i);
        cr_assert_arr_eq(plain, text, sizeof(text));
        g_bytes_unref(frame);
    }
    pair_free(&p);
}

Test(seal, opens_frames_of_sessions_that_take_turns)
{
    static const uint8_t sessions[] = {1, 2, 1, 1, 2, 3, 1};
    struct pair p = pair_new();

    for (uint8_t i = 0; i < G_N_ELEMENTS(sessions); i++) {
        GBytes *frame = seal_by_the_book(p.key, sessions[i], SEAL_COORDINATOR, i + 1);
        GBytes *plain = open_frame(p.node, frame);

        cr_assert_not_null(plain, "frame %u", i);
        assert_refused(p.node, frame, "replayed");
        g_bytes_unref(plain);
        g_bytes_unref(frame);
    }
    pair_free(&p);
}

Test(seal, key_survives_its_way_through_hex)
{
    uint8_t key[SEAL_KEY_BYTES], back[SEAL_KEY_BYTES];
    char *hex;

    seal_make_key(key);
    hex = seal_key_to_hex(key);
    cr_assert_eq(strlen(hex), SEAL_KEY_HEX);
    cr_assert_eq(seal_key_from_hex(hex, back, NULL), 0);
    cr_assert_arr_eq(key, back, SEAL_KEY_BYTES);
    g_free(hex);
}

Test(seal, key_from_hex_refuses_all_else)
{
    static const char *const wrong[] = {
        "",
        "00",
        "0000000000000000000000000000000000000000000000000000000000000G00",
        "000000000000000000000000000000000000000000000000000000000000000",
        "00000000000000000000000000000000000000000000000000000000000000000",
        "ABCDEF0000000000000000000000000000000000000000000000000000000000",
        " 00000000000000000000000000000000000000000000000000000000000000 ",
    };
    uint8_t key[SEAL_KEY_BYTES] = {42};

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        GError *err = NULL;

        cr_assert_eq(seal_key_from_hex(wrong[i], key, &err), -1, "accepted \"%s\"", wrong[i]);
        cr_assert(g_error_matches(err, SEAL_ERROR, SEAL_ERROR_KEY));
        cr_assert_eq(key[0], 42, "the key was touched");
        g_error_free(err);
    }
}

Test(seal, two_fresh_keys_differ)
{
    uint8_t a[SEAL_KEY_BYTES], b[SEAL_KEY_BYTES];

    seal_make_key(a);
    seal_make_key(b);
    cr_assert(memcmp(a, b, SEAL_KEY_BYTES) != 0);
}
