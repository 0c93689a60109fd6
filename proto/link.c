/*
 * Every frame is a sealed envelope. Messages that matter are numbered from 1 in each direction and
 * kept in the outbox until acknowledged; the receiver takes them strictly in order, drops what it
 * has already (a duplicate) and what comes after a gap (the sender will go back to it). Heartbeats
 * and bare acknowledgements have number 0 and are never repeated.
 *
 * What is said in one turn of the loop goes out at its end, in one frame where it fits: most of
 * what a frame costs (a seal, a wake-up at either end) does not depend on its size.
 *
 * Every frame carries the acknowledgement. Where there is nothing to say, a bare one follows after
 * LINK_ACK_MS, or at once when a quarter of the window has come in. Most messages are answered in
 * the turn of the loop that brought them, so only the end of that turn looks whether there is one
 * to wait for: a timer set for each would wake the process for nothing.
 *
 * The session is the connector's choice. The listener takes the session of the first Hello it gets,
 * and changes to another one when an authentic Hello, numbered 1, opens it; a session that was left
 * is never entered again. With the session all numbers begin anew.
 *
 * A listener that has lost its peer is silent until it hears of it: only a frame from the peer
 * tells where answers go, and what is sent the old way is dropped without a word. A connector goes
 * on asking, on a new connection every LINK_LOST_MS: an old one that was cut in the middle would
 * wait for TCP's own patience.
 *
 * All timing hangs on one timer, which is set to the earliest thing due.
 */
#include "proto/link.h"

#include "proto/link_carrier.h"
#include "proto/link_frame.h"
#include "proto/link_outbox.h"
#include "sync/mailbox.h"

#include <sodium.h>

#define LINK_ACK_MS 10
#define ACK_AT_ONCE (OUTBOX_WINDOW / 4)
#define BATCH_BYTES                                                                                \
    (MIN(LINK_MAX_FRAME, 32768) - FRAME_OVERHEAD - OUTBOX_BATCH * FRAME_MORE_OVERHEAD)
#define KEPT_FRAME_BYTES 65536
#define STALL_MS 1000 /* a timer as late as this says that we ourselves did not run */

struct link {
    struct carrier *carrier;
    struct seal *seal;
    GByteArray *frame; /* the one being sent */
    bool connects;
    uint64_t session; /* 0: the listener has none yet */
    GHashTable *left; /* sessions that are over */
    unsigned references;
    bool closed;
    GError *failure;

    struct outbox *outbox;
    bool blocked; /* the carrier refused a frame and will call ready */
    struct event progress;

    struct mailbox *inbox;
    uint64_t received; /* the highest number received in order */
    size_t ack_owed;   /* cost of what came in since we last acknowledged */

    uv_prepare_t turn; /* active while there is something to be said at the end of this turn */
    uv_timer_t timer;
    int64_t timer_at;
    int64_t ack_at, heartbeat_at, reconnect_at; /* INT64_MAX: not due */

    int64_t heard_at;
    bool lost;
    struct event lost_event, alive_event;

    uint64_t test;
    char *context;
    bool context_is_news; /* messages do not hold back the heartbeat that will tell it */
    void (*heartbeat_fn)(const Vtmh__Heartbeat *, void *);
    void *heartbeat_arg;

    struct link_stats stats;
};

G_DEFINE_QUARK(link - error - quark, link_error)

static void on_timer(uv_timer_t *timer);

static int64_t now_ms(const struct link *link)
{
    return (int64_t)uv_now(link->timer.loop);
}

static void link_unref(struct link *link)
{
    if (--link->references > 0)
        return;
    mailbox_free(link->inbox);
    outbox_free(link->outbox);
    seal_free(link->seal);
    g_byte_array_unref(link->frame);
    g_hash_table_unref(link->left);
    g_clear_error(&link->failure);
    g_free(link->context);
    g_free(link);
}

/* Makes sure that on_timer() runs no later than at_ms. */
static void arm(struct link *link, int64_t at_ms)
{
    int64_t now = now_ms(link);

    if (at_ms >= link->timer_at)
        return;
    link->timer_at = MAX(at_ms, now);
    uv_timer_start(&link->timer, on_timer, (uint64_t)(link->timer_at - now), 0);
}

static bool may_send(const struct link *link)
{
    return link->session != 0 && !link->blocked && !link->closed;
}

/* What one large message took is not kept for all that follow: a coordinator has many links. */
static void forget_large_frame(struct link *link)
{
    if (link->frame->len <= KEPT_FRAME_BYTES)
        return;
    g_byte_array_unref(link->frame);
    link->frame = g_byte_array_new();
}

/* Sends packed bodies, the first as number `sequence`. Returns false when the carrier did not take
 * them. */
static bool send_frame(struct link *link, uint64_t sequence, struct packed *const *bodies,
                       unsigned n)
{
    const struct frame_fields fields = {link->session, sequence, link->received};

    frame_make(link->frame, link->seal, &fields, bodies, n);
    link->blocked = !carrier_send(link->carrier, link->frame->data, link->frame->len);
    forget_large_frame(link);
    if (link->blocked)
        return false;
    link->ack_owed = 0;
    link->ack_at = INT64_MAX;
    return true;
}

static void pump(struct link *link)
{
    struct packed *bodies[OUTBOX_BATCH];
    uint64_t sequence;
    unsigned n;

    if (link->lost && !link->connects)
        return;
    while (may_send(link) && (n = outbox_peek(link->outbox, BATCH_BYTES, bodies, &sequence)) > 0) {
        if (!send_frame(link, sequence, bodies, n))
            return;
        outbox_sent(link->outbox, n, now_ms(link));
        if (!link->context_is_news)
            link->heartbeat_at = now_ms(link) + LINK_HEARTBEAT_MS;
    }
    arm(link, outbox_resend_at(link->outbox));
}

static void send_heartbeat(struct link *link)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Heartbeat heartbeat = VTMH__HEARTBEAT__INIT;
    g_autoptr(packed) body = NULL;

    link->heartbeat_at = now_ms(link) + LINK_HEARTBEAT_MS;
    if (!may_send(link) || (link->lost && !link->connects))
        return;
    heartbeat.test = link->test;
    heartbeat.context = link->context;
    heartbeat.monotonic_us = (int64_t)(uv_hrtime() / 1000);
    envelope.body_case = VTMH__ENVELOPE__BODY_HEARTBEAT;
    envelope.heartbeat = &heartbeat;
    body = frame_body(&envelope);
    if (send_frame(link, 0, &body, 1))
        link->context_is_news = false;
}

static void send_ack(struct link *link)
{
    if (may_send(link))
        send_frame(link, 0, NULL, 0);
    link->ack_owed = 0;
    link->ack_at = INT64_MAX;
}

/* The end of a turn of the loop. Where nothing was said in it, the acknowledgement gets its own
 * time. */
static void on_turn(uv_prepare_t *turn)
{
    struct link *link = turn->data;

    uv_prepare_stop(turn);
    pump(link);
    if (link->ack_owed == 0 || link->ack_at != INT64_MAX)
        return;
    link->ack_at = now_ms(link) + LINK_ACK_MS;
    arm(link, link->ack_at);
}

static void owe_ack(struct link *link, size_t cost)
{
    link->ack_owed += cost;
    if (link->ack_owed >= ACK_AT_ONCE)
        send_ack(link);
    else if (link->ack_at == INT64_MAX)
        uv_prepare_start(&link->turn, on_turn);
}

static void fail(struct link *link, const char *what)
{
    if (link->failure == NULL)
        g_set_error(&link->failure, LINK_ERROR, LINK_ERROR_PROTOCOL, "%s: %s",
                    carrier_address(link->carrier), what);
    mailbox_close(link->inbox);
}

static void set_lost(struct link *link, bool lost)
{
    link->lost = lost;
    event_reset(lost ? &link->alive_event : &link->lost_event);
    event_set(lost ? &link->lost_event : &link->alive_event);
}

static void heard(struct link *link)
{
    bool was_lost = link->lost;

    link->heard_at = now_ms(link);
    link->reconnect_at = INT64_MAX;
    if (!was_lost && event_is_set(&link->alive_event))
        return;
    set_lost(link, false);
    if (was_lost)
        outbox_rewind(link->outbox);
    /* Word that we are there too, before the peer would count us lost. */
    send_heartbeat(link);
}

/* The listener enters the session that a Hello opens. */
static bool enter_session(struct link *link, const Vtmh__Envelope *envelope)
{
    uint64_t session = envelope->session, *key;

    if (link->connects || session == 0 || g_hash_table_contains(link->left, &session) ||
        envelope->body_case != VTMH__ENVELOPE__BODY_HELLO || envelope->sequence != 1)
        return false;
    if (link->session != 0) {
        key = g_memdup2(&link->session, sizeof(link->session));
        g_hash_table_add(link->left, key);
        outbox_clear(link->outbox);
        event_set(&link->progress);
    }
    link->session = session;
    link->received = 0;
    return true;
}

static void take_heartbeat(struct link *link, const Vtmh__Heartbeat *heartbeat)
{
    if (link->heartbeat_fn != NULL)
        link->heartbeat_fn(heartbeat, link->heartbeat_arg);
}

/* envelope is transfer full. */
static void take_message(struct link *link, Vtmh__Envelope *envelope)
{
    g_autoptr(vtmh_envelope) message = envelope;

    if (message->sequence == link->received + 1) {
        link->received++;
        link->stats.received++;
        mailbox_put(link->inbox, g_steal_pointer(&message));
    } else if (message->sequence <= link->received) {
        link->stats.duplicates++;
    }
}

/* All messages of a frame. envelope is transfer full. */
static void take_messages(struct link *link, Vtmh__Envelope *envelope, size_t size)
{
    g_autoptr(vtmh_envelope) first = envelope;
    Vtmh__Envelope *messages[OUTBOX_BATCH] = {first};
    unsigned n = 1, wanted = 1 + (unsigned)first->n_more;

    if (first->sequence == 0) {
        if (first->body_case == VTMH__ENVELOPE__BODY_HEARTBEAT)
            take_heartbeat(link, first->heartbeat);
        return;
    }
    /* The others lie packed in the first, which may be gone when it has been taken. */
    for (; n < wanted && (messages[n] = frame_next(&first->more[n - 1])) != NULL; n++)
        messages[n]->sequence = first->sequence + n;
    g_steal_pointer(&first);
    for (unsigned i = 0; i < n; i++)
        take_message(link, messages[i]);
    if (n < wanted)
        fail(link, "a frame under the right key holds no message");
    owe_ack(link, size + wanted * OUTBOX_MESSAGE_COST);
}

static void take_ack(struct link *link, uint64_t ack)
{
    int news = outbox_acknowledge(link->outbox, ack, now_ms(link));

    if (news < 0)
        fail(link, "the peer acknowledges what was never sent");
    else if (news > 0)
        event_set(&link->progress);
}

static void on_frame(void *frame, size_t size, void *arg)
{
    struct link *link = arg;
    g_autoptr(vtmh_envelope) envelope = NULL;

    if (link->failure != NULL)
        return;
    switch (frame_open(link->seal, frame, size, &envelope)) {
    case FRAME_IS_GOOD:
        break;
    case FRAME_DOES_NOT_OPEN:
        link->stats.not_opened++;
        return;
    case FRAME_IS_NONSENSE:
        fail(link, "a frame under the right key holds no message");
        return;
    }
    if (envelope->session != link->session && !enter_session(link, envelope))
        return;

    link->references++;
    carrier_adopt_sender(link->carrier);
    heard(link);
    take_ack(link, envelope->ack);
    if (link->failure == NULL)
        take_messages(link, g_steal_pointer(&envelope), size);
    if (!link->closed)
        pump(link);
    link_unref(link);
}

static void on_ready(void *arg)
{
    struct link *link = arg;

    link->blocked = false;
    pump(link);
    if (!event_is_set(&link->alive_event))
        send_heartbeat(link);
}

static void judge_silence(struct link *link, int64_t now)
{
    if (!link->lost && now - link->heard_at >= LINK_LOST_MS) {
        set_lost(link, true);
        link->reconnect_at = link->connects ? now : INT64_MAX;
    }
    if (now >= link->reconnect_at) {
        link->reconnect_at = now + LINK_LOST_MS;
        carrier_reconnect(link->carrier);
    }
}

static void do_what_is_due(struct link *link, int64_t now)
{
    judge_silence(link, now);
    if (now >= outbox_resend_at(link->outbox))
        outbox_rewind(link->outbox);
    pump(link);
    if (now >= link->heartbeat_at)
        send_heartbeat(link);
    if (now >= link->ack_at)
        send_ack(link);
}

static void on_timer(uv_timer_t *timer)
{
    struct link *link = timer->data;
    int64_t now = now_ms(link);
    int64_t late = now - link->timer_at;

    link->timer_at = INT64_MAX;
    link->references++;
    /* While we were stopped nobody could be heard: that silence was ours. */
    if (late >= STALL_MS)
        link->heard_at = MIN(link->heard_at + late, now);
    carrier_drain(link->carrier);
    if (!link->closed)
        do_what_is_due(link, now);
    if (!link->closed) {
        arm(link, link->heartbeat_at);
        arm(link, link->ack_at);
        arm(link, link->reconnect_at);
        arm(link, outbox_resend_at(link->outbox));
        if (!link->lost)
            arm(link, link->heard_at + LINK_LOST_MS);
    }
    link_unref(link);
}

static struct link *link_new(const uint8_t key[SEAL_KEY_BYTES], enum seal_side side)
{
    struct link *link = g_new0(struct link, 1);

    link->references = 1;
    link->connects = side == SEAL_COORDINATOR;
    link->seal = seal_new(key, side);
    link->frame = g_byte_array_new();
    link->left = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    link->outbox = outbox_new();
    link->inbox = mailbox_new((GDestroyNotify)vtmh_envelope_free);
    link->context = g_strdup("");
    while (link->connects && link->session == 0)
        randombytes_buf(&link->session, sizeof(link->session));
    return link;
}

static void start(struct link *link)
{
    uv_timer_init(fiber_loop(), &link->timer);
    uv_prepare_init(fiber_loop(), &link->turn);
    link->timer.data = link->turn.data = link;
    link->references += 2;
    link->timer_at = link->ack_at = link->reconnect_at = INT64_MAX;
    link->heard_at = now_ms(link);
    link->heartbeat_at = link->heard_at + LINK_HEARTBEAT_MS;
    arm(link, link->heartbeat_at);
}

static struct link *link_open(const char *address, const uint8_t key[SEAL_KEY_BYTES],
                              enum seal_side side, GError **err)
{
    struct link *link = link_new(key, side);
    struct carrier_callbacks callbacks = {on_frame, on_ready, link};
    struct carrier *(*carry)(uv_loop_t *, const char *, size_t, const struct carrier_callbacks *,
                             GError **) = link->connects ? carrier_connect : carrier_listen;

    link->carrier = carry(fiber_loop(), address, LINK_MAX_FRAME, &callbacks, err);
    if (link->carrier == NULL) {
        link_unref(link);
        return NULL;
    }
    start(link);
    return link;
}

struct link *link_listen(const char *address, const uint8_t key[SEAL_KEY_BYTES], GError **err)
{
    return link_open(address, key, SEAL_NODE, err);
}

struct link *link_connect(const char *address, const uint8_t key[SEAL_KEY_BYTES], GError **err)
{
    return link_open(address, key, SEAL_COORDINATOR, err);
}

const char *link_address(const struct link *link)
{
    return carrier_address(link->carrier);
}

struct packed *link_pack(const Vtmh__Envelope *envelope, GError **err)
{
    g_autoptr(packed) body = frame_body(envelope);
    size_t size = body->size + FRAME_OVERHEAD;

    if (size <= LINK_MAX_FRAME)
        return g_steal_pointer(&body);
    g_set_error(err, LINK_ERROR, LINK_ERROR_TOO_LARGE,
                "a message of %zu bytes is larger than a frame (%d)", size, LINK_MAX_FRAME);
    return NULL;
}

void link_send_packed(struct link *link, struct packed *message)
{
    outbox_add(link->outbox, message);
    link->stats.sent++;
    if (!link->closed)
        uv_prepare_start(&link->turn, on_turn);
}

int link_send(struct link *link, const Vtmh__Envelope *envelope, GError **err)
{
    g_autoptr(packed) message = link_pack(envelope, err);

    if (message == NULL)
        return -1;
    link_send_packed(link, message);
    return 0;
}

Vtmh__Envelope *link_receive(struct link *link, int64_t deadline, GError **err)
{
    g_autoptr(GError) why = NULL;
    Vtmh__Envelope *envelope;

    link->references++;
    envelope = mailbox_take(link->inbox, deadline, &why);
    if (envelope == NULL && link->failure != NULL &&
        g_error_matches(why, SYNC_ERROR, SYNC_ERROR_CLOSED))
        g_propagate_error(err, g_error_copy(link->failure));
    else if (envelope == NULL)
        g_propagate_error(err, g_steal_pointer(&why));
    link_unref(link);
    return envelope;
}

bool link_is_lost(const struct link *link)
{
    return link->lost;
}

int64_t link_silence_ms(const struct link *link)
{
    return now_ms(link) - link->heard_at;
}

struct event *link_lost_event(struct link *link)
{
    return &link->lost_event;
}

struct event *link_alive_event(struct link *link)
{
    return &link->alive_event;
}

void link_on_heartbeat(struct link *link, void (*fn)(const Vtmh__Heartbeat *, void *), void *arg)
{
    link->heartbeat_fn = fn;
    link->heartbeat_arg = arg;
}

void link_set_context(struct link *link, uint64_t test, const char *context)
{
    link->test = test;
    g_free(link->context);
    link->context = g_strdup(context != NULL ? context : "");
    link->context_is_news = true;
}

struct link_stats link_stats(const struct link *link)
{
    return link->stats;
}

/* A listener that had no session when asked waits for its first one. */
static bool session_ended(const struct link *link, uint64_t session)
{
    return link->closed || (session != 0 && link->session != session);
}

static int await_acknowledged(struct link *link, uint64_t last, uint64_t session, int64_t deadline,
                              GError **err)
{
    while (!session_ended(link, session) && outbox_acknowledged(link->outbox) < last) {
        event_reset(&link->progress);
        if (await_event(&link->progress, deadline, err) < 0)
            return -1;
    }
    if (!session_ended(link, session))
        return 0;
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_CLOSED, "the session has ended");
    return -1;
}

int link_flush(struct link *link, int64_t deadline, GError **err)
{
    g_autoptr(GError) why = NULL;
    int rc;

    link->references++;
    rc = await_acknowledged(link, outbox_last(link->outbox), link->session, deadline, &why);
    if (g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT) && link->lost)
        g_set_error(err, LINK_ERROR, LINK_ERROR_LOST,
                    "%s: nothing heard for %" G_GINT64_FORMAT " ms", carrier_address(link->carrier),
                    link_silence_ms(link));
    else if (why != NULL)
        g_propagate_error(err, g_steal_pointer(&why));
    link_unref(link);
    return rc;
}

static void on_handle_closed(uv_handle_t *handle)
{
    link_unref(handle->data);
}

void link_close(struct link *link)
{
    if (link == NULL || link->closed)
        return;
    pump(link);
    link->closed = true;
    carrier_close(link->carrier);
    uv_close((uv_handle_t *)&link->timer, on_handle_closed);
    uv_close((uv_handle_t *)&link->turn, on_handle_closed);
    mailbox_close(link->inbox);
    event_set(&link->progress);
    link_unref(link);
}
