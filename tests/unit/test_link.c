#include "link_help.h"

#include <glib/gstdio.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MANY 10000

static int ping_pong(const char *address, GError **err)
{
    struct link_pair pair = {0};

    if (link_pair_open(&pair, address, err) < 0)
        return -1;
    for (uint64_t i = 1; i <= 20; i++) {
        if (send_number(pair.coordinator, i, err) < 0 || receive_number(pair.node, i, err) < 0 ||
            send_number(pair.node, i, err) < 0 || receive_number(pair.coordinator, i, err) < 0)
            return -1;
    }
    cr_assert_eq(link_stats(pair.node).not_opened, 0);
    cr_assert_eq(link_stats(pair.node).received, 21);
    cr_assert_eq(link_stats(pair.coordinator).sent, 21);
    link_pair_close(&pair);
    return 0;
}

static int over_tcp(void *arg, GError **err)
{
    (void)arg;
    return ping_pong("tcp://127.0.0.1:0", err);
}

Test(link, speaks_both_ways_over_tcp)
{
    run_fiber(over_tcp);
}

static int over_ipv6(void *arg, GError **err)
{
    (void)arg;
    return ping_pong("tcp://[::1]:0", err);
}

Test(link, speaks_both_ways_over_ipv6)
{
    run_fiber(over_ipv6);
}

static int over_ipc(void *arg, GError **err)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-link-XXXXXX", err);
    g_autofree char *path = g_build_filename(folder, "node", NULL);
    g_autofree char *address = g_strconcat("ipc://", path, NULL);
    struct link_pair pair = {0};
    struct stat st;

    (void)arg;
    if (ping_pong(address, err) < 0)
        return -1;
    cr_assert_not(g_file_test(path, G_FILE_TEST_EXISTS), "the socket was left behind");
    if (link_pair_open(&pair, address, err) < 0)
        return -1;
    cr_assert_eq(g_stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    link_pair_close(&pair);
    g_rmdir(folder);
    return 0;
}

Test(link, speaks_both_ways_over_a_unix_socket_that_only_we_may_open)
{
    run_fiber(over_ipc);
}

static int on_any_port(void *arg, GError **err)
{
    uint8_t key[SEAL_KEY_BYTES] = {0};
    struct link *links[8];

    (void)arg;
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
        int port;

        links[i] = link_listen("tcp://127.0.0.1:0", key, err);
        if (links[i] == NULL)
            return -1;
        cr_assert(g_str_has_prefix(link_address(links[i]), "tcp://127.0.0.1:"));
        port = atoi(strrchr(link_address(links[i]), ':') + 1);
        cr_assert(port > 1024 && port < 32768, "port %d", port);
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(link_address(links[i]), link_address(links[j]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
        link_close(links[i]);
    return 0;
}

Test(link, finds_and_reports_a_free_port_below_the_ephemeral_ones)
{
    run_fiber(on_any_port);
}

static int on_wrong_addresses(void *arg, GError **err)
{
    static const char *const wrong[] = {
        "tcp://localhost:1234",       "tcp://127.0.0.1",   "tcp://127.0.0.1:x",
        "tcp://127.0.0.1:99999",      "127.0.0.1:1234",    "ipc://",
        "tcp://[127.0.0.1]:1234",     "tcp://::1:1234",    "",
        "ipc:///no/such/folder/node", "tcp://192.0.2.1:0",
    };
    uint8_t key[SEAL_KEY_BYTES] = {0};

    (void)arg;
    (void)err;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) why = NULL;

        cr_assert_null(link_listen(wrong[i], key, &why), "listens at \"%s\"", wrong[i]);
        cr_assert(g_error_matches(why, LINK_ERROR, LINK_ERROR_ADDRESS));
        cr_assert_not_null(strstr(why->message, wrong[i]), "%s", why->message);
    }
    for (size_t i = 0; i < 9; i++) {
        g_autoptr(GError) why = NULL;

        cr_assert_null(link_connect(wrong[i], key, &why), "connects to \"%s\"", wrong[i]);
        cr_assert(g_error_matches(why, LINK_ERROR, LINK_ERROR_ADDRESS));
    }
    return 0;
}

Test(link, names_the_address_it_cannot_use)
{
    run_fiber(on_wrong_addresses);
}

static int on_a_port_in_use(void *arg, GError **err)
{
    uint8_t key[SEAL_KEY_BYTES] = {0};
    g_autoptr(link) first = link_listen("tcp://127.0.0.1:0", key, err);
    g_autoptr(GError) why = NULL;

    (void)arg;
    if (first == NULL)
        return -1;
    cr_assert_null(link_listen(link_address(first), key, &why));
    cr_assert(g_error_matches(why, LINK_ERROR, LINK_ERROR_ADDRESS));
    return 0;
}

Test(link, refuses_a_port_in_use)
{
    run_fiber(on_a_port_in_use);
}

struct stream_of_numbers {
    struct link *from, *to;
};

static int send_many(void *arg, GError **err)
{
    struct stream_of_numbers *s = arg;

    for (uint64_t i = 1; i <= MANY; i++) {
        if (send_number(s->from, i, err) < 0)
            return -1;
        if (i % 100 == 0 && await_turn(err) < 0)
            return -1;
    }
    return link_flush(s->from, soon(), err);
}

static int receive_many(void *arg, GError **err)
{
    struct stream_of_numbers *s = arg;

    for (uint64_t i = 1; i <= MANY; i++) {
        if (receive_number(s->to, i, err) < 0)
            return -1;
    }
    return 0;
}

static int ten_thousand(void *arg, GError **err)
{
    struct link_pair pair = {0};
    struct stream_of_numbers down, up;
    struct scope *scope;

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    down = (struct stream_of_numbers){pair.coordinator, pair.node};
    up = (struct stream_of_numbers){pair.node, pair.coordinator};
    scope = scope_open("numbers");
    scope_spawn(scope, "send down", send_many, &down);
    scope_spawn(scope, "send up", send_many, &up);
    scope_spawn(scope, "receive down", receive_many, &down);
    scope_spawn(scope, "receive up", receive_many, &up);
    if (scope_close(scope, err) < 0)
        return -1;
    link_pair_close(&pair);
    return 0;
}

Test(link, brings_ten_thousand_messages_each_way_in_order, .timeout = 120)
{
    run_fiber(ten_thousand);
}

static int large_messages(void *arg, GError **err)
{
    struct link_pair pair = {0};

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    for (int i = 0; i < 20; i++) {
        size_t size = i % 2 == 0 ? LINK_MAX_FRAME - 200 : LINK_MAX_CHUNK;
        struct link *from = i % 4 < 2 ? pair.node : pair.coordinator;
        struct link *to = i % 4 < 2 ? pair.coordinator : pair.node;
        g_autoptr(vtmh_envelope) message = NULL;

        if (send_bytes(from, size, err) < 0 || (message = link_receive(to, soon(), err)) == NULL)
            return -1;
        cr_assert_eq(message->body_case, VTMH__ENVELOPE__BODY_FILE_CHUNK);
        cr_assert_eq(message->file_chunk->data.len, size);
    }
    link_pair_close(&pair);
    return 0;
}

Test(link, brings_large_messages_both_ways)
{
    run_fiber(large_messages);
}

/* Bytes that are allocated now; nothing where a sanitizer has its own allocator. */
static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static int large_once(void *arg, GError **err)
{
    enum { LINKS = 8 };
    struct link_pair pairs[LINKS] = {0};
    size_t before, after;

    (void)arg;
    for (unsigned i = 0; i < LINKS; i++)
        if (link_pair_open(&pairs[i], "tcp://127.0.0.1:0", err) < 0)
            return -1;
    before = allocated();
    for (unsigned i = 0; i < LINKS; i++) {
        g_autoptr(vtmh_envelope) message = NULL;

        if (send_bytes(pairs[i].coordinator, LINK_MAX_FRAME - 200, err) < 0 ||
            (message = link_receive(pairs[i].node, soon(), err)) == NULL ||
            link_flush(pairs[i].coordinator, soon(), err) < 0)
            return -1;
    }
    after = allocated();
    cr_expect_lt(after, before + LINKS / 2 * (size_t)LINK_MAX_FRAME, "%zu bytes more",
                 after - before);
    for (unsigned i = 0; i < LINKS; i++)
        link_pair_close(&pairs[i]);
    return 0;
}

Test(link, gives_back_the_memory_of_a_large_message)
{
    run_fiber(large_once);
}

static int bulk(void *arg, GError **err)
{
    struct link_pair pair = {0};

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    for (int i = 0; i < 200; i++) {
        if (send_bytes(pair.node, LINK_MAX_CHUNK, err) < 0)
            return -1;
    }
    for (int i = 0; i < 200; i++) {
        g_autoptr(vtmh_envelope) message = link_receive(pair.coordinator, soon(), err);

        if (message == NULL)
            return -1;
        cr_assert_eq(message->file_chunk->data.len, LINK_MAX_CHUNK);
    }
    link_pair_close(&pair);
    return 0;
}

Test(link, brings_a_file_from_the_node_whose_carrier_would_drop_the_surplus, .timeout = 60)
{
    run_fiber(bulk);
}

static int too_large(void *arg, GError **err)
{
    struct link_pair pair = {0};
    g_autoptr(GError) why = NULL;

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    cr_assert_eq(send_bytes(pair.node, LINK_MAX_FRAME, &why), -1);
    cr_assert(g_error_matches(why, LINK_ERROR, LINK_ERROR_TOO_LARGE));
    if (send_number(pair.node, 7, err) < 0 || receive_number(pair.coordinator, 7, err) < 0)
        return -1;
    link_pair_close(&pair);
    return 0;
}

Test(link, refuses_to_send_what_is_larger_than_a_frame_and_lives_on)
{
    run_fiber(too_large);
}

static int await_closed(void *arg, GError **err)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(vtmh_envelope) message = link_receive(arg, DEADLINE_NEVER, &why);

    (void)err;
    cr_assert_null(message);
    cr_assert(g_error_matches(why, SYNC_ERROR, SYNC_ERROR_CLOSED));
    return 0;
}

static int close_under_receiver(void *arg, GError **err)
{
    struct link_pair pair = {0};
    struct scope *scope;

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    scope = scope_open("receivers");
    scope_spawn(scope, "node", await_closed, pair.node);
    scope_spawn(scope, "coordinator", await_closed, pair.coordinator);
    await_turn(NULL);
    link_pair_close(&pair);
    return scope_close(scope, err);
}

Test(link, tells_a_waiting_receiver_that_it_was_closed)
{
    run_fiber(close_under_receiver);
}

static int before_the_session(void *arg, GError **err)
{
    uint8_t key[SEAL_KEY_BYTES] = {0};
    g_autoptr(link) node = link_listen("tcp://127.0.0.1:0", key, err);
    g_autoptr(link) coordinator = NULL;

    (void)arg;
    if (node == NULL || send_number(node, 1, err) < 0)
        return -1;
    coordinator = link_connect(link_address(node), key, err);
    if (coordinator == NULL || send_hello(coordinator, err) < 0)
        return -1;
    return receive_number(coordinator, 1, err) < 0 ? -1 : link_flush(node, soon(), err);
}

Test(link, keeps_what_the_node_says_before_anybody_connected)
{
    run_fiber(before_the_session);
}

static int before_the_listener(void *arg, GError **err)
{
    uint8_t key[SEAL_KEY_BYTES] = {0};
    g_autoptr(link) probe = link_listen("tcp://127.0.0.1:0", key, err);
    g_autofree char *address = NULL;
    g_autoptr(link) node = NULL, coordinator = NULL;

    (void)arg;
    if (probe == NULL)
        return -1;
    address = g_strdup(link_address(probe));
    link_close(g_steal_pointer(&probe));
    coordinator = link_connect(address, key, err);
    if (coordinator == NULL || send_hello(coordinator, err) < 0)
        return -1;
    if (await_event(link_lost_event(coordinator), soon(), err) < 0)
        return -1;
    cr_assert(link_is_lost(coordinator));
    node = link_listen(address, key, err);
    if (node == NULL || receive_hello(node, err) < 0)
        return -1;
    if (await_event(link_alive_event(coordinator), soon(), err) < 0)
        return -1;
    cr_assert_not(link_is_lost(coordinator));
    return 0;
}

Test(link, connects_though_the_node_listens_only_after_it_was_counted_lost, .timeout = 60)
{
    run_fiber(before_the_listener);
}

struct overheard {
    struct event event;
    uint64_t test;
    char *context;
    int64_t monotonic_us;
};

static void overhear(const Vtmh__Heartbeat *heartbeat, void *arg)
{
    struct overheard *o = arg;

    if (heartbeat->test == 0)
        return;
    o->test = heartbeat->test;
    g_free(o->context);
    o->context = g_strdup(heartbeat->context);
    o->monotonic_us = heartbeat->monotonic_us;
    event_set(&o->event);
}

static int context_in_heartbeats(void *arg, GError **err)
{
    struct link_pair pair = {0};
    struct overheard o = {0};

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    link_on_heartbeat(pair.coordinator, overhear, &o);
    link_set_context(pair.node, 42, "waiting for vm1 to boot");
    if (await_event(&o.event, soon(), err) < 0)
        return -1;
    cr_assert_eq(o.test, 42);
    cr_assert_str_eq(o.context, "waiting for vm1 to boot");
    cr_assert(o.monotonic_us > 0 && o.monotonic_us <= g_get_monotonic_time());
    g_free(o.context);
    link_pair_close(&pair);
    return 0;
}

Test(link, tells_the_context_in_its_heartbeats)
{
    run_fiber(context_in_heartbeats);
}

static int second_coordinator(void *arg, GError **err)
{
    struct link_pair pair = {0};
    g_autoptr(link) second = NULL;

    (void)arg;
    if (link_pair_open(&pair, "tcp://127.0.0.1:0", err) < 0)
        return -1;
    second = link_connect(link_address(pair.node), pair.key, err);
    if (second == NULL || send_hello(second, err) < 0 || receive_hello(pair.node, err) < 0)
        return -1;
    /* The first one goes on talking, and must neither be heard nor get the answers. */
    if (send_number(pair.coordinator, 13, err) < 0 || send_number(second, 1, err) < 0 ||
        receive_number(pair.node, 1, err) < 0 || send_number(pair.node, 2, err) < 0 ||
        receive_number(second, 2, err) < 0)
        return -1;
    cr_assert_eq(link_stats(pair.coordinator).received, 0);
    link_pair_close(&pair);
    return 0;
}

Test(link, follows_a_coordinator_that_opens_a_new_session)
{
    run_fiber(second_coordinator);
}

static int told_to_many(void *arg, GError **err)
{
    struct link_pair pairs[2] = {0};
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Progress progress = VTMH__PROGRESS__INIT;
    g_autoptr(packed) message = NULL;

    (void)arg;
    progress.test = 7;
    envelope.body_case = VTMH__ENVELOPE__BODY_PROGRESS;
    envelope.progress = &progress;
    message = link_pack(&envelope, err);
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        /* The second link is further on in its numbers. */
        if (link_pair_open(&pairs[i], "tcp://127.0.0.1:0", err) < 0 ||
            (i > 0 && (send_number(pairs[i].coordinator, 6, err) < 0 ||
                       receive_number(pairs[i].node, 6, err) < 0)))
            return -1;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
        link_send_packed(pairs[i].coordinator, message);
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (receive_number(pairs[i].node, 7, err) < 0)
            return -1;
        link_pair_close(&pairs[i]);
    }
    return 0;
}

Test(link, takes_one_packed_message_to_many_peers)
{
    run_fiber(told_to_many);
}
