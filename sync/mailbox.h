/* A queue of pointers between callbacks or fibers and the fiber that takes from it. */
#pragma once

#include "sync/fiber.h"

struct mailbox;

/* free_item (NULL allowed) frees what was never taken. Transfer full. */
struct mailbox *mailbox_new(GDestroyNotify free_item);

/* Adds at the end; never waits; callable from libuv callbacks. Transfer full of item, which is not
 * NULL; freed at once when the mailbox is closed. */
void mailbox_put(struct mailbox *mailbox, void *item);

/* Takes the first item, waiting for one. Transfer full; NULL with TIMEOUT, CANCELLED, CLOSED. */
void *mailbox_take(struct mailbox *mailbox, int64_t deadline, GError **err);

/* Takes the first item if there is one, else NULL, without waiting. */
void *mailbox_try_take(struct mailbox *mailbox);

/* Set while an item is there or the mailbox is closed. Transfer none. */
struct event *mailbox_ready(struct mailbox *mailbox);

/* Takers get CLOSED once it is empty. */
void mailbox_close(struct mailbox *mailbox);

/* Nobody may be waiting in it: close it first, and let the takers leave. NULL is fine. */
void mailbox_free(struct mailbox *mailbox);

AUTOPTR_STRUCT(mailbox, mailbox_free);
