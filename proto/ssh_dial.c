/* The connection under a session: a TCP socket to one of the host's addresses, or a proxy
 * command. */
#include "proto/ssh_private.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define COMPLAINT_MAX 4096

/* A look-up that outlives the fiber that gave it up; libuv's thread cannot be interrupted. */
struct lookup {
    uv_getaddrinfo_t request;
    struct event done;
    bool abandoned;
    int status;
    struct addrinfo *found;
};

static void lookup_free(struct lookup *lookup)
{
    uv_freeaddrinfo(lookup->found);
    g_free(lookup);
}
AUTOPTR_STRUCT(lookup, lookup_free);

static void on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *lookup = request->data;

    lookup->status = status;
    lookup->found = found;
    if (lookup->abandoned)
        lookup_free(lookup);
    else
        event_set(&lookup->done);
}

static char *numeric_of(const struct sockaddr *address, socklen_t size)
{
    char text[NI_MAXHOST];

    if (getnameinfo(address, size, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
        return g_strdup("");
    return g_strdup(text);
}

/* The host's numeric addresses in the system's order of preference. Transfer full. */
static GStrv resolve(const char *hostname, int64_t deadline, GError **err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    g_autoptr(lookup) lookup = g_new0(struct lookup, 1);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();

    lookup->request.data = lookup;
    lookup->status = uv_getaddrinfo(fiber_loop(), &lookup->request, on_looked_up, hostname, NULL,
                                    strchr(hostname, ':') != NULL ? NULL : &hints);
    if (lookup->status == 0 && await_event(&lookup->done, deadline, err) < 0) {
        g_prefix_error(err, "resolving %s: ", hostname);
        uv_cancel((uv_req_t *)&lookup->request);
        lookup->abandoned = true;
        g_steal_pointer(&lookup);
        return NULL;
    }
    if (lookup->status < 0) {
        g_set_error(err, SSH_ERROR, SSH_ERROR_RESOLVE, "cannot resolve %s: %s", hostname,
                    uv_strerror(lookup->status));
        return NULL;
    }
    for (const struct addrinfo *a = lookup->found; a != NULL; a = a->ai_next)
        g_ptr_array_add(addresses, numeric_of(a->ai_addr, a->ai_addrlen));
    g_ptr_array_add(addresses, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&addresses), FALSE);
}

/* Each address gets an equal part of the time that is left. */
static int64_t part_of(int64_t deadline, unsigned parts)
{
    return deadline == DEADLINE_NEVER ? deadline : deadline_in(deadline_left(deadline) / parts);
}

static struct stream *connect_to_any(const char *const *addresses, uint16_t port, int64_t deadline,
                                     char **address_out, GError **err)
{
    unsigned left = g_strv_length((char **)addresses);
    g_autoptr(GString) failures = g_string_new(NULL);

    for (; left > 0; addresses++, left--) {
        g_autoptr(GError) why = NULL;
        struct stream *stream = stream_connect_tcp(*addresses, port, part_of(deadline, left), &why);

        if (stream != NULL) {
            *address_out = g_strdup(*addresses);
            return stream;
        }
        if (g_error_matches(why, SYNC_ERROR, SYNC_ERROR_CANCELLED) ||
            (left == 1 && failures->len == 0 &&
             g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT))) {
            g_propagate_error(err, g_steal_pointer(&why));
            return NULL;
        }
        g_string_append_printf(failures, "%s%s", failures->len > 0 ? "; " : "", why->message);
    }
    g_set_error_literal(err, SSH_ERROR, SSH_ERROR_CONNECT, failures->str);
    return NULL;
}

void ssh_take(struct ssh *ssh, struct stream *stream, const char *peer_address)
{
    struct sockaddr_storage local;
    socklen_t size = sizeof(local);
    int on = 1;

    stream_close(ssh->stream);
    g_free(ssh->peer_address);
    g_free(ssh->local_address);
    ssh->stream = stream;
    ssh->peer_address = g_strdup(peer_address);
    setsockopt(stream_fd(stream), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ssh->local_address = getsockname(stream_fd(stream), (struct sockaddr *)&local, &size) == 0
                             ? numeric_of((struct sockaddr *)&local, size)
                             : g_strdup("");
}

static int dial_tcp(struct ssh *ssh, const struct ssh_target *target, int64_t deadline,
                    GError **err)
{
    g_auto(GStrv) addresses = resolve(target->hostname, deadline, err);
    g_autofree char *address = NULL;
    struct stream *stream;

    if (addresses == NULL)
        return -1;
    stream = connect_to_any((const char *const *)addresses, target->port, deadline, &address, err);
    if (stream == NULL)
        return -1;
    ssh_take(ssh, stream, address);
    return 0;
}

static int start_proxy(struct ssh *ssh, const char *command, int fd, GError **err)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    const struct child_fd fds[] = {{fd, 0}, {fd, 1}, {ssh->proxy_log, 2}, {.fd = -1}};
    const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};

    ssh->proxy = child_start(&spec, err);
    return ssh->proxy != NULL ? 0 : -1;
}

static int dial_proxy(struct ssh *ssh, const char *command, GError **err)
{
    g_autoptr(GError) why = NULL;
    int ends[2];

    ssh->proxy_log = memfd_create("ssh-proxy-stderr", MFD_CLOEXEC);
    if (ssh->proxy_log < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        g_set_error(err, SSH_ERROR, SSH_ERROR_CONNECT, "cannot prepare the proxy command: %s",
                    g_strerror(errno));
        return -1;
    }
    ssh->stream = stream_new(ends[0], &why);
    if (ssh->stream == NULL || start_proxy(ssh, command, ends[1], &why) < 0)
        g_set_error(err, SSH_ERROR, SSH_ERROR_CONNECT, "proxy command: %s", why->message);
    close(ends[1]);
    return ssh->proxy != NULL ? 0 : -1;
}

int ssh_dial(struct ssh *ssh, const struct ssh_target *target, int64_t deadline, GError **err)
{
    int rc = target->proxy_command != NULL ? dial_proxy(ssh, target->proxy_command, err)
                                           : dial_tcp(ssh, target, deadline, err);

    if (ssh->peer_address == NULL)
        ssh->peer_address = g_strdup("");
    if (ssh->local_address == NULL)
        ssh->local_address = g_strdup("");
    if (rc < 0)
        g_prefix_error(err, "%s: ", target->name);
    return rc;
}

char *ssh_proxy_complaint(struct ssh *ssh)
{
    char text[COMPLAINT_MAX + 1];
    off_t size = ssh->proxy_log >= 0 ? lseek(ssh->proxy_log, 0, SEEK_END) : 0;
    ssize_t n;
    char *line;

    if (size <= 0)
        return NULL;
    n = pread(ssh->proxy_log, text, COMPLAINT_MAX, MAX(size - COMPLAINT_MAX, 0));
    if (n <= 0)
        return NULL;
    text[n] = '\0';
    g_strchomp(text);
    line = strrchr(text, '\n');
    return g_strdup(line != NULL ? line + 1 : text);
}
