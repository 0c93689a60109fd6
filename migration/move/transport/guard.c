/*
 * Whoever connects has a fiber of its own while it says its token, so that one that says nothing
 * keeps nobody out; more than VISITORS_MAX at a time are left in the kernel's queue.
 */
#include "migration/move/transport/guard.h"

#include "migration/move/reach.h"
#include "proto/seal.h"

#include <string.h>

#define TOKEN_CHARS SEAL_KEY_HEX
#define SAY_MS 1000
#define VISITORS_MAX 32

struct guard {
    struct stream *listener;
    uint16_t port;
    char *token; /* TOKEN_CHARS */

    struct stream *admitted;
    struct event came;     /* somebody was admitted */
    struct event has_left; /* a visitor that was turned away */
    unsigned n_visitors, n_strangers;
};

struct visit {
    struct guard *guard;
    struct stream *stream;
};

static char *make_token(void)
{
    uint8_t bytes[SEAL_KEY_BYTES];

    seal_make_key(bytes);
    return seal_key_to_hex(bytes);
}

struct guard *guard_new(const char *address, uint16_t low, uint16_t high, GError **err)
{
    struct guard *guard = g_new0(struct guard, 1);
    int fd = reach_listen(address, low, high, &guard->port, err);

    guard->token = make_token();
    if (fd < 0 || (guard->listener = stream_new(fd, err)) == NULL) {
        guard_free(guard);
        return NULL;
    }
    return guard;
}

void guard_free(struct guard *guard)
{
    if (guard == NULL)
        return;
    stream_close(guard->listener);
    stream_close(guard->admitted);
    g_free(guard->token);
    g_free(guard);
}

uint16_t guard_port(const struct guard *guard)
{
    return guard->port;
}

const char *guard_token(const struct guard *guard)
{
    return guard->token;
}

/* In a time that does not depend on where they differ. */
static bool is_token(const char *said, const char *token)
{
    unsigned char differs = 0;

    for (unsigned i = 0; i < TOKEN_CHARS; i++)
        differs |= (unsigned char)(said[i] ^ token[i]);
    return differs == 0;
}

/* Reads exactly the token, and no byte of what comes behind it. */
static bool says_token(struct stream *stream, const char *token)
{
    int64_t deadline = deadline_in(SAY_MS);
    char said[TOKEN_CHARS];
    size_t size = 0;

    while (size < sizeof(said)) {
        ssize_t n = stream_read(stream, said + size, sizeof(said) - size, deadline, NULL);

        if (n <= 0)
            return false;
        size += (size_t)n;
    }
    return is_token(said, token);
}

static int receive_visitor(void *arg, GError **err)
{
    struct visit *visit = arg;
    struct guard *guard = visit->guard;

    (void)err;
    if (says_token(visit->stream, guard->token) && guard->admitted == NULL) {
        guard->admitted = g_steal_pointer(&visit->stream);
        event_set(&guard->came);
    } else {
        guard->n_strangers++;
    }
    stream_close(visit->stream);
    g_free(visit);
    guard->n_visitors--;
    event_set(&guard->has_left);
    return 0;
}

/* Until it is cancelled. */
static int receive_all(void *arg, GError **err)
{
    struct guard *guard = arg;
    struct scope *visits = scope_open("visitors");
    struct stream *stream;

    while ((stream = stream_accept(guard->listener, DEADLINE_NEVER, err)) != NULL) {
        struct visit *visit = g_new0(struct visit, 1);

        visit->guard = guard;
        visit->stream = stream;
        guard->n_visitors++;
        scope_spawn_detached(visits, "visitor", receive_visitor, visit);
        while (guard->n_visitors >= VISITORS_MAX) {
            event_reset(&guard->has_left);
            if (await_event(&guard->has_left, DEADLINE_NEVER, NULL) < 0)
                break;
        }
    }
    scope_abandon(visits);
    return -1;
}

struct stream *guard_admit(struct guard *guard, unsigned *strangers_out, int64_t deadline,
                           GError **err)
{
    struct scope *door = scope_open("guarded port");

    scope_spawn_detached(door, "accept", receive_all, guard);
    int result = await_event(&guard->came, deadline, err);
    scope_abandon(door);
    *strangers_out = guard->n_strangers;
    return result < 0 ? NULL : g_steal_pointer(&guard->admitted);
}

struct stream *guard_enter(const char *address, uint16_t port, const char *token, int64_t deadline,
                           GError **err)
{
    g_autoptr(stream) stream = stream_connect_tcp(address, port, deadline, err);

    if (stream == NULL || stream_write(stream, token, strlen(token), deadline, err) < 0)
        return NULL;
    return g_steal_pointer(&stream);
}
