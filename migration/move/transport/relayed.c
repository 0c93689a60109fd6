#include "migration/move/transport/relayed.h"

#include "migration/move/options.h"
#include "migration/move/transport/folder.h"
#include "migration/move/transport/relay.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "stream"
#define LOCAL_MS 10000 /* for a hypervisor to take a connection */

struct relayed {
    struct direct direct; /* first: the way between the hosts; the source's first stream */
    unsigned n_streams;
    char *folder;
    bool is_alike; /* the folder is the same on both hosts */
    struct relay *relay;
    struct fiber *waiter; /* for the streams to come; NULL: none is carried yet */
    int64_t deadline;
    GError *error; /* why the streams are no longer carried */

    char *door; /* destination: where those who come in are led to; NULL: to the socket */

    /* Source. */
    struct stream *listener; /* where the hypervisor connects */
    json_t *ticket;
    char *peer;
};

void relayed_close(struct channel *channel)
{
    struct relayed *relayed = (struct relayed *)channel;

    fiber_shield();
    if (relayed->waiter != NULL) {
        fiber_cancel(relayed->waiter, NULL);
        fiber_join(relayed->waiter, DEADLINE_NEVER, NULL);
        fiber_unref(relayed->waiter);
    }
    fiber_unshield();
    relay_free(relayed->relay);
    stream_close(relayed->listener);
    if (relayed->is_alike)
        transport_folder_disown(relayed->direct.channel.seat, relayed->folder, SOCKET_NAME);
    else
        transport_folder_free(relayed->folder, SOCKET_NAME);
    json_decref(relayed->ticket);
    g_clear_error(&relayed->error);
    g_free(relayed->door);
    g_free(relayed->peer);
    direct_clear(&relayed->direct);
    g_free(relayed);
}

static char *socket_path(const struct relayed *relayed)
{
    return g_build_filename(relayed->folder, SOCKET_NAME, NULL);
}

static char *socket_uri(const struct relayed *relayed)
{
    g_autofree char *path = socket_path(relayed);

    return g_strconcat("unix:", path, NULL);
}

static unsigned streams_of(const struct seat *seat)
{
    return move_options_streams(seat->request.options);
}

static struct relayed *relayed_new(unsigned n_streams)
{
    struct relayed *relayed = g_new0(struct relayed, 1);

    relayed->n_streams = n_streams;
    return relayed;
}

int relayed_await_end(struct channel *channel, int64_t deadline, GError **err)
{
    uint64_t there, back;

    return relay_carried(((struct relayed *)channel)->relay, &there, &back, deadline, err);
}

void relayed_lead_to(struct channel *channel, const char *path)
{
    struct relayed *relayed = (struct relayed *)channel;

    g_free(relayed->door);
    relayed->door = g_strdup(path);
}

char *relayed_socket(const struct channel *channel)
{
    return socket_path((const struct relayed *)channel);
}

/* What both ends need; path: of the folder, where it is alike: NULL: of the own choice. */
static int prepare(struct relayed *relayed, const char *path, GError **err)
{
    const struct seat *seat = relayed->direct.channel.seat;

    relayed->folder = relayed->is_alike ? transport_folder_alike(seat, path, err)
                                        : transport_folder_new(seat, err);
    if (relayed->folder == NULL)
        return -1;
    relayed->relay = relay_start(seat->test->host, err);
    return relayed->relay != NULL ? 0 : -1;
}

/* Carries the streams in a fiber of the leg's; one that cannot be carried fails the leg. */
static int carry(struct relayed *relayed, fiber_fn carry_all, int64_t deadline, GError **err)
{
    struct seat *seat = relayed->direct.channel.seat;

    relayed->deadline = deadline;
    if (seat->helpers == NULL) {
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CANCELLED, "the leg has ended");
        return -1;
    }
    relayed->waiter = fiber_ref(scope_spawn_detached(seat->helpers, "streams", carry_all, relayed));
    return 0;
}

/* error: transfer full. One that only says that the leg has ended is none of ours. */
static int fail_leg(struct relayed *relayed, GError *error)
{
    struct scope *leg = relayed->direct.channel.seat->leg;

    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        g_error_free(error);
        return 0;
    }
    if (leg != NULL)
        scope_cancel(leg, error);
    relayed->error = error;
    return 0;
}

GError *relayed_complaint(struct channel *channel)
{
    struct relayed *relayed = (struct relayed *)channel;

    return relayed->error != NULL ? g_steal_pointer(&relayed->error)
                                  : relay_complaint(relayed->relay);
}

/* Hands both over to the relay, and keeps no copy. */
static int join(struct relayed *relayed, struct stream *vm, struct stream *way, GError **err)
{
    int done = relay_carry(relayed->relay, stream_fd(vm), stream_fd(way), err);

    stream_close(vm);
    stream_close(way);
    return done;
}

static int let_vm_listen(struct relayed *relayed, int64_t deadline, GError **err)
{
    g_autofree char *uri = socket_uri(relayed);
    uint16_t none;

    return vm_incoming_uri(relayed->direct.channel.seat->vm, uri, &none, deadline, err);
}

static struct channel *open_relayed(struct relayed *relayed, struct seat *seat, const char *address,
                                    GError **err)
{
    struct direct *direct = &relayed->direct;

    direct->channel.seat = seat;
    if (direct_open(direct, seat, address, false, relayed->n_streams, err) == 0 &&
        prepare(relayed, NULL, err) == 0)
        return &direct->channel;
    relayed_close(&direct->channel);
    return NULL;
}

struct channel *relayed_open(struct seat *seat, const char *address, unsigned n_streams,
                             GError **err)
{
    return open_relayed(relayed_new(n_streams), seat, address, err);
}

struct channel *relayed_open_alike(struct seat *seat, const char *address, unsigned n_streams,
                                   GError **err)
{
    struct relayed *relayed = relayed_new(n_streams);

    relayed->is_alike = true;
    return open_relayed(relayed, seat, address, err);
}

json_t *relayed_ticket_alike(const struct channel *channel)
{
    json_t *ticket = direct_ticket(channel);

    json_object_set_new(ticket, "folder", json_string(((const struct relayed *)channel)->folder));
    return ticket;
}

struct channel *relayed_listen(struct seat *seat, const char *address, int64_t deadline,
                               GError **err)
{
    struct channel *channel = relayed_open(seat, address, streams_of(seat), err);

    if (channel == NULL || let_vm_listen((struct relayed *)channel, deadline, err) == 0)
        return channel;
    relayed_close(channel);
    return NULL;
}

/*
 * Whoever comes in is connected to the hypervisor. One that takes no more connections has a reason,
 * and says it itself.
 */
static int let_in(struct relayed *relayed, struct stream *way)
{
    const struct seat *seat = relayed->direct.channel.seat;
    g_autofree char *path = relayed->door != NULL ? g_strdup(relayed->door) : socket_path(relayed);
    g_autoptr(GError) error = NULL;
    struct stream *vm = stream_connect_unix(path, deadline_in(LOCAL_MS), &error);

    if (vm != NULL && join(relayed, vm, way, &error) == 0)
        return 0;
    if (vm == NULL)
        stream_close(way);
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "destination", seat->name,
             "a stream does not reach the hypervisor: %s", error->message);
    return -1;
}

static int let_all_in(void *arg, GError **err)
{
    struct relayed *relayed = arg;
    struct guard *guard = relayed->direct.guard;
    struct scope *door = scope_open("guarded port");
    GError *error = NULL;

    (void)err;
    scope_spawn_detached(door, "accept", guard_serve, guard);
    for (unsigned i = 0; i < relayed->n_streams; i++) {
        struct stream *way = guard_next(guard, i == 0 ? relayed->deadline : DEADLINE_NEVER, &error);
        direct_note_strangers(&relayed->direct);
        if (way == NULL || let_in(relayed, way) < 0)
            break;
    }
    scope_abandon(door);
    return error != NULL ? fail_leg(relayed, error) : 0;
}

int relayed_receive(struct channel *channel, int64_t deadline, GError **err)
{
    return carry((struct relayed *)channel, let_all_in, deadline, err);
}

static struct stream *listen_for_vm(const struct relayed *relayed, GError **err)
{
    g_autofree char *path = socket_path(relayed);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(fd, (int)relayed->n_streams) == 0)
        return stream_new(fd, err);
    g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot listen at %s: %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

struct channel *relayed_enter(struct seat *seat, const json_t *ticket, const char *peer,
                              unsigned n_streams, int64_t deadline, GError **err)
{
    struct relayed *relayed = relayed_new(n_streams);
    struct direct *direct = &relayed->direct;

    relayed->ticket = json_incref((json_t *)ticket);
    relayed->peer = g_strdup(peer);
    if (direct_enter(direct, seat, ticket, peer, deadline, err) == 0 &&
        prepare(relayed, NULL, err) == 0 &&
        (relayed->listener = listen_for_vm(relayed, err)) != NULL)
        return &direct->channel;
    relayed_close(&direct->channel);
    return NULL;
}

struct channel *relayed_enter_alike(struct seat *seat, const json_t *ticket, const char *peer,
                                    unsigned n_streams, GError **err)
{
    const char *folder = json_string_value(json_object_get(ticket, "folder"));
    struct relayed *relayed = relayed_new(n_streams);
    struct direct *direct = &relayed->direct;

    relayed->is_alike = true;
    relayed->ticket = json_incref((json_t *)ticket);
    relayed->peer = g_strdup(peer);
    direct->channel.seat = seat;
    if (folder == NULL)
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "%s did not say where the stream goes",
                    peer);
    else if (direct_aim(direct, seat, ticket, peer, err) == 0 &&
             prepare(relayed, folder, err) == 0 &&
             (relayed->listener = listen_for_vm(relayed, err)) != NULL)
        return &direct->channel;
    relayed_close(&direct->channel);
    return NULL;
}

struct channel *relayed_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                int64_t deadline, GError **err)
{
    return relayed_enter(seat, ticket, peer, streams_of(seat), deadline, err);
}

/* The hypervisor's next connection goes to the other host. */
static int take_over(struct relayed *relayed, unsigned stream, GError **err)
{
    struct direct *direct = &relayed->direct;
    struct stream *vm = stream_accept(relayed->listener, DEADLINE_NEVER, err);

    if (vm == NULL)
        return -1;
    struct stream *way = direct->stream != NULL
                             ? g_steal_pointer(&direct->stream)
                             : direct_way(direct, direct_token(relayed->ticket, stream),
                                          relayed->peer, relayed->deadline, err);
    if (way != NULL)
        return join(relayed, vm, way, err);
    stream_close(vm);
    return -1;
}

static int take_all_over(void *arg, GError **err)
{
    struct relayed *relayed = arg;
    GError *error = NULL;

    (void)err;
    for (unsigned i = 0; i < relayed->n_streams && error == NULL; i++)
        take_over(relayed, i, &error);
    return error != NULL ? fail_leg(relayed, error) : 0;
}

int relayed_take_over(struct channel *channel, int64_t deadline, GError **err)
{
    return carry((struct relayed *)channel, take_all_over, deadline, err);
}

int relayed_send(struct channel *channel, int64_t deadline, GError **err)
{
    g_autofree char *uri = socket_uri((struct relayed *)channel);

    return relayed_take_over(channel, deadline, err) < 0
               ? -1
               : vm_migrate_uri(channel->seat->vm, uri, deadline, err);
}

pid_t relayed_carrier(const struct channel *channel)
{
    return relay_pid(((const struct relayed *)channel)->relay);
}

void relayed_break_off(struct channel *channel)
{
    relay_break_off(((struct relayed *)channel)->relay);
    direct_break_off(channel);
}
