#include "sync/mailbox.h"

#include "sync/ring.h"

struct mailbox {
    struct ring items;
    GDestroyNotify free_item;
    struct event ready; /* an item is there, or it is closed */
    bool is_closed;
};

struct mailbox *mailbox_new(GDestroyNotify free_item)
{
    struct mailbox *mailbox = g_new0(struct mailbox, 1);

    mailbox->free_item = free_item;
    return mailbox;
}

void mailbox_put(struct mailbox *mailbox, void *item)
{
    if (mailbox->is_closed) {
        if (mailbox->free_item)
            mailbox->free_item(item);
        return;
    }
    ring_push(&mailbox->items, item);
    event_set(&mailbox->ready);
}

void *mailbox_try_take(struct mailbox *mailbox)
{
    void *item = ring_pop(&mailbox->items);

    if (mailbox->items.length == 0 && !mailbox->is_closed)
        event_reset(&mailbox->ready);
    return item;
}

void *mailbox_take(struct mailbox *mailbox, int64_t deadline, GError **err)
{
    for (;;) {
        if (await_event(&mailbox->ready, deadline, err) < 0)
            return NULL;
        /* Another taker may have been quicker. */
        if (mailbox->items.length > 0)
            return mailbox_try_take(mailbox);
        if (mailbox->is_closed) {
            g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, "the mailbox is closed");
            return NULL;
        }
    }
}

struct event *mailbox_ready(struct mailbox *mailbox)
{
    return &mailbox->ready;
}

void mailbox_close(struct mailbox *mailbox)
{
    mailbox->is_closed = true;
    event_set(&mailbox->ready);
}

void mailbox_free(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    g_assert(!mailbox->ready.waits);
    for (void *item; (item = ring_pop(&mailbox->items));) {
        if (mailbox->free_item)
            mailbox->free_item(item);
    }
    ring_clear(&mailbox->items);
    g_free(mailbox);
}
