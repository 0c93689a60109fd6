/*
 * libssh2 runs in non-blocking mode: a call either finishes or says EAGAIN, and is then repeated
 * with the same arguments when the socket is ready for the directions it waits for. Between the two
 * nothing else may be called on the session, because half a packet may be on its way; so a session
 * does one operation at a time, and one that was given up in the middle ruins it.
 *
 * Before it says EAGAIN libssh2 reads for as long as there is something to read, and for a banner
 * it reads on until there is one. A peer that sends faster than we read would so keep the loop for
 * ever, its deadlines and Ctrl-C too. Therefore the bytes go through receive(): after some of them
 * it says EAGAIN by itself, and before the login there is an end to what a stranger may send.
 */
#include "proto/ssh_private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOSE_MS 500
#define FREE_TRIES 100
#define AT_ONCE_MAX ((size_t)256 << 10) /* bytes; then the loop gets its turn */

G_DEFINE_QUARK(ssh - error - quark, ssh_error)

int ssh_await(struct ssh *ssh, int64_t deadline, GError **err)
{
    int directions = libssh2_session_block_directions(ssh->session);
    int events = 0;

    ssh->received_at_once = 0;
    if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
        events |= UV_WRITABLE;
    if (directions & LIBSSH2_SESSION_BLOCK_INBOUND || events == 0)
        events |= UV_READABLE;
    if (stream_await(ssh->stream, events, deadline, err) == 0)
        return 0;
    ssh->broken = true;
    g_prefix_error(err, "%s: ", ssh->name);
    return -1;
}

bool ssh_is_mid_packet(const struct ssh *ssh)
{
    return libssh2_session_block_directions(ssh->session) & LIBSSH2_SESSION_BLOCK_OUTBOUND;
}

int ssh_fail(struct ssh *ssh, enum ssh_error code, const char *doing, GError **err)
{
    char *why = NULL;
    int number = libssh2_session_last_error(ssh->session, &why, NULL, 0);
    g_autofree char *complaint = ssh_proxy_complaint(ssh);

    if (ssh->is_flooded) {
        ssh->broken = true;
        g_set_error(err, SSH_ERROR, SSH_ERROR_FLOOD,
                    "%s: %s: it sent more than %zu KiB without letting us log in: this is no SSH "
                    "server, or one that is out of order",
                    ssh->name, doing, SSH_BEFORE_LOGIN_MAX / 1024);
        return -1;
    }
    switch (number) {
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_PROTO:
    case LIBSSH2_ERROR_DECRYPT:
    case LIBSSH2_ERROR_INVALID_MAC:
    case LIBSSH2_ERROR_BAD_USE:
        ssh->broken = true;
    }
    g_set_error(err, SSH_ERROR, code, "%s: %s: %s (libssh2 %d)%s%s", ssh->name, doing,
                why != NULL && *why != '\0' ? why : "no reason given", number,
                complaint != NULL ? "; the proxy says: " : "", complaint != NULL ? complaint : "");
    return -1;
}

int ssh_begin(struct ssh *ssh, int64_t deadline, GError **err)
{
    while (ssh->busy) {
        event_reset(&ssh->idle);
        if (await_event(&ssh->idle, deadline, err) < 0) {
            g_prefix_error(err, "%s: another operation runs: ", ssh->name);
            return -1;
        }
    }
    if (ssh->broken) {
        g_set_error(err, SSH_ERROR, SSH_ERROR_CHANNEL, "%s: the session broke before", ssh->name);
        return -1;
    }
    ssh->busy = true;
    return 0;
}

void ssh_end(struct ssh *ssh)
{
    ssh->busy = false;
    event_set(&ssh->idle);
}

/* In place of recv(): keeps the opening, which libssh2 does not show, and counts. */
static ssize_t receive(libssh2_socket_t socket, void *buffer, size_t size, int flags,
                       void **abstract)
{
    struct ssh *ssh = *abstract;
    ssize_t n;

    if (ssh->received_at_once > AT_ONCE_MAX)
        return -EAGAIN;
    if (ssh->is_flooded)
        return -ECONNABORTED;
    n = recv(socket, buffer, size, flags);
    if (n < 0)
        return -errno;
    ssh->received_at_once += (size_t)n;
    if (!ssh->is_logged_in) {
        ssh->received_before += (size_t)n;
        ssh->is_flooded = ssh->received_before > SSH_BEFORE_LOGIN_MAX;
    }
    if (ssh->opening != NULL) {
        size_t room = SSH_OPENING_MAX - ssh->opening_size;
        size_t kept = MIN(room, (size_t)n);

        memcpy(ssh->opening + ssh->opening_size, buffer, kept);
        ssh->opening_size += kept;
    }
    return n;
}

/* A server that closes at once may have said something that libssh2 no longer came to read. */
static void read_last_words(struct ssh *ssh)
{
    ssize_t n = 1;

    while (n > 0 && ssh->opening_size < SSH_OPENING_MAX) {
        n = recv(stream_fd(ssh->stream), ssh->opening + ssh->opening_size,
                 SSH_OPENING_MAX - ssh->opening_size, MSG_DONTWAIT);
        ssh->opening_size += n > 0 ? (size_t)n : 0;
    }
}

/* What is asked for is a list of what libssh2 knows: it refuses one with a stranger in it. */
static int prefer_ciphers(struct ssh *ssh, const char *ciphers, GError **err)
{
    static const int directions[] = {LIBSSH2_METHOD_CRYPT_CS, LIBSSH2_METHOD_CRYPT_SC};

    for (size_t i = 0; ciphers != NULL && i < G_N_ELEMENTS(directions); i++) {
        if (libssh2_session_method_pref(ssh->session, directions[i], ciphers) < 0)
            return ssh_fail(ssh, SSH_ERROR_HANDSHAKE, "choosing ciphers", err);
    }
    return 0;
}

static int shake_hands(struct ssh *ssh, int64_t deadline, GError **err)
{
    g_autofree char *offer = NULL;
    int rc;

    ssh->opening = g_malloc(SSH_OPENING_MAX);
    libssh2_session_callback_set(ssh->session, LIBSSH2_CALLBACK_RECV, (void *)receive);
    while ((rc = libssh2_session_handshake(ssh->session, stream_fd(ssh->stream))) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (ssh_await(ssh, deadline, err) < 0)
            return -1;
    }
    if (rc < 0 && ssh->is_flooded)
        return ssh_fail(ssh, SSH_ERROR_HANDSHAKE, "SSH handshake", err);
    if (rc < 0) {
        ssh_fail(ssh, SSH_ERROR_HANDSHAKE, "SSH handshake", err);
        read_last_words(ssh);
        offer = ssh_explain_handshake(ssh);
        if (offer != NULL && err != NULL) {
            g_autofree char *before = (*err)->message;

            (*err)->message = g_strdup_printf("%s: %s", before, offer);
        }
        return -1;
    }
    g_clear_pointer(&ssh->opening, g_free);
    return 0;
}

static int open_session(struct ssh *ssh, const struct ssh_target *target, int64_t deadline,
                        GError **err)
{
    if (ssh_reach(ssh, target, deadline, err) < 0)
        return -1;
    ssh->session = libssh2_session_init_ex(NULL, NULL, NULL, ssh);
    if (ssh->session == NULL) {
        g_set_error(err, SSH_ERROR, SSH_ERROR_HANDSHAKE, "%s: libssh2 gives no session", ssh->name);
        return -1;
    }
    libssh2_session_set_blocking(ssh->session, 0);
    if (ssh_prefer_host_keys(ssh, target, err) < 0 ||
        prefer_ciphers(ssh, target->ciphers, err) < 0 || shake_hands(ssh, deadline, err) < 0 ||
        ssh_check_host_key(ssh, target, err) < 0)
        return -1;
    if (ssh_authenticate(ssh, target, deadline, err) < 0)
        return -1;
    ssh->is_logged_in = true;
    return 0;
}

struct ssh *ssh_connect(const struct ssh_target *target, int64_t deadline, GError **err)
{
    static gsize ready;
    struct ssh *ssh = g_new0(struct ssh, 1);
    g_autoptr(GError) why = NULL;

    if (g_once_init_enter(&ready)) {
        libssh2_init(0);
        g_once_init_leave(&ready, 1);
    }
    ssh->name = g_strdup(target->name);
    ssh->proxy_log = -1;
    if (open_session(ssh, target, deadline, &why) == 0)
        return ssh;
    ssh->broken = true;
    ssh_close(ssh);
    g_propagate_error(err, g_steal_pointer(&why));
    return NULL;
}

const char *ssh_peer_address(const struct ssh *ssh)
{
    return ssh->peer_address;
}

const char *ssh_local_address(const struct ssh *ssh)
{
    return ssh->local_address;
}

bool ssh_is_broken(const struct ssh *ssh)
{
    return ssh->broken;
}

void ssh_limit(struct ssh *ssh, uint64_t bytes_per_s)
{
    ssh->copy_bytes_per_s = bytes_per_s;
}

void ssh_result_clear(struct ssh_result *result)
{
    g_clear_pointer(&result->out, g_free);
    g_clear_pointer(&result->err, g_free);
}

/* Tells the server that we go, if it listens; cancelled or not, for a moment only. */
static void say_goodbye(struct ssh *ssh)
{
    int64_t deadline = deadline_in(CLOSE_MS);

    fiber_shield();
    while (libssh2_session_disconnect_ex(ssh->session, SSH_DISCONNECT_BY_APPLICATION, "done", "") ==
               LIBSSH2_ERROR_EAGAIN &&
           ssh_await(ssh, deadline, NULL) == 0)
        ;
    fiber_unshield();
}

static void free_session(struct ssh *ssh)
{
    if (!ssh->broken)
        say_goodbye(ssh);
    /* Freeing its channels would write; on a dead socket that fails at once in place of waiting. */
    shutdown(stream_fd(ssh->stream), SHUT_RDWR);
    for (int i = 0; i < FREE_TRIES; i++) {
        if (libssh2_session_free(ssh->session) != LIBSSH2_ERROR_EAGAIN)
            break;
    }
}

void ssh_close(struct ssh *ssh)
{
    if (ssh == NULL)
        return;
    if (ssh->session != NULL)
        free_session(ssh);
    stream_close(ssh->stream);
    if (ssh->proxy != NULL)
        child_signal(ssh->proxy, SIGTERM);
    child_free(ssh->proxy);
    if (ssh->proxy_log >= 0)
        close(ssh->proxy_log);
    g_free(ssh->opening);
    g_free(ssh->peer_address);
    g_free(ssh->local_address);
    g_free(ssh->name);
    g_free(ssh);
}
