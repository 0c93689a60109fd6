/* The simulated transport: a datagram socket without a name in the file system, made for the leg.
 */
#include "tests/sim/sim.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct transport sim_transport;

struct sim_channel {
    struct channel base; /* first */
    struct stream *stream;
    char name[SIM_LINK_BYTES]; /* the destination's */
};

static struct channel *open_channel(struct seat *seat, GError **err)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_un any = {.sun_family = AF_UNIX};
    if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(sa_family_t)) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "cannot make a socket: %m");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct stream *stream = stream_new(fd, err);
    if (stream == NULL)
        return NULL;
    struct sim_channel *channel = g_new0(struct sim_channel, 1);
    channel->base = (struct channel){&sim_transport, seat};
    channel->stream = stream;
    return &channel->base;
}

static struct channel *sim_listen(struct seat *seat, const char *address, int64_t deadline,
                                  GError **err)
{
    struct channel *channel = open_channel(seat, err);
    struct sockaddr_un own = {0};
    socklen_t size = sizeof(own);
    (void)address, (void)deadline;
    if (channel == NULL)
        return NULL;
    struct sim_channel *self = (struct sim_channel *)channel;
    getsockname(stream_fd(self->stream), (struct sockaddr *)&own, &size);
    memcpy(self->name, own.sun_path + 1, size - offsetof(struct sockaddr_un, sun_path) - 1);
    return channel;
}

static json_t *sim_ticket(const struct channel *channel)
{
    return json_pack("{s:s}", "name", ((const struct sim_channel *)channel)->name);
}

static int sim_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct sim_channel *self = (struct sim_channel *)channel;
    sim_vm_of(channel->seat->vm)->stream = self->stream;
    return vm_incoming_fd(channel->seat->vm, stream_fd(self->stream), deadline, err);
}

static struct channel *sim_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                   int64_t deadline, GError **err)
{
    const char *name = json_string_value(json_object_get(ticket, "name"));
    (void)deadline;
    if (name == NULL || strlen(name) >= SIM_LINK_BYTES) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "%s does not say where it listens", peer);
        return NULL;
    }
    g_strlcpy(sim_vm_of(seat->vm)->to, name, SIM_LINK_BYTES);
    return open_channel(seat, err);
}

static int sim_send(struct channel *channel, int64_t deadline, GError **err)
{
    return vm_migrate_fd(channel->seat->vm, stream_fd(((struct sim_channel *)channel)->stream),
                         deadline, err);
}

static void sim_close(struct channel *channel)
{
    stream_close(((struct sim_channel *)channel)->stream);
    g_free(channel);
}

static const struct transport sim_transport = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS,
    .guard = "token",
    .listen = sim_listen,
    .ticket = sim_ticket,
    .receive = sim_receive,
    .connect = sim_connect,
    .send = sim_send,
    .close = sim_close,
};

const struct transport *transport_find(const char *name)
{
    return strcmp(name, sim_transport.name) == 0 ? &sim_transport : NULL;
}
