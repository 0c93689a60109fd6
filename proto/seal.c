/*
 * A frame is its nonce followed by the ciphertext and the tag:
 *
 *     0   session, 8 bytes, big-endian
 *     8   side of the sealer
 *     9   salt, 7 bytes, random for each struct seal
 *    16   counter, 8 bytes, big-endian, from 1
 *    24   ciphertext, 16 bytes longer than the plain text
 *
 * The whole header is the nonce, so no part of it can be altered. The counter makes a nonce unique
 * within a struct seal; the salt keeps two of them apart that were made from one key (a coordinator
 * that starts again).
 *
 * XChaCha20 makes a key from its key and the first 16 bytes of the nonce, and goes on as ChaCha20
 * with that key and the other 8. Here those 16 are the same for all frames of a session that one
 * side seals, so the key is made once: it would be a quarter of what a small frame costs.
 *
 * A frame opens once: counters of a session only rise. The highest counter of every session ever
 * opened is kept, so that a recorded session cannot be played again after another one began.
 */
#include "proto/seal.h"

#include <sodium.h>
#include <string.h>

#define SESSION_AT 0
#define SIDE_AT 8
#define SALT_AT 9
#define COUNTER_AT 16
#define COUNTER_BYTES 8
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

G_STATIC_ASSERT(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
G_STATIC_ASSERT(SEAL_KEY_HEX == 2 * SEAL_KEY_BYTES);
G_STATIC_ASSERT(SEAL_HEAD == NONCE_BYTES);
G_STATIC_ASSERT(SEAL_OVERHEAD == NONCE_BYTES + TAG_BYTES);
G_STATIC_ASSERT(COUNTER_AT == crypto_core_hchacha20_INPUTBYTES);
G_STATIC_ASSERT(COUNTER_AT + COUNTER_BYTES == NONCE_BYTES);

G_DEFINE_QUARK(seal - error - quark, seal_error)

/* The key for all frames that begin alike: none do as a fresh one, since no side is 0. */
struct derived {
    uint8_t begin[COUNTER_AT];
    uint8_t key[crypto_core_hchacha20_OUTPUTBYTES];
};

struct seal {
    uint8_t key[SEAL_KEY_BYTES];
    uint8_t salt[COUNTER_AT - SALT_AT];
    enum seal_side ours;
    enum seal_side theirs;
    uint64_t counter;
    struct derived sealing, opening; /* for the latest frame of each */
    GHashTable *opened;              /* set of struct opened, by session */
    struct opened *latest;           /* in it: the one of the last frame */
};

/* A session of which a frame was opened. */
struct opened {
    uint64_t session;
    uint64_t highest; /* counter */
};

static void prepare_sodium(void)
{
    /* It fails only where the kernel gives no randomness; then no key can be trusted. */
    if (sodium_init() < 0)
        abort();
}

void seal_make_key(uint8_t key[SEAL_KEY_BYTES])
{
    prepare_sodium();
    randombytes_buf(key, SEAL_KEY_BYTES);
}

char *seal_key_to_hex(const uint8_t key[SEAL_KEY_BYTES])
{
    char *hex = g_malloc(SEAL_KEY_HEX + 1);

    sodium_bin2hex(hex, SEAL_KEY_HEX + 1, key, SEAL_KEY_BYTES);
    return hex;
}

int seal_key_from_hex(const char *hex, uint8_t key[SEAL_KEY_BYTES], GError **err)
{
    if (strlen(hex) != SEAL_KEY_HEX || strspn(hex, "0123456789abcdef") != SEAL_KEY_HEX) {
        g_set_error(err, SEAL_ERROR, SEAL_ERROR_KEY, "a link key is %d lower-case hex digits",
                    SEAL_KEY_HEX);
        return -1;
    }
    sodium_hex2bin(key, SEAL_KEY_BYTES, hex, SEAL_KEY_HEX, NULL, NULL, NULL);
    return 0;
}

static void derive(struct derived *derived, const uint8_t *key, const uint8_t *begin)
{
    memcpy(derived->begin, begin, sizeof(derived->begin));
    crypto_core_hchacha20(derived->key, begin, key, NULL);
}

/* What takes the place of the key and the nonce for a frame. Transfer none. */
static const uint8_t *derived_key(struct derived *derived, const uint8_t *key, const uint8_t *frame,
                                  uint8_t nonce_out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    if (memcmp(derived->begin, frame, sizeof(derived->begin)) != 0)
        derive(derived, key, frame);
    memset(nonce_out, 0, crypto_aead_chacha20poly1305_ietf_NPUBBYTES - COUNTER_BYTES);
    memcpy(nonce_out + crypto_aead_chacha20poly1305_ietf_NPUBBYTES - COUNTER_BYTES,
           frame + COUNTER_AT, COUNTER_BYTES);
    return derived->key;
}

struct seal *seal_new(const uint8_t key[SEAL_KEY_BYTES], enum seal_side side)
{
    struct seal *seal = g_new0(struct seal, 1);

    prepare_sodium();
    memcpy(seal->key, key, SEAL_KEY_BYTES);
    randombytes_buf(seal->salt, sizeof(seal->salt));
    seal->ours = side;
    seal->theirs = side == SEAL_NODE ? SEAL_COORDINATOR : SEAL_NODE;
    seal->opened = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return seal;
}

void seal_free(struct seal *seal)
{
    if (seal == NULL)
        return;
    g_hash_table_unref(seal->opened);
    sodium_memzero(seal, sizeof(*seal));
    g_free(seal);
}

static void put_u64(uint8_t *at, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(at, &value, sizeof(value));
}

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT64_FROM_BE(value);
}

void seal_frame(struct seal *seal, uint64_t session, uint8_t *frame, size_t size)
{
    uint8_t *data = frame + SEAL_HEAD;
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    const uint8_t *key;

    put_u64(frame + SESSION_AT, session);
    frame[SIDE_AT] = seal->ours;
    memcpy(frame + SALT_AT, seal->salt, sizeof(seal->salt));
    put_u64(frame + COUNTER_AT, ++seal->counter);
    key = derived_key(&seal->sealing, seal->key, frame, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(data, NULL, data, size, NULL, 0, NULL, nonce, key);
}

static struct opened *find_opened(const struct seal *seal, uint64_t session)
{
    if (seal->latest != NULL && seal->latest->session == session)
        return seal->latest;
    return g_hash_table_lookup(seal->opened, &session);
}

/* For authentic frames only: it makes an entry. */
static void remember(struct seal *seal, struct opened *opened, uint64_t session, uint64_t counter)
{
    if (opened == NULL) {
        opened = g_new(struct opened, 1);
        opened->session = session;
        g_hash_table_add(seal->opened, opened);
    }
    opened->highest = counter;
    seal->latest = opened;
}

const uint8_t *seal_open(struct seal *seal, uint8_t *frame, size_t size, uint64_t *session_out)
{
    uint8_t *data;
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    const uint8_t *key;
    struct opened *opened;
    uint64_t session, counter;

    if (size < SEAL_OVERHEAD || frame[SIDE_AT] != seal->theirs)
        return NULL;
    session = get_u64(frame + SESSION_AT);
    counter = get_u64(frame + COUNTER_AT);
    opened = find_opened(seal, session);
    if (opened != NULL && counter <= opened->highest)
        return NULL;
    data = frame + SEAL_HEAD;
    key = derived_key(&seal->opening, seal->key, frame, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(data, NULL, NULL, data, size - SEAL_HEAD, NULL, 0,
                                                  nonce, key) < 0)
        return NULL;
    remember(seal, opened, session, counter);
    *session_out = session;
    return data;
}
