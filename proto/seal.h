/*
 * Sealing: every frame on the link is encrypted and authenticated (libsodium, XChaCha20-Poly1305)
 * under the node's key, with session, direction and a counter that never repeats. A frame that does
 * not open is counted and dropped before anything of it is parsed.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#define SEAL_KEY_BYTES 32
#define SEAL_KEY_HEX 64  /* digits of a key */
#define SEAL_HEAD 24     /* bytes of a frame before its data */
#define SEAL_OVERHEAD 40 /* bytes by which a frame is longer than its data */

#define SEAL_ERROR (seal_error_quark())
GQuark seal_error_quark(void);

enum seal_error {
    SEAL_ERROR_KEY, /* not a key; the message does not repeat it */
};

enum seal_side {
    SEAL_COORDINATOR = 'C',
    SEAL_NODE = 'N',
};

struct seal;

/* Makes a fresh random key. */
void seal_make_key(uint8_t key[SEAL_KEY_BYTES]);

/*
 * The key as it travels on the node's stdin: lower-case hex. seal_key_from_hex() refuses all else
 * (SEAL_ERROR_KEY). Transfer full.
 */
char *seal_key_to_hex(const uint8_t key[SEAL_KEY_BYTES]);
int seal_key_from_hex(const char *hex, uint8_t key[SEAL_KEY_BYTES], GError **err);

/* side is ours: frames are sealed as ours and opened only as the other's. Transfer full. */
struct seal *seal_new(const uint8_t key[SEAL_KEY_BYTES], enum seal_side side);

/* Wipes the key. NULL is fine. */
void seal_free(struct seal *seal);

/*
 * Seals our next frame of the session where it lies: frame holds `size` bytes of data from
 * SEAL_HEAD on, and becomes size + SEAL_OVERHEAD long.
 */
void seal_frame(struct seal *seal, uint64_t session, uint8_t *frame, size_t size);

/*
 * Opens a frame where it lies: its data is then what is returned, size - SEAL_OVERHEAD long. NULL
 * when it is not authentic, is ours reflected, or was seen before; the caller only counts that.
 * *session_out is the frame's session.
 */
const uint8_t *seal_open(struct seal *seal, uint8_t *frame, size_t size, uint64_t *session_out);
