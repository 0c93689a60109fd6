#include "tests/bench/bare_link.h"

#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <nanomsg/tcp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_MAX 64
#define FIRST_PORT 20000
#define PORTS 12000
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEALED_BYTES (NONCE_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)

struct bare_link {
    int socket;
    char *address;
    bool is_sealed;
    uint8_t key[SEAL_KEY_BYTES];
    uint8_t nonce[NONCE_BYTES]; /* of the last frame sent, counts; random to begin with */
    GByteArray *frame;
    bare_message_fn fn;
    void *arg;
    uv_poll_t poll;
    _Alignas(struct nn_cmsghdr) uint8_t control[CONTROL_MAX]; /* the way to the other end */
    size_t control_size;
    bool listens;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    g_printerr("bare link: %s: %s\n", what, nn_strerror(nn_errno()));
    exit(1);
}

static void open_and_hand_over(struct bare_link *link, uint8_t *frame, size_t size)
{
    uint8_t *data = frame;

    if (link->is_sealed) {
        data += NONCE_BYTES;
        must(size >= SEALED_BYTES &&
                 crypto_aead_xchacha20poly1305_ietf_decrypt(
                     data, NULL, NULL, data, size - NONCE_BYTES, NULL, 0, frame, link->key) == 0,
             "a frame does not open");
        size -= SEALED_BYTES;
    }
    link->fn(link, data, size, link->arg);
}

static void on_receivable(uv_poll_t *poll, int status, int events)
{
    struct bare_link *link = poll->data;
    void *frame, *control = NULL;
    struct nn_iovec vector = {.iov_base = &frame, .iov_len = NN_MSG};
    struct nn_msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = NN_MSG};
    int size = nn_recvmsg(link->socket, &header, NN_DONTWAIT);

    (void)status;
    (void)events;
    if (size < 0 && nn_errno() == EAGAIN)
        return;
    must(size >= 0, "receive");
    if (link->listens) {
        link->control_size = NN_CMSG_ALIGN_(((struct nn_cmsghdr *)control)->cmsg_len);
        must(link->control_size <= CONTROL_MAX, "control data");
        memcpy(link->control, control, link->control_size);
    }
    open_and_hand_over(link, frame, (size_t)size);
    nn_freemsg(frame);
    nn_freemsg(control);
}

static struct bare_link *bare_new(int protocol, const uint8_t *key, bare_message_fn fn, void *arg)
{
    struct bare_link *link = g_new0(struct bare_link, 1);
    int one = 1;

    link->listens = protocol == NN_REP;
    link->fn = fn;
    link->arg = arg;
    link->frame = g_byte_array_new();
    if (key != NULL) {
        /* Chooses what is fastest on this processor. */
        must(sodium_init() >= 0, "libsodium");
        link->is_sealed = true;
        memcpy(link->key, key, sizeof(link->key));
        randombytes_buf(link->nonce, sizeof(link->nonce));
    }
    link->socket = nn_socket(AF_SP_RAW, protocol);
    must(link->socket >= 0, "socket");
    nn_setsockopt(link->socket, NN_TCP, NN_TCP_NODELAY, &one, sizeof(one));
    return link;
}

static void start_polling(struct bare_link *link, uv_loop_t *loop)
{
    int fd;
    size_t size = sizeof(fd);

    must(nn_getsockopt(link->socket, NN_SOL_SOCKET, NN_RCVFD, &fd, &size) == 0, "descriptor");
    link->poll.data = link;
    uv_poll_init(loop, &link->poll, fd);
    uv_poll_start(&link->poll, UV_READABLE, on_receivable);
}

struct bare_link *bare_listen(uv_loop_t *loop, const uint8_t *key, bare_message_fn fn, void *arg)
{
    struct bare_link *link = bare_new(NN_REP, key, fn, arg);

    do {
        g_free(link->address);
        link->address =
            g_strdup_printf("tcp://127.0.0.1:%d", FIRST_PORT + g_random_int_range(0, PORTS));
    } while (nn_bind(link->socket, link->address) < 0 && nn_errno() == EADDRINUSE);
    start_polling(link, loop);
    return link;
}

struct bare_link *bare_connect(uv_loop_t *loop, const char *address, const uint8_t *key,
                               bare_message_fn fn, void *arg)
{
    struct bare_link *link = bare_new(NN_REQ, key, fn, arg);
    struct nn_cmsghdr *control = (struct nn_cmsghdr *)link->control;
    const uint8_t request[4] = {0x80, 0, 0, 1};

    control->cmsg_len = NN_CMSG_LEN(sizeof(size_t) + sizeof(request));
    control->cmsg_level = PROTO_SP;
    control->cmsg_type = SP_HDR;
    *(size_t *)NN_CMSG_DATA(control) = sizeof(request);
    memcpy(NN_CMSG_DATA(control) + sizeof(size_t), request, sizeof(request));
    link->control_size = NN_CMSG_SPACE(sizeof(size_t) + sizeof(request));
    link->address = g_strdup(address);
    must(nn_connect(link->socket, address) >= 0, "connect");
    start_polling(link, loop);
    return link;
}

const char *bare_address(const struct bare_link *link)
{
    return link->address;
}

/* The frame in a buffer of the link. */
static struct nn_iovec seal_into_buffer(struct bare_link *link, const void *data, size_t size)
{
    uint8_t *frame;

    g_byte_array_set_size(link->frame, (guint)(size + SEALED_BYTES));
    frame = link->frame->data;
    sodium_increment(link->nonce, sizeof(link->nonce));
    memcpy(frame, link->nonce, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(frame + NONCE_BYTES, NULL, data, size, NULL, 0, NULL,
                                               link->nonce, link->key);
    return (struct nn_iovec){link->frame->data, link->frame->len};
}

void bare_send(struct bare_link *link, const void *data, size_t size)
{
    struct nn_iovec vector = link->is_sealed ? seal_into_buffer(link, data, size)
                                             : (struct nn_iovec){(void *)data, size};
    struct nn_msghdr header = {.msg_iov = &vector,
                               .msg_iovlen = 1,
                               .msg_control = link->control,
                               .msg_controllen = link->control_size};

    /* Blocks while the other end is not there or is slow. */
    must(nn_sendmsg(link->socket, &header, 0) >= 0, "send");
}

static void on_closed(uv_handle_t *handle)
{
    struct bare_link *link = handle->data;

    nn_close(link->socket);
    g_byte_array_unref(link->frame);
    g_free(link->address);
    g_free(link);
}

void bare_close(struct bare_link *link)
{
    uv_close((uv_handle_t *)&link->poll, on_closed);
}
