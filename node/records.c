#include "node/records.h"

struct records {
    struct node *node;
    uint64_t test;
    uint64_t count;    /* the number of the last */
    uint64_t n_lost;   /* those that could not be told; they have no number */
    GQueue kept;       /* GBytes: packed, the oldest first, without gaps */
    uint64_t first;    /* number of the oldest that is kept */
    struct event room; /* set while a leg may begin */
    bool is_over;
};

/* What the coordinator has not acknowledged when it begins the next test, it never will. */
static void forget_those_before(struct node *node)
{
    for (unsigned i = node->records->len; i > 0; i--) {
        const struct records *before = g_ptr_array_index(node->records, i - 1);
        if (before->is_over)
            g_ptr_array_remove_index(node->records, i - 1);
    }
}

struct records *records_new(struct node *node, uint64_t test)
{
    struct records *records = g_new0(struct records, 1);
    records->node = node;
    records->test = test;
    records->first = 1;
    g_queue_init(&records->kept);
    event_set(&records->room);
    forget_those_before(node);
    g_ptr_array_add(node->records, records);
    return records;
}

static void free_bytes(gpointer bytes)
{
    g_bytes_unref(bytes);
}

void records_free(struct records *records)
{
    g_queue_clear_full(&records->kept, free_bytes);
    g_free(records);
}

static int tell(struct node *node, const Vtmh__Record *record, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_RECORD;
    envelope.record = (Vtmh__Record *)record;
    return link_send(node->link, &envelope, err);
}

static void keep(struct records *records, const Vtmh__Record *record)
{
    size_t size = vtmh__record__get_packed_size(record);
    uint8_t *packed = g_malloc(size);
    vtmh__record__pack(record, packed);
    g_queue_push_tail(&records->kept, g_bytes_new_take(packed, size));
    if (records->kept.length >= RECORDS_ROOM)
        event_reset(&records->room);
}

int records_add(struct records *records, const Vtmh__Record *record, GError **err)
{
    Vtmh__Record numbered = *record;
    numbered.test = records->test;
    numbered.number = records->count + 1;
    numbered.time_us = g_get_real_time();
    records->n_lost++;
    if (records->kept.length >= RECORDS_MAX) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                    "%d records of the test wait for the coordinator to write them down: there is "
                    "no room for more",
                    RECORDS_MAX);
        return -1;
    }
    if (tell(records->node, &numbered, err) < 0) {
        g_prefix_error(err, "record %" G_GUINT64_FORMAT " cannot be told: ", numbered.number);
        return -1;
    }
    keep(records, &numbered);
    records->count++;
    records->n_lost--;
    return 0;
}

int records_await_room(struct records *records, GError **err)
{
    g_autoptr(GError) error = NULL;
    if (await_event(&records->room, deadline_in(RECORDS_WAIT_MS), &error) == 0)
        return 0;
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        g_prefix_error(&error,
                       "the coordinator has not written down %u records: ", records->kept.length);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

uint64_t records_count(const struct records *records)
{
    return records->count + records->n_lost;
}

static void forget_if_done(struct records *records)
{
    if (records->is_over && records->kept.length == 0)
        g_ptr_array_remove(records->node->records, records);
}

void records_end(struct records *records)
{
    records->is_over = true;
    forget_if_done(records);
}

static struct records *find(const struct node *node, uint64_t test)
{
    for (unsigned i = 0; i < node->records->len; i++) {
        struct records *records = g_ptr_array_index(node->records, i);
        if (records->test == test)
            return records;
    }
    return NULL;
}

void records_written(struct node *node, const Vtmh__RecordsWritten *written)
{
    struct records *records = find(node, written->test);
    if (records == NULL)
        return;
    while (records->kept.length > 0 && records->first <= written->number) {
        g_bytes_unref(g_queue_pop_head(&records->kept));
        records->first++;
    }
    if (records->kept.length < RECORDS_ROOM)
        event_set(&records->room);
    forget_if_done(records);
}

static void send_again(const struct records *records)
{
    for (const GList *one = records->kept.head; one != NULL; one = one->next) {
        gsize size;
        const uint8_t *packed = g_bytes_get_data(one->data, &size);
        Vtmh__Record *record = vtmh__record__unpack(NULL, size, packed);
        g_assert(record != NULL);          /* we have packed it */
        tell(records->node, record, NULL); /* it was not too large */
        vtmh__record__free_unpacked(record, NULL);
    }
}

void records_send_again(struct node *node)
{
    for (unsigned i = 0; i < node->records->len; i++)
        send_again(g_ptr_array_index(node->records, i));
}
