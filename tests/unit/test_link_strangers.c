/* Who is not the peer must neither be heard nor keep the peer out. */
#include "link_help.h"

#include "tests/sealed_bytes.h"

#include <stdlib.h>
#include <string.h>

/* What a nanomsg REQ socket says first: "\0SP\0", its protocol number, two reserved bytes. */
static const uint8_t greeting[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};

/* A TCP connection that has greeted as a nanomsg socket would. Transfer full. */
static struct stream *connect_stranger(const struct link *node, GError **err)
{
    uint16_t port = (uint16_t)atoi(strrchr(link_address(node), ':') + 1);
    g_autoptr(stream) stream = stream_connect_tcp("127.0.0.1", port, soon(), err);
    uint8_t answer[sizeof(greeting)];
    size_t got = 0;

    if (stream == NULL || stream_write(stream, greeting, sizeof(greeting), soon(), err) < 0)
        return NULL;
    while (got < sizeof(answer)) {
        ssize_t n = stream_read(stream, answer + got, sizeof(answer) - got, soon(), err);

        if (n <= 0)
            return NULL;
        got += (size_t)n;
    }
    return g_steal_pointer(&stream);
}

/* Sends a body as a request, in a frame that states `stated` bytes. */
static int send_raw(struct stream *stream, const void *body, size_t size, uint64_t stated,
                    GError **err)
{
    const uint8_t request[4] = {0x80, 0, 0, 7};
    uint64_t length = GUINT64_TO_BE(stated);
    g_autoptr(GByteArray) frame = g_byte_array_new();

    g_byte_array_append(frame, (uint8_t *)&length, sizeof(length));
    g_byte_array_append(frame, request, sizeof(request));
    g_byte_array_append(frame, body, (guint)size);
    return stream_write(stream, frame->data, frame->len, soon(), err);
}

/* Lets the peers talk until the node has counted n strange frames. */
static int talk_until_counted(struct link_pair *pair, uint64_t n, GError **err)
{
    int64_t deadline = soon();
    uint64_t i = 0;

    while (link_stats(pair->node).not_opened < n) {
        cr_assert(deadline_left(deadline) > 0, "only %lu strange frames were counted",
                  (unsigned long)link_stats(pair->node).not_opened);
        i++;
        if (send_number(pair->coordinator, i, err) < 0 || receive_number(pair->node, i, err) < 0 ||
            send_number(pair->node, i, err) < 0 || receive_number(pair->coordinator, i, err) < 0)
            return -1;
    }
    return 0;
}

static int garbage(void *arg, GError **err)
{
    struct link_pair pair = {0};
    g_autoptr(stream) silent = NULL, noisy = NULL;
    uint8_t noise[3][200];

    (void)arg;
    seal_make_key(pair.key);
    pair.node = link_listen("tcp://127.0.0.1:0", pair.key, err);
    if (pair.node == NULL)
        return -1;
    silent = connect_stranger(pair.node, err);
    noisy = silent != NULL ? connect_stranger(pair.node, err) : NULL;
    if (noisy == NULL)
        return -1;
    memset(noise, 'x', sizeof(noise));
    for (size_t i = 0; i < 3; i++) {
        if (send_raw(noisy, noise[i], 10 + 70 * i, 4 + 10 + 70 * i, err) < 0)
            return -1;
    }
    pair.coordinator = link_connect(link_address(pair.node), pair.key, err);
    if (pair.coordinator == NULL || send_hello(pair.coordinator, err) < 0 ||
        receive_hello(pair.node, err) < 0 || talk_until_counted(&pair, 3, err) < 0)
        return -1;
    /* Again while the session runs: the answers must not go astray. */
    for (size_t i = 0; i < 3; i++) {
        if (send_raw(noisy, noise[i], 80, 84, err) < 0)
            return -1;
    }
    if (talk_until_counted(&pair, 6, err) < 0)
        return -1;
    cr_assert_eq(link_stats(pair.node).not_opened, 6);
    link_pair_close(&pair);
    return 0;
}

Test(link_strangers, are_counted_and_do_not_keep_the_coordinator_out)
{
    run_fiber(garbage);
}

static int wrong_key(void *arg, GError **err)
{
    struct link_pair pair = {0};
    uint8_t other[SEAL_KEY_BYTES];
    g_autoptr(link) wrong = NULL;

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    seal_make_key(other);
    wrong = link_connect(link_address(pair.node), other, err);
    if (wrong == NULL || send_hello(wrong, err) < 0 || talk_until_counted(&pair, 1, err) < 0)
        return -1;
    cr_assert_not(event_is_set(link_alive_event(wrong)), "it got an answer");
    cr_assert_eq(link_stats(wrong).received, 0);
    link_pair_close(&pair);
    return 0;
}

Test(link_strangers, with_another_key_get_no_answer)
{
    run_fiber(wrong_key);
}

static int replayed(void *arg, GError **err)
{
    struct link_pair pair = {0};
    struct seal *recorded;
    g_autoptr(stream) stranger = NULL;
    g_autoptr(GBytes) frame = NULL;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Hello hello = VTMH__HELLO__INIT;
    uint8_t packed[64];
    size_t size;

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    /* An authentic Hello of a second session, once from the coordinator and once from a
     * recorder. */
    recorded = seal_new(pair.key, SEAL_COORDINATOR);
    envelope.session = 99;
    envelope.sequence = 1;
    envelope.body_case = VTMH__ENVELOPE__BODY_HELLO;
    envelope.hello = &hello;
    size = vtmh__envelope__pack(&envelope, packed);
    frame = seal_bytes(recorded, 99, packed, size);
    seal_free(recorded);
    stranger = connect_stranger(pair.node, err);
    size = g_bytes_get_size(frame);
    if (stranger == NULL ||
        send_raw(stranger, g_bytes_get_data(frame, NULL), size, 4 + size, err) < 0 ||
        receive_hello(pair.node, err) < 0)
        return -1;
    /* The coordinator comes again with a third session; then the recording is played. */
    link_close(pair.coordinator);
    pair.coordinator = link_connect(link_address(pair.node), pair.key, err);
    if (pair.coordinator == NULL || send_hello(pair.coordinator, err) < 0 ||
        receive_hello(pair.node, err) < 0 ||
        send_raw(stranger, g_bytes_get_data(frame, NULL), size, 4 + size, err) < 0 ||
        talk_until_counted(&pair, 1, err) < 0)
        return -1;
    link_pair_close(&pair);
    return 0;
}

Test(link_strangers, cannot_play_a_recorded_session_again)
{
    run_fiber(replayed);
}

/* Reads until the other side ends the connection. */
static int await_cut(struct stream *stream, GError **err)
{
    char buffer[256];
    g_autoptr(GError) why = NULL;
    ssize_t n;

    do {
        n = stream_read(stream, buffer, sizeof(buffer), soon(), &why);
    } while (n > 0);
    if (n == 0 || g_error_matches(why, SYNC_ERROR, SYNC_ERROR_CLOSED))
        return 0;
    g_propagate_error(err, g_steal_pointer(&why));
    return -1;
}

static int oversized(void *arg, GError **err)
{
    static const uint64_t sizes[] = {LINK_MAX_FRAME + 4096, (uint64_t)1 << 40, UINT64_MAX};
    struct link_pair pair = {0};

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(stream) stranger = connect_stranger(pair.node, err);

        if (stranger == NULL || send_raw(stranger, "x", 1, sizes[i], err) < 0 ||
            await_cut(stranger, err) < 0)
            return -1;
        if (send_number(pair.coordinator, i, err) < 0 || receive_number(pair.node, i, err) < 0)
            return -1;
    }
    link_pair_close(&pair);
    return 0;
}

Test(link_strangers, who_announce_too_large_a_frame_are_disconnected)
{
    run_fiber(oversized);
}

static int nonsense_under_the_key(void *arg, GError **err)
{
    uint8_t key[SEAL_KEY_BYTES] = {0};
    g_autoptr(link) node = link_listen("tcp://127.0.0.1:0", key, err);
    struct seal *seal = seal_new(key, SEAL_COORDINATOR);
    g_autoptr(GBytes) frame = seal_bytes(seal, 1, "\xff\xff\xff\xff", 4);
    g_autoptr(vtmh_envelope) message = NULL;
    g_autoptr(stream) stranger = NULL;
    g_autoptr(GError) why = NULL;
    size_t size = g_bytes_get_size(frame);

    (void)arg;
    seal_free(seal);
    if (node == NULL || (stranger = connect_stranger(node, err)) == NULL ||
        send_raw(stranger, g_bytes_get_data(frame, NULL), size, 4 + size, err) < 0)
        return -1;
    message = link_receive(node, soon(), &why);
    cr_assert_null(message);
    cr_assert(g_error_matches(why, LINK_ERROR, LINK_ERROR_PROTOCOL));
    return 0;
}

Test(link_strangers, nonsense_under_the_right_key_is_a_protocol_error)
{
    run_fiber(nonsense_under_the_key);
}
