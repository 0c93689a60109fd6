/*
 * Raw sockets have no slot for "the" peer: any number of strangers may connect to a listener
 * without keeping the true peer out. Each request carries the way back as control data; the one
 * that came with the last authentic frame is kept and put on every frame we send. The connecting
 * side makes its own four-byte request header, with the top bit set that ends such a header.
 *
 * nanomsg signals both directions by descriptors that become readable. The one for sending is
 * always readable on a listener, and on a connector while it is connected, so it is polled only
 * after a frame had been refused.
 */
#include "proto/link_carrier.h"

#include "proto/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <nanomsg/tcp.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADER_MAX 256    /* bytes of control data; ours need 32, forwarding devices add 4 each */
#define FRAMES_A_TURN 256 /* then the loop's other work gets its turn */
#define SINGLE_TURNS 8    /* that brought one frame each, before more are looked for again */
#define PORT_TRIES 200
#define SOCKET_FILE_MODE 0600

struct carrier {
    int socket;
    bool listens;
    char *address;
    char *path; /* of the ipc socket to remove, or NULL */
    struct carrier_callbacks callbacks;
    bool closed;
    unsigned references; /* the owner's, one for each open handle, one while in a callback */

    uv_poll_t receive_poll;
    uv_poll_t send_poll;
    bool has_handles;

    _Alignas(struct nn_cmsghdr) uint8_t header[HEADER_MAX]; /* control data for what we send */
    size_t header_size;                                     /* 0: nobody to send to yet */
    const struct nn_cmsghdr *sender; /* while a frame is handed over: its control data, or NULL */
    unsigned single_turns;           /* how many turns of one frame are still expected */
    int endpoint;                    /* of the connecting side */
};

static void carrier_unref(struct carrier *carrier)
{
    if (--carrier->references > 0)
        return;
    g_free(carrier->address);
    g_free(carrier->path);
    g_free(carrier);
}

static void set_address_error(const char *verb, const char *address, const char *why, GError **err)
{
    g_set_error(err, LINK_ERROR, LINK_ERROR_ADDRESS, "cannot %s %s: %s", verb, address, why);
}

/* Whether the address is one nanomsg takes literally; names it would fail on without a word. */
static bool address_is_literal(const char *address, const char **why)
{
    struct in6_addr binary;
    const char *ip, *colon;
    g_autofree char *host = NULL;

    if (g_str_has_prefix(address, "ipc://")) {
        *why = "the path of a socket is 1 to 107 bytes long";
        return address[6] != '\0' &&
               strlen(address + 6) < sizeof(((struct sockaddr_un *)NULL)->sun_path);
    }
    *why = "want tcp://IP:PORT with a numeric IP, or ipc://PATH";
    if (!g_str_has_prefix(address, "tcp://"))
        return false;
    ip = address + strlen("tcp://");
    colon = strrchr(ip, ':');
    if (colon == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 0, UINT16_MAX, NULL, NULL))
        return false;
    if (*ip == '[' && colon[-1] == ']') {
        host = g_strndup(ip + 1, colon - ip - 2);
        return inet_pton(AF_INET6, host, &binary) == 1;
    }
    host = g_strndup(ip, colon - ip);
    return inet_pton(AF_INET, host, &binary) == 1;
}

/* A request header of our own: four bytes, of which the top bit says that no more follow. */
static void make_request_header(struct carrier *carrier)
{
    struct nn_cmsghdr *control = (struct nn_cmsghdr *)carrier->header;
    const uint8_t request[4] = {0x80, 0, 0, 1};

    control->cmsg_len = NN_CMSG_LEN(sizeof(size_t) + sizeof(request));
    control->cmsg_level = PROTO_SP;
    control->cmsg_type = SP_HDR;
    *(size_t *)NN_CMSG_DATA(control) = sizeof(request);
    memcpy(NN_CMSG_DATA(control) + sizeof(size_t), request, sizeof(request));
    carrier->header_size = NN_CMSG_SPACE(sizeof(size_t) + sizeof(request));
}

static struct carrier *open_socket(int protocol, const char *address, size_t max_frame,
                                   const struct carrier_callbacks *callbacks, const char *verb,
                                   GError **err)
{
    struct carrier *carrier;
    const char *why;
    int zero = 0, one = 1, limit = (int)max_frame + HEADER_MAX;
    int s;

    if (!address_is_literal(address, &why)) {
        set_address_error(verb, address, why, err);
        return NULL;
    }
    s = nn_socket(AF_SP_RAW, protocol);
    if (s < 0) {
        set_address_error(verb, address, nn_strerror(nn_errno()), err);
        return NULL;
    }
    /* Only where it is needed: on an IPv4 connection it aborts the process (nanomsg 1.1.5). */
    if (g_str_has_prefix(address, "tcp://["))
        nn_setsockopt(s, NN_SOL_SOCKET, NN_IPV4ONLY, &zero, sizeof(zero));
    /* Without it a small frame after another one waits 40 ms for the peer's delayed TCP ack. */
    nn_setsockopt(s, NN_TCP, NN_TCP_NODELAY, &one, sizeof(one));
    nn_setsockopt(s, NN_SOL_SOCKET, NN_RCVMAXSIZE, &limit, sizeof(limit));

    carrier = g_new0(struct carrier, 1);
    carrier->socket = s;
    carrier->callbacks = *callbacks;
    carrier->references = 1;
    return carrier;
}

/* Receives one frame. false when there is none. */
static bool receive_one(struct carrier *carrier)
{
    void *frame = NULL, *control = NULL;
    struct nn_iovec vector = {.iov_base = &frame, .iov_len = NN_MSG};
    struct nn_msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = NN_MSG};
    int size = nn_recvmsg(carrier->socket, &header, NN_DONTWAIT);

    if (size < 0)
        return false;
    carrier->sender = control;
    carrier->callbacks.frame(frame, size, carrier->callbacks.arg);
    carrier->sender = NULL;
    nn_freemsg(frame);
    if (control != NULL)
        nn_freemsg(control);
    return true;
}

void carrier_adopt_sender(struct carrier *carrier)
{
    const struct nn_cmsghdr *sender = carrier->sender;

    if (!carrier->listens || sender == NULL || sender->cmsg_level != PROTO_SP ||
        sender->cmsg_type != SP_HDR || NN_CMSG_ALIGN_(sender->cmsg_len) > HEADER_MAX)
        return;
    memcpy(carrier->header, sender, sender->cmsg_len);
    carrier->header_size = NN_CMSG_ALIGN_(sender->cmsg_len);
}

/* Returns how many frames there were. */
static int receive(struct carrier *carrier, int most)
{
    int n = 0;

    carrier->references++;
    while (n < most && !carrier->closed && receive_one(carrier))
        n++;
    carrier_unref(carrier);
    return n;
}

void carrier_drain(struct carrier *carrier)
{
    receive(carrier, FRAMES_A_TURN);
}

/*
 * To ask for a frame that is not there takes nanomsg's locks once more, just when its thread wants
 * them. Where frames come one by one, the loop's next look at the descriptor says as much.
 */
static void on_receivable(uv_poll_t *poll, int status, int events)
{
    struct carrier *carrier = poll->data;

    (void)status;
    (void)events;
    carrier->references++;
    if (carrier->single_turns > 0) {
        carrier->single_turns--;
        receive(carrier, 1);
    } else if (receive(carrier, FRAMES_A_TURN) <= 1) {
        carrier->single_turns = SINGLE_TURNS;
    }
    carrier_unref(carrier);
}

static void on_sendable(uv_poll_t *poll, int status, int events)
{
    struct carrier *carrier = poll->data;

    (void)status;
    (void)events;
    uv_poll_stop(poll);
    carrier->callbacks.ready(carrier->callbacks.arg);
}

static int descriptor_of(struct carrier *carrier, int option)
{
    int fd = -1;
    size_t size = sizeof(fd);

    nn_getsockopt(carrier->socket, NN_SOL_SOCKET, option, &fd, &size);
    return fd;
}

static void start_polling(struct carrier *carrier, uv_loop_t *loop)
{
    uv_poll_init(loop, &carrier->receive_poll, descriptor_of(carrier, NN_RCVFD));
    uv_poll_init(loop, &carrier->send_poll, descriptor_of(carrier, NN_SNDFD));
    carrier->receive_poll.data = carrier->send_poll.data = carrier;
    carrier->has_handles = true;
    carrier->references += 2;
    uv_poll_start(&carrier->receive_poll, UV_READABLE, on_receivable);
}

/* Nothing reports the port of a bind to 0, so a free one is looked for by binding. */
static int bind_to_any_port(struct carrier *carrier, const char *prefix)
{
    const int span = CARRIER_LAST_PORT - CARRIER_FIRST_PORT + 1;
    int port = g_random_int_range(0, span);

    for (int i = 0; i < PORT_TRIES; i++, port = (port + 1) % span) {
        g_autofree char *address = g_strdup_printf("%s:%d", prefix, CARRIER_FIRST_PORT + port);

        if (nn_bind(carrier->socket, address) >= 0) {
            carrier->address = g_steal_pointer(&address);
            return 0;
        }
        if (nn_errno() != EADDRINUSE)
            return nn_errno();
    }
    return EADDRINUSE;
}

static int bind_to_path(struct carrier *carrier, const char *address)
{
    const char *path = address + strlen("ipc://");
    g_autofree char *folder = g_path_get_dirname(path);

    /* Asked before, because nanomsg leaks memory when it cannot make the socket. */
    if (g_access(folder, W_OK | X_OK) < 0)
        return errno;
    if (nn_bind(carrier->socket, address) < 0)
        return nn_errno();
    g_chmod(path, SOCKET_FILE_MODE);
    carrier->address = g_strdup(address);
    carrier->path = g_strdup(path);
    return 0;
}

/* Returns 0 or an errno. */
static int bind_socket(struct carrier *carrier, const char *address)
{
    if (g_str_has_prefix(address, "tcp://") && g_str_has_suffix(address, ":0")) {
        g_autofree char *prefix = g_strndup(address, strlen(address) - strlen(":0"));

        return bind_to_any_port(carrier, prefix);
    }
    if (g_str_has_prefix(address, "ipc://"))
        return bind_to_path(carrier, address);
    if (nn_bind(carrier->socket, address) < 0)
        return nn_errno();
    carrier->address = g_strdup(address);
    return 0;
}

struct carrier *carrier_listen(uv_loop_t *loop, const char *address, size_t max_frame,
                               const struct carrier_callbacks *callbacks, GError **err)
{
    struct carrier *carrier = open_socket(NN_REP, address, max_frame, callbacks, "listen at", err);
    int error;

    if (carrier == NULL)
        return NULL;
    carrier->listens = true;
    error = bind_socket(carrier, address);
    if (error != 0) {
        set_address_error("listen at", address, nn_strerror(error), err);
        carrier_close(carrier);
        return NULL;
    }
    start_polling(carrier, loop);
    return carrier;
}

struct carrier *carrier_connect(uv_loop_t *loop, const char *address, size_t max_frame,
                                const struct carrier_callbacks *callbacks, GError **err)
{
    struct carrier *carrier = open_socket(NN_REQ, address, max_frame, callbacks, "connect to", err);

    if (carrier == NULL)
        return NULL;
    make_request_header(carrier);
    carrier->endpoint = nn_connect(carrier->socket, address);
    if (carrier->endpoint < 0) {
        set_address_error("connect to", address, nn_strerror(nn_errno()), err);
        carrier_close(carrier);
        return NULL;
    }
    carrier->address = g_strdup(address);
    start_polling(carrier, loop);
    return carrier;
}

void carrier_reconnect(struct carrier *carrier)
{
    if (carrier->endpoint >= 0)
        nn_shutdown(carrier->socket, carrier->endpoint);
    carrier->endpoint = nn_connect(carrier->socket, carrier->address);
}

const char *carrier_address(const struct carrier *carrier)
{
    return carrier->address;
}

bool carrier_send(struct carrier *carrier, const void *frame, size_t size)
{
    struct nn_iovec vector = {.iov_base = (void *)frame, .iov_len = size};
    struct nn_msghdr header = {.msg_iov = &vector,
                               .msg_iovlen = 1,
                               .msg_control = carrier->header,
                               .msg_controllen = carrier->header_size};

    if (carrier->header_size == 0)
        return true; /* a listener that has heard nobody: as lost as any frame may be */
    if (nn_sendmsg(carrier->socket, &header, NN_DONTWAIT) >= 0)
        return true;
    uv_poll_start(&carrier->send_poll, UV_READABLE, on_sendable);
    return false;
}

static void on_handle_closed(uv_handle_t *handle)
{
    carrier_unref(handle->data);
}

void carrier_close(struct carrier *carrier)
{
    if (carrier == NULL || carrier->closed)
        return;
    carrier->closed = true;
    /* libuv must have forgotten the descriptors before nanomsg closes them. */
    if (carrier->has_handles) {
        uv_close((uv_handle_t *)&carrier->receive_poll, on_handle_closed);
        uv_close((uv_handle_t *)&carrier->send_poll, on_handle_closed);
    }
    nn_close(carrier->socket);
    if (carrier->path != NULL)
        g_unlink(carrier->path);
    carrier_unref(carrier);
}
