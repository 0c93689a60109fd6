#include "node_process.h"

#include "sync/stream.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADDRESS_MAX 256

static int64_t soon(void)
{
    return deadline_in(NODE_PATIENCE_MS);
}

static int send_empty(struct link *link, Vtmh__Envelope__BodyCase body, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Hello hello = VTMH__HELLO__INIT;
    Vtmh__Goodbye goodbye = VTMH__GOODBYE__INIT;

    hello.protocol = LINK_PROTOCOL_VERSION;
    envelope.body_case = body;
    if (body == VTMH__ENVELOPE__BODY_HELLO)
        envelope.hello = &hello;
    else
        envelope.goodbye = &goodbye;
    return link_send(link, &envelope, err);
}

/* Sets the ends of two pipes that stay here; the other two are the child's. */
static int start_child(struct node_process *node, const char *option, int *in_out, int *out_out,
                       GError **err)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", err);
    const char *const argv[] = {self, option, NULL};
    int in[2], out[2];

    if (self == NULL)
        return -1;
    if (pipe2(in, 0) < 0 || pipe2(out, 0) < 0) {
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "no pipe");
        return -1;
    }
    {
        const struct child_fd fds[] = {{in[0], 0}, {out[1], 1}, {2, 2}, {.fd = -1}};
        const struct child_spec spec = {.argv = argv, .fds = fds};

        node->child = child_start(&spec, err);
    }
    close(in[0]);
    close(out[1]);
    *in_out = in[1];
    *out_out = out[0];
    return node->child != NULL ? 0 : -1;
}

char *node_process_spawn(struct node_process *node, const char *option, GError **err)
{
    g_autofree char *hex = NULL, *line = NULL;
    g_autoptr(stream) in = NULL, out = NULL;
    int in_fd, out_fd;

    *node = (struct node_process){0};
    if (start_child(node, option, &in_fd, &out_fd, err) < 0)
        return NULL;
    in = stream_new(in_fd, err);
    out = stream_new(out_fd, err);
    seal_make_key(node->key);
    hex = seal_key_to_hex(node->key);
    line = g_strconcat(hex, "\n", NULL);
    if (in == NULL || out == NULL || stream_write(in, line, strlen(line), soon(), err) < 0)
        return NULL;
    return stream_read_line(out, ADDRESS_MAX, soon(), err);
}

int node_process_start(struct node_process *node, GError **err)
{
    g_autofree char *address = node_process_spawn(node, NODE_OPTION, err);

    node->link = address != NULL ? link_connect(address, node->key, err) : NULL;
    if (node->link == NULL)
        return -1;
    return send_empty(node->link, VTMH__ENVELOPE__BODY_HELLO, err);
}

int node_process_end(struct node_process *node, GError **err)
{
    int rc = node->link != NULL ? send_empty(node->link, VTMH__ENVELOPE__BODY_GOODBYE, err) : -1;

    if (rc == 0)
        rc = child_await(node->child, soon(), NULL, err);
    link_close(node->link);
    child_free(node->child);
    return rc;
}

static int serve_link(struct link *link, node_serve_fn serve, GError **err)
{
    for (;;) {
        g_autoptr(vtmh_envelope) message = link_receive(link, soon(), err);

        if (message == NULL)
            return -1;
        if (message->body_case == VTMH__ENVELOPE__BODY_GOODBYE)
            return 0;
        if (message->body_case != VTMH__ENVELOPE__BODY_HELLO && serve(link, message, err) < 0)
            return -1;
    }
}

/* The key comes on stdin, before there is a loop. */
static int read_key(uint8_t key[SEAL_KEY_BYTES], GError **err)
{
    char line[SEAL_KEY_HEX + 2] = "";

    if (fgets(line, sizeof(line), stdin) == NULL) {
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "no key on stdin");
        return -1;
    }
    return seal_key_from_hex(g_strchomp(line), key, err);
}

static void tell_address(const char *address)
{
    printf("%s\n", address);
    fflush(stdout);
}

static int run_node(void *arg, GError **err)
{
    node_serve_fn *serve = arg;
    g_autoptr(link) link = NULL;
    uint8_t key[SEAL_KEY_BYTES];

    if (read_key(key, err) < 0)
        return -1;
    link = link_listen("tcp://127.0.0.1:0", key, err);
    if (link == NULL)
        return -1;
    tell_address(link_address(link));
    return serve_link(link, *serve, err);
}

static int end_node(int rc, const GError *err)
{
    if (rc == 0)
        return 0;
    fprintf(stderr, "bench node: %s\n", err->message);
    return 1;
}

int node_process_main(node_serve_fn serve)
{
    g_autoptr(GError) err = NULL;

    return end_node(fiber_run(run_node, &serve, &err), err);
}

int node_process_bare(bool sealed, bare_message_fn fn, void *arg)
{
    g_autoptr(GError) err = NULL;
    uint8_t key[SEAL_KEY_BYTES];
    uv_loop_t loop;

    if (read_key(key, &err) < 0)
        return end_node(-1, err);
    uv_loop_init(&loop);
    tell_address(bare_address(bare_listen(&loop, sealed ? key : NULL, fn, arg)));
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return 0;
}
