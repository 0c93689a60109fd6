/* What the tests of the link share: running a test in a fiber, and small messages. */
#pragma once

#include "proto/link.h"
#include "sync/stream.h"

#include <criterion/criterion.h>

#define PATIENCE_MS 30000

static inline int64_t soon(void)
{
    return deadline_in(PATIENCE_MS);
}

/* Runs the body of a test as the first fiber and fails the test with its error. */
static inline void run_fiber(fiber_fn fn)
{
    GError *err = NULL;
    int rc = fiber_run(fn, NULL, &err);

    cr_assert_eq(rc, 0, "%s", err != NULL ? err->message : "no reason given");
}

static inline int send_hello(struct link *link, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Hello hello = VTMH__HELLO__INIT;

    hello.protocol = LINK_PROTOCOL_VERSION;
    envelope.body_case = VTMH__ENVELOPE__BODY_HELLO;
    envelope.hello = &hello;
    return link_send(link, &envelope, err);
}

static inline int receive_hello(struct link *link, GError **err)
{
    g_autoptr(vtmh_envelope) message = link_receive(link, soon(), err);

    if (message == NULL)
        return -1;
    cr_assert_eq(message->body_case, VTMH__ENVELOPE__BODY_HELLO);
    return 0;
}

/* A Progress with `number` in it. */
static inline int send_number(struct link *link, uint64_t number, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Progress progress = VTMH__PROGRESS__INIT;

    progress.test = number;
    envelope.body_case = VTMH__ENVELOPE__BODY_PROGRESS;
    envelope.progress = &progress;
    return link_send(link, &envelope, err);
}

static inline int receive_number(struct link *link, uint64_t number, GError **err)
{
    g_autoptr(vtmh_envelope) message = link_receive(link, soon(), err);

    if (message == NULL)
        return -1;
    cr_assert_eq(message->body_case, VTMH__ENVELOPE__BODY_PROGRESS);
    cr_assert_eq(message->progress->test, number, "message %lu came in place of %lu",
                 (unsigned long)message->progress->test, (unsigned long)number);
    return 0;
}

static inline int send_bytes(struct link *link, size_t size, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__FileChunk chunk = VTMH__FILE_CHUNK__INIT;
    g_autofree uint8_t *data = g_malloc0(size);

    chunk.data.data = data;
    chunk.data.len = size;
    envelope.body_case = VTMH__ENVELOPE__BODY_FILE_CHUNK;
    envelope.file_chunk = &chunk;
    return link_send(link, &envelope, err);
}

/* A node and a coordinator in one process, with the Hello behind them. */
struct link_pair {
    struct link *node, *coordinator;
    uint8_t key[SEAL_KEY_BYTES];
};

static inline int link_pair_open(struct link_pair *pair, const char *address, GError **err)
{
    seal_make_key(pair->key);
    pair->node = link_listen(address, pair->key, err);
    if (pair->node == NULL)
        return -1;
    pair->coordinator = link_connect(link_address(pair->node), pair->key, err);
    if (pair->coordinator == NULL || send_hello(pair->coordinator, err) < 0)
        return -1;
    return receive_hello(pair->node, err);
}

static inline void link_pair_close(struct link_pair *pair)
{
    link_close(pair->coordinator);
    link_close(pair->node);
}
