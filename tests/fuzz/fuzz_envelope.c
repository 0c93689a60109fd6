/*
 * Bytes from the wire: a frame that nobody sealed never opens; a message under the right key is
 * refused, or is one that can be used without a look at every pointer.
 */
#include "proto/vtmh.pb-c.h"
#include "tests/sealed_bytes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the link relies on in a message that could be unpacked. */
static void check_message(const uint8_t *data, size_t size)
{
    Vtmh__Envelope *envelope = vtmh__envelope__unpack(NULL, size, data);
    g_autofree uint8_t *packed = NULL;

    if (envelope == NULL)
        return;
    /* All bodies are pointers of one union. */
    if (envelope->body_case != VTMH__ENVELOPE__BODY__NOT_SET && envelope->hello == NULL)
        abort();
    if (envelope->body_case == VTMH__ENVELOPE__BODY_HEARTBEAT &&
        envelope->heartbeat->context == NULL)
        abort();
    packed = g_malloc(vtmh__envelope__get_packed_size(envelope) + 1);
    vtmh__envelope__pack(envelope, packed);
    vtmh__envelope__free_unpacked(envelope, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[SEAL_KEY_BYTES] = {1};
    struct seal *coordinator = seal_new(key, SEAL_COORDINATOR), *node = seal_new(key, SEAL_NODE);
    GBytes *frame = seal_bytes(coordinator, 7, data, size), *plain;
    uint64_t session = 0;

    if (open_bytes(node, data, size, &session) != NULL)
        abort();
    plain = open_bytes(node, g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), &session);
    if (plain == NULL || session != 7 || g_bytes_get_size(plain) != size)
        abort();
    check_message(g_bytes_get_data(plain, NULL), size);
    g_bytes_unref(plain);
    g_bytes_unref(frame);
    seal_free(coordinator);
    seal_free(node);
    return 0;
}
