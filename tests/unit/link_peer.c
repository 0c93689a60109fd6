/*
 * A node for the tests of the link: takes the key on stdin, prints where it listens, and answers
 * every message with itself, until it gets a Goodbye or its stdin ends.
 */
#include "proto/link.h"
#include "sync/stream.h"

#include <stdio.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static int echo(void *arg, GError **err)
{
    struct link *link = arg;

    for (;;) {
        g_autoptr(vtmh_envelope) message = link_receive(link, deadline_in(PATIENCE_MS), err);

        if (message == NULL || link_send(link, message, err) < 0)
            return -1;
        if (message->body_case == VTMH__ENVELOPE__BODY_GOODBYE)
            return link_flush(link, deadline_in(PATIENCE_MS), err);
    }
}

static int serve(void *arg, GError **err)
{
    g_autoptr(stream) in = stream_new(STDIN_FILENO, err);
    g_autoptr(link) link = NULL;
    g_autofree char *hex = NULL;
    uint8_t key[SEAL_KEY_BYTES];

    (void)arg;
    if (in == NULL)
        return -1;
    hex = stream_read_line(in, SEAL_KEY_HEX, deadline_in(PATIENCE_MS), err);
    if (hex == NULL || seal_key_from_hex(hex, key, err) < 0)
        return -1;
    link = link_listen("tcp://127.0.0.1:0", key, err);
    if (link == NULL)
        return -1;
    printf("%s\n", link_address(link));
    fflush(stdout);
    return echo(link, err);
}

int main(void)
{
    g_autoptr(GError) err = NULL;

    if (fiber_run(serve, NULL, &err) == 0)
        return 0;
    fprintf(stderr, "link_peer: %s\n", err->message);
    return 1;
}
