/*
 * unix: each hypervisor has a socket in a folder of its own on its host (unix:PATH), and a relay
 * carries what comes there to the other host.
 *
 *     source's VM -> socket -> relay ====> relay -> socket -> destination's VM
 */
#include "migration/move/transport/direct.h"
#include "migration/move/transport/folder.h"
#include "migration/move/transport/relay.h"
#include "migration/move/transport/table.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "stream"

struct local {
    struct direct direct; /* first: the way between the hosts */
    char *folder;
    struct stream *listener; /* source: where the hypervisor connects */
    struct stream *vm;       /* our end of the socket to the hypervisor */
    struct relay *relay;
};

static void unix_close(struct channel *channel)
{
    struct local *local = (struct local *)channel;

    relay_free(local->relay);
    stream_close(local->vm);
    stream_close(local->listener);
    transport_folder_free(local->folder, SOCKET_NAME);
    direct_clear(&local->direct);
    g_free(local);
}

static char *socket_path(const struct local *local)
{
    return g_build_filename(local->folder, SOCKET_NAME, NULL);
}

static char *socket_uri(const struct local *local)
{
    g_autofree char *path = socket_path(local);

    return g_strconcat("unix:", path, NULL);
}

static int start_relay(struct local *local, GError **err)
{
    const struct relay_pair pair = {stream_fd(local->vm), stream_fd(local->direct.stream)};

    local->relay = relay_start(local->direct.channel.seat->test->host, &pair, 1, err);
    return local->relay != NULL ? 0 : -1;
}

static int let_vm_listen(struct local *local, int64_t deadline, GError **err)
{
    g_autofree char *uri = socket_uri(local);
    uint16_t none;

    return vm_incoming_uri(local->direct.channel.seat->vm, uri, &none, deadline, err);
}

static struct channel *unix_listen(struct seat *seat, const char *address, int64_t deadline,
                                   GError **err)
{
    struct local *local = g_new0(struct local, 1);

    if (direct_open(&local->direct, seat, address, false, err) == 0 &&
        (local->folder = transport_folder_new(seat, err)) != NULL &&
        let_vm_listen(local, deadline, err) == 0)
        return &local->direct.channel;
    unix_close(&local->direct.channel);
    return NULL;
}

static int unix_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct local *local = (struct local *)channel;
    g_autofree char *path = socket_path(local);

    if (direct_admit(&local->direct, deadline, err) < 0)
        return -1;
    local->vm = stream_connect_unix(path, deadline, err);
    return local->vm != NULL ? start_relay(local, err) : -1;
}

static struct stream *listen_for_vm(const struct local *local, GError **err)
{
    g_autofree char *path = socket_path(local);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(fd, 1) == 0)
        return stream_new(fd, err);
    g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot listen at %s: %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

static struct channel *unix_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                    int64_t deadline, GError **err)
{
    struct local *local = g_new0(struct local, 1);

    if (direct_enter(&local->direct, seat, ticket, peer, deadline, err) == 0 &&
        (local->folder = transport_folder_new(seat, err)) != NULL &&
        (local->listener = listen_for_vm(local, err)) != NULL)
        return &local->direct.channel;
    unix_close(&local->direct.channel);
    return NULL;
}

static int unix_send(struct channel *channel, int64_t deadline, GError **err)
{
    struct local *local = (struct local *)channel;
    g_autofree char *uri = socket_uri(local);

    if (vm_migrate_uri(channel->seat->vm, uri, deadline, err) < 0)
        return -1;
    local->vm = stream_accept(local->listener, deadline, err);
    return local->vm != NULL ? start_relay(local, err) : -1;
}

static void unix_break_off(struct channel *channel)
{
    struct local *local = (struct local *)channel;

    direct_break_off(channel);
    if (local->vm != NULL)
        shutdown(stream_fd(local->vm), SHUT_RDWR);
}

const struct transport transport_unix = {
    .name = "unix",
    .traits = TRANSPORT_TWO_WAY,
    .listen = unix_listen,
    .ticket = direct_ticket,
    .receive = unix_receive,
    .connect = unix_connect,
    .send = unix_send,
    .probe = direct_probe,
    .break_off = unix_break_off,
    .close = unix_close,
};
