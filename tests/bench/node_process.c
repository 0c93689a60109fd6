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
static int start_child(struct node_process *node, int *in_out, int *out_out, GError **err)
{
    const char *const argv[] = {"/proc/self/exe", NODE_OPTION, NULL};
    int in[2], out[2];

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

int node_process_start(struct node_process *node, GError **err)
{
    uint8_t key[SEAL_KEY_BYTES];
    g_autofree char *hex = NULL, *line = NULL, *address = NULL;
    g_autoptr(stream) in = NULL, out = NULL;
    int in_fd, out_fd;

    *node = (struct node_process){0};
    if (start_child(node, &in_fd, &out_fd, err) < 0)
        return -1;
    in = stream_new(in_fd, err);
    out = stream_new(out_fd, err);
    seal_make_key(key);
    hex = seal_key_to_hex(key);
    line = g_strconcat(hex, "\n", NULL);
    if (in == NULL || out == NULL || stream_write(in, line, strlen(line), soon(), err) < 0)
        return -1;
    address = stream_read_line(out, ADDRESS_MAX, soon(), err);
    node->link = address != NULL ? link_connect(address, key, err) : NULL;
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

static int run_node(void *arg, GError **err)
{
    node_serve_fn *serve = arg;
    g_autoptr(stream) in = stream_new(STDIN_FILENO, err);
    g_autofree char *hex = NULL;
    g_autoptr(link) link = NULL;
    uint8_t key[SEAL_KEY_BYTES];

    if (in == NULL)
        return -1;
    hex = stream_read_line(in, SEAL_KEY_HEX, soon(), err);
    if (hex == NULL || seal_key_from_hex(hex, key, err) < 0)
        return -1;
    link = link_listen("tcp://127.0.0.1:0", key, err);
    if (link == NULL)
        return -1;
    printf("%s\n", link_address(link));
    fflush(stdout);
    return serve_link(link, *serve, err);
}

int node_process_main(node_serve_fn serve)
{
    g_autoptr(GError) err = NULL;

    if (fiber_run(run_node, &serve, &err) == 0)
        return 0;
    fprintf(stderr, "bench node: %s\n", err->message);
    return 1;
}
