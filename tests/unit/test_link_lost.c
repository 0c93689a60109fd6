/* Breaks: a peer that stops and goes on, one that dies, connections cut in the middle. */
#include "link_help.h"

#include "sync/child.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CUTS 12
#define NUMBERS_A_CUT 400

struct peer {
    struct child *child;
    struct link *link;
};

/* Starts link_peer, which stands beside this program, and connects to it. */
static int peer_open(struct peer *peer, GError **err)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(self);
    g_autofree char *program = g_build_filename(folder, "link_peer", NULL);
    const char *const argv[] = {program, NULL};
    uint8_t key[SEAL_KEY_BYTES];
    g_autofree char *hex = NULL, *line = NULL, *address = NULL;
    g_autoptr(stream) in = NULL, out = NULL;
    int in_ends[2], out_ends[2];

    cr_assert_eq(pipe(in_ends), 0);
    cr_assert_eq(pipe(out_ends), 0);
    {
        const struct child_fd fds[] = {{in_ends[0], 0}, {out_ends[1], 1}, {2, 2}, {.fd = -1}};
        const struct child_spec spec = {.argv = argv, .fds = fds};

        peer->child = child_start(&spec, err);
    }
    close(in_ends[0]);
    close(out_ends[1]);
    in = stream_new(in_ends[1], err);
    out = stream_new(out_ends[0], err);
    seal_make_key(key);
    hex = seal_key_to_hex(key);
    line = g_strconcat(hex, "\n", NULL);
    if (peer->child == NULL || stream_write(in, line, strlen(line), soon(), err) < 0)
        return -1;
    address = stream_read_line(out, 256, soon(), err);
    peer->link = address != NULL ? link_connect(address, key, err) : NULL;
    if (peer->link == NULL || send_hello(peer->link, err) < 0)
        return -1;
    return receive_hello(peer->link, err);
}

static void peer_close(struct peer *peer)
{
    link_close(peer->link);
    child_free(peer->child);
}

static int stopped_and_continued(void *arg, GError **err)
{
    struct peer peer = {0};

    (void)arg;
    if (peer_open(&peer, err) < 0)
        return -1;
    cr_assert_not(link_is_lost(peer.link));
    child_signal(peer.child, SIGSTOP);
    if (await_event(link_lost_event(peer.link), soon(), err) < 0)
        return -1;
    cr_assert(link_is_lost(peer.link));
    cr_assert(link_silence_ms(peer.link) >= LINK_LOST_MS);
    for (uint64_t i = 1; i <= 500; i++) {
        if (send_number(peer.link, i, err) < 0)
            return -1;
    }
    child_signal(peer.child, SIGCONT);
    if (await_event(link_alive_event(peer.link), soon(), err) < 0)
        return -1;
    cr_assert_not(link_is_lost(peer.link));
    cr_assert_not(event_is_set(link_lost_event(peer.link)));
    for (uint64_t i = 1; i <= 500; i++) {
        if (receive_number(peer.link, i, err) < 0)
            return -1;
    }
    peer_close(&peer);
    return 0;
}

Test(link_lost, a_stopped_peer_is_lost_and_goes_on_where_it_was, .timeout = 90)
{
    run_fiber(stopped_and_continued);
}

static int killed(void *arg, GError **err)
{
    struct peer peer = {0};
    g_autoptr(GError) why = NULL;

    (void)arg;
    if (peer_open(&peer, err) < 0)
        return -1;
    child_signal(peer.child, SIGKILL);
    if (child_await(peer.child, soon(), NULL, err) < 0 || send_number(peer.link, 1, err) < 0)
        return -1;
    if (await_event(link_lost_event(peer.link), soon(), err) < 0)
        return -1;
    cr_assert_eq(link_flush(peer.link, deadline_in(0), &why), -1);
    cr_assert(g_error_matches(why, LINK_ERROR, LINK_ERROR_LOST), "%s", why->message);
    peer_close(&peer);
    return 0;
}

Test(link_lost, a_killed_peer_is_lost_and_flushing_says_so, .timeout = 60)
{
    run_fiber(killed);
}

static int said_goodbye(void *arg, GError **err)
{
    struct peer peer = {0};
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Goodbye goodbye = VTMH__GOODBYE__INIT;
    g_autoptr(vtmh_envelope) answer = NULL;
    int status = -1;

    (void)arg;
    if (peer_open(&peer, err) < 0)
        return -1;
    envelope.body_case = VTMH__ENVELOPE__BODY_GOODBYE;
    envelope.goodbye = &goodbye;
    if (link_send(peer.link, &envelope, err) < 0 ||
        (answer = link_receive(peer.link, soon(), err)) == NULL ||
        child_await(peer.child, soon(), &status, err) < 0)
        return -1;
    cr_assert_eq(answer->body_case, VTMH__ENVELOPE__BODY_GOODBYE);
    cr_assert_eq(status, 0, "the peer's own flush failed");
    peer_close(&peer);
    return 0;
}

Test(link_lost, a_goodbye_is_answered_before_the_peer_ends)
{
    run_fiber(said_goodbye);
}

/* A relay between the two, which cuts both connections when told to. */
struct relay {
    struct stream *listener;
    uint16_t to_port;
    struct scope *scope;
    struct stream *ends[2];
};

struct direction {
    struct stream *from, *to;
};

static int pump_bytes(void *arg, GError **err)
{
    struct direction *d = arg;
    char buffer[4096];

    (void)err;
    for (;;) {
        ssize_t n = stream_read(d->from, buffer, sizeof(buffer), soon(), NULL);

        if (n <= 0 || stream_write(d->to, buffer, (size_t)n, soon(), NULL) < 0)
            break;
    }
    /* Wakes the other direction too. */
    shutdown(stream_fd(d->from), SHUT_RDWR);
    shutdown(stream_fd(d->to), SHUT_RDWR);
    return 0;
}

static int serve_relay(void *arg, GError **err)
{
    struct relay *relay = arg;

    for (;;) {
        g_autoptr(stream) near = stream_accept(relay->listener, DEADLINE_NEVER, err);
        g_autoptr(stream) far =
            near != NULL ? stream_connect_tcp("127.0.0.1", relay->to_port, soon(), err) : NULL;
        struct direction there = {near, far}, back = {far, near};
        struct scope *scope;

        if (far == NULL)
            return -1;
        relay->ends[0] = near;
        relay->ends[1] = far;
        scope = scope_open("connection");
        scope_spawn(scope, "there", pump_bytes, &there);
        scope_spawn(scope, "back", pump_bytes, &back);
        if (scope_close(scope, err) < 0)
            return -1;
        relay->ends[0] = relay->ends[1] = NULL;
    }
}

static void relay_cut(struct relay *relay)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};

    for (int i = 0; i < 2; i++) {
        if (relay->ends[i] == NULL)
            continue;
        setsockopt(stream_fd(relay->ends[i]), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        shutdown(stream_fd(relay->ends[i]), SHUT_RDWR);
    }
}

/* Gives the address to connect to in place of the node's. Transfer full. */
static char *relay_open(struct relay *relay, const char *node_address, GError **err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(fd, 8), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    relay->listener = stream_new(fd, err);
    relay->to_port = (uint16_t)atoi(strrchr(node_address, ':') + 1);
    relay->scope = scope_open("relay");
    scope_spawn(relay->scope, "relay", serve_relay, relay);
    return g_strdup_printf("tcp://127.0.0.1:%u", ntohs(address.sin_port));
}

static void relay_close(struct relay *relay)
{
    scope_abandon(relay->scope);
    stream_close(relay->listener);
}

static int cut_again_and_again(void *arg, GError **err)
{
    uint8_t key[SEAL_KEY_BYTES] = {0};
    struct relay relay = {0};
    g_autoptr(link) node = link_listen("tcp://127.0.0.1:0", key, err);
    g_autofree char *address = node != NULL ? relay_open(&relay, link_address(node), err) : NULL;
    g_autoptr(link) coordinator = address != NULL ? link_connect(address, key, err) : NULL;
    uint64_t sent = 0, there = 0, back = 0;

    (void)arg;
    if (coordinator == NULL || send_hello(coordinator, err) < 0 || receive_hello(node, err) < 0)
        return -1;
    for (int cut = 0; cut < CUTS; cut++) {
        for (int i = 0; i < NUMBERS_A_CUT; i++) {
            sent++;
            if (send_number(coordinator, sent, err) < 0 || send_number(node, sent, err) < 0)
                return -1;
        }
        /* In the middle of the flow, each time a little further. */
        while (there < sent - (uint64_t)(cut * 17 % NUMBERS_A_CUT)) {
            if (receive_number(node, ++there, err) < 0)
                return -1;
        }
        relay_cut(&relay);
    }
    while (there < sent) {
        if (receive_number(node, ++there, err) < 0)
            return -1;
    }
    while (back < sent) {
        if (receive_number(coordinator, ++back, err) < 0)
            return -1;
    }
    if (link_flush(node, soon(), err) < 0 || link_flush(coordinator, soon(), err) < 0)
        return -1;
    relay_close(&relay);
    return 0;
}

Test(link_lost, messages_come_once_and_in_order_though_the_connection_is_cut, .timeout = 120)
{
    run_fiber(cut_again_and_again);
}
