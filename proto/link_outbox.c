#include "proto/link_outbox.h"

#include "sync/ring.h"

struct outbox {
    struct ring bodies; /* struct packed: the bodies of the messages that are not acknowledged, by
                           sequence */
    unsigned n_sent;    /* how many of them are under way */
    size_t under_way;   /* their cost */
    uint64_t last;
    uint64_t acknowledged;
    uint64_t highest_sent;
    int64_t resend_at;
    int64_t resend_ms;
    bool probing; /* after a rewind, until something is acknowledged */
};

struct outbox *outbox_new(void)
{
    struct outbox *outbox = g_new0(struct outbox, 1);

    outbox->resend_at = INT64_MAX;
    outbox->resend_ms = OUTBOX_RESEND_MS;
    return outbox;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->bodies.length > 0)
        packed_unref(ring_pop(&outbox->bodies));
    ring_clear(&outbox->bodies);
    *outbox = (struct outbox){.resend_at = INT64_MAX, .resend_ms = OUTBOX_RESEND_MS};
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    outbox_clear(outbox);
    g_free(outbox);
}

static size_t cost_of(struct packed *body)
{
    return body->size + OUTBOX_MESSAGE_COST;
}

uint64_t outbox_add(struct outbox *outbox, struct packed *body)
{
    ring_push(&outbox->bodies, packed_ref(body));
    return ++outbox->last;
}

unsigned outbox_peek(const struct outbox *outbox, size_t max_bytes,
                     struct packed *bodies_out[OUTBOX_BATCH], uint64_t *sequence_out)
{
    size_t under_way = outbox->under_way, bytes = 0;
    unsigned n = 0;

    while (n < OUTBOX_BATCH && outbox->n_sent + n < outbox->bodies.length) {
        struct packed *body = ring_at(&outbox->bodies, outbox->n_sent + n);

        bytes += body->size;
        if (under_way > 0 && (outbox->probing || under_way + cost_of(body) > OUTBOX_WINDOW))
            break;
        if (n > 0 && bytes > max_bytes)
            break;
        under_way += cost_of(body);
        bodies_out[n++] = body;
    }
    if (n > 0)
        *sequence_out = outbox->acknowledged + outbox->n_sent + 1;
    return n;
}

void outbox_sent(struct outbox *outbox, unsigned n, int64_t now_ms)
{
    for (; n > 0; n--)
        outbox->under_way += cost_of(ring_at(&outbox->bodies, outbox->n_sent++));
    outbox->highest_sent = MAX(outbox->highest_sent, outbox->acknowledged + outbox->n_sent);
    if (outbox->resend_at == INT64_MAX)
        outbox->resend_at = now_ms + outbox->resend_ms;
}

static void drop_oldest(struct outbox *outbox)
{
    g_autoptr(packed) body = ring_pop(&outbox->bodies);

    outbox->acknowledged++;
    if (outbox->n_sent == 0)
        return; /* it arrived before the rewind */
    outbox->n_sent--;
    outbox->under_way -= cost_of(body);
}

int outbox_acknowledge(struct outbox *outbox, uint64_t ack, int64_t now_ms)
{
    if (ack > outbox->highest_sent)
        return -1;
    if (ack <= outbox->acknowledged)
        return 0;
    while (outbox->acknowledged < ack)
        drop_oldest(outbox);
    outbox->probing = false;
    outbox->resend_ms = OUTBOX_RESEND_MS;
    outbox->resend_at = outbox->under_way > 0 ? now_ms + outbox->resend_ms : INT64_MAX;
    return 1;
}

int64_t outbox_resend_at(const struct outbox *outbox)
{
    return outbox->resend_at;
}

void outbox_rewind(struct outbox *outbox)
{
    outbox->n_sent = 0;
    outbox->under_way = 0;
    outbox->probing = true;
    outbox->resend_at = INT64_MAX;
    outbox->resend_ms = MIN(2 * outbox->resend_ms, OUTBOX_RESEND_MAX_MS);
}

uint64_t outbox_last(const struct outbox *outbox)
{
    return outbox->last;
}

uint64_t outbox_acknowledged(const struct outbox *outbox)
{
    return outbox->acknowledged;
}
