#include "proto/link_outbox.h"

struct message {
    GList link; /* in the outbox */
    uint64_t sequence;
    GBytes *body;
};

struct outbox {
    GQueue messages; /* not acknowledged, by sequence */
    GList *next;     /* the first that is not under way */
    uint64_t last;
    uint64_t acknowledged;
    uint64_t highest_sent;
    size_t under_way; /* cost of the messages before next */
    int64_t resend_at;
    int64_t resend_ms;
    bool probing; /* after a rewind, until something is acknowledged */
};

struct outbox *outbox_new(void)
{
    struct outbox *outbox = g_new0(struct outbox, 1);

    g_queue_init(&outbox->messages);
    outbox->resend_at = INT64_MAX;
    outbox->resend_ms = OUTBOX_RESEND_MS;
    return outbox;
}

static void free_oldest(struct outbox *outbox)
{
    struct message *message = g_queue_pop_head_link(&outbox->messages)->data;

    g_bytes_unref(message->body);
    g_free(message);
}

void outbox_clear(struct outbox *outbox)
{
    while (!g_queue_is_empty(&outbox->messages))
        free_oldest(outbox);
    *outbox = (struct outbox){.resend_at = INT64_MAX, .resend_ms = OUTBOX_RESEND_MS};
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    outbox_clear(outbox);
    g_free(outbox);
}

static size_t cost_of(const struct message *message)
{
    return g_bytes_get_size(message->body) + OUTBOX_MESSAGE_COST;
}

uint64_t outbox_add(struct outbox *outbox, GBytes *body)
{
    struct message *message = g_new0(struct message, 1);

    message->sequence = ++outbox->last;
    message->body = g_bytes_ref(body);
    message->link.data = message;
    g_queue_push_tail_link(&outbox->messages, &message->link);
    if (outbox->next == NULL)
        outbox->next = outbox->messages.tail;
    return message->sequence;
}

GBytes *outbox_peek(const struct outbox *outbox, uint64_t *sequence_out)
{
    const struct message *message;

    if (outbox->next == NULL)
        return NULL;
    message = outbox->next->data;
    if (outbox->under_way > 0 &&
        (outbox->probing || outbox->under_way + cost_of(message) > OUTBOX_WINDOW))
        return NULL;
    *sequence_out = message->sequence;
    return message->body;
}

void outbox_sent(struct outbox *outbox, int64_t now_ms)
{
    const struct message *message = outbox->next->data;

    outbox->under_way += cost_of(message);
    outbox->highest_sent = MAX(outbox->highest_sent, message->sequence);
    outbox->next = outbox->next->next;
    if (outbox->resend_at == INT64_MAX)
        outbox->resend_at = now_ms + outbox->resend_ms;
}

static void drop_oldest(struct outbox *outbox)
{
    const struct message *message = outbox->messages.head->data;

    if (outbox->next == outbox->messages.head)
        outbox->next = outbox->next->next; /* it arrived before the rewind */
    else
        outbox->under_way -= cost_of(message);
    free_oldest(outbox);
}

static bool oldest_is_within(const struct outbox *outbox, uint64_t ack)
{
    const struct message *oldest = g_queue_peek_head((GQueue *)&outbox->messages);

    return oldest != NULL && oldest->sequence <= ack;
}

int outbox_acknowledge(struct outbox *outbox, uint64_t ack, int64_t now_ms)
{
    if (ack > outbox->highest_sent)
        return -1;
    if (ack <= outbox->acknowledged)
        return 0;
    while (oldest_is_within(outbox, ack))
        drop_oldest(outbox);
    outbox->acknowledged = ack;
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
    outbox->next = outbox->messages.head;
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
