/*
 * Whoever connects has a fiber of its own while it says its token, so that one that says nothing
 * keeps nobody out; more than VISITORS_MAX at a time are left in the kernel's queue.
 */
#include "migration/move/transport/guard.h"

#include "migration/move/reach.h"
#include "proto/seal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define TOKEN_CHARS SEAL_KEY_HEX
#define SAY_MS 1000
#define VISITORS_MAX 32

/* Of one who may come in. */
struct place {
    char *token;           /* TOKEN_CHARS */
    struct stream *stream; /* his, until it is fetched */
    bool is_taken;
};

struct guard {
    struct stream *listener;
    uint16_t port;
    struct place *places;
    unsigned n_places, n_fetched;
    struct event came;     /* somebody was admitted */
    struct event has_left; /* a visitor has a place, or was turned away */
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

struct guard *guard_new(const char *address, uint16_t low, uint16_t high, unsigned n_places,
                        GError **err)
{
    struct guard *guard = g_new0(struct guard, 1);
    int fd = reach_listen(address, low, high, &guard->port, err);

    guard->n_places = n_places;
    guard->places = g_new0(struct place, n_places);
    for (unsigned i = 0; i < n_places; i++)
        guard->places[i].token = make_token();
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
    for (unsigned i = 0; i < guard->n_places; i++) {
        stream_close(guard->places[i].stream);
        g_free(guard->places[i].token);
    }
    g_free(guard->places);
    g_free(guard);
}

uint16_t guard_port(const struct guard *guard)
{
    return guard->port;
}

json_t *guard_tokens(const struct guard *guard)
{
    json_t *tokens = json_array();

    for (unsigned i = 0; i < guard->n_places; i++)
        json_array_append_new(tokens, json_string(guard->places[i].token));
    return tokens;
}

unsigned guard_strangers(const struct guard *guard)
{
    return guard->n_strangers;
}

/* Without it the last words before the switchover wait for an acknowledgement that the other end
 * delays: 40 ms of downtime (Nagle's algorithm). libvirt does the same. */
static void send_at_once(struct stream *stream)
{
    const int on = 1;

    setsockopt(stream_fd(stream), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* In a time that does not depend on where they differ. */
static bool is_token(const char *said, const char *token)
{
    unsigned char differs = 0;

    for (unsigned i = 0; i < TOKEN_CHARS; i++)
        differs |= (unsigned char)(said[i] ^ token[i]);
    return differs == 0;
}

/* Reads exactly a token, and no byte of what comes behind it. */
static bool read_token(struct stream *stream, char said[TOKEN_CHARS])
{
    int64_t deadline = deadline_in(SAY_MS);
    size_t size = 0;

    while (size < TOKEN_CHARS) {
        ssize_t n = stream_read(stream, said + size, TOKEN_CHARS - size, deadline, NULL);

        if (n <= 0)
            return false;
        size += (size_t)n;
    }
    return true;
}

/* The place of whoever said this; NULL if it is nobody's, or was taken before. */
static struct place *find_place(const struct guard *guard, const char *said)
{
    struct place *found = NULL;

    for (unsigned i = 0; i < guard->n_places; i++)
        if (is_token(said, guard->places[i].token) && !guard->places[i].is_taken)
            found = &guard->places[i];
    return found;
}

static int receive_visitor(void *arg, GError **err)
{
    struct visit *visit = arg;
    struct guard *guard = visit->guard;
    char said[TOKEN_CHARS];
    struct place *place = read_token(visit->stream, said) ? find_place(guard, said) : NULL;

    (void)err;
    if (place != NULL) {
        place->is_taken = true;
        place->stream = g_steal_pointer(&visit->stream);
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

int guard_serve(void *arg, GError **err)
{
    struct guard *guard = arg;
    struct scope *visits = scope_open("visitors");
    struct stream *stream;

    while ((stream = stream_accept(guard->listener, DEADLINE_NEVER, err)) != NULL) {
        struct visit *visit = g_new0(struct visit, 1);

        send_at_once(stream);
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

struct stream *guard_next(struct guard *guard, int64_t deadline, GError **err)
{
    struct place *place = &guard->places[guard->n_fetched];

    g_assert(guard->n_fetched < guard->n_places);
    while (place->stream == NULL) {
        event_reset(&guard->came);
        if (await_event(&guard->came, deadline, err) < 0)
            return NULL;
    }
    guard->n_fetched++;
    return g_steal_pointer(&place->stream);
}

struct stream *guard_admit(struct guard *guard, int64_t deadline, GError **err)
{
    struct scope *door = scope_open("guarded port");

    scope_spawn_detached(door, "accept", guard_serve, guard);
    struct stream *stream = guard_next(guard, deadline, err);
    scope_abandon(door);
    return stream;
}

struct stream *guard_enter(const char *address, uint16_t port, const char *token, int64_t deadline,
                           GError **err)
{
    g_autoptr(stream) stream = stream_connect_tcp(address, port, deadline, err);

    if (stream != NULL)
        send_at_once(stream);
    if (stream == NULL || stream_write(stream, token, strlen(token), deadline, err) < 0)
        return NULL;
    return g_steal_pointer(&stream);
}
