/*
 * Who answers on an ssh port need not be an SSH server: it may send without end, or nothing at all.
 * The peer is a thread, since a session that never gives the loop back would starve a fiber.
 */
#include "proto/ssh.h"
#include "tests/unit/fiber_checks.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(ssh_flood, .timeout = 30);

#define LONG_MS 20000
#define SHORT_MS 300

struct stranger {
    const char *first; /* said once */
    const char *again; /* said without end; NULL: silence */
    size_t again_size;
    int listener;
    uint16_t port;
};

static void *talk(void *arg)
{
    const struct stranger *stranger = arg;
    int fd = accept(stranger->listener, NULL, NULL);
    char nothing[256];
    bool listens = fd >= 0;

    if (listens && stranger->first != NULL)
        listens = send(fd, stranger->first, strlen(stranger->first), MSG_NOSIGNAL) > 0;
    while (listens && stranger->again != NULL)
        listens = send(fd, stranger->again, stranger->again_size, MSG_NOSIGNAL) > 0;
    /* Silent until the other side goes. */
    while (listens && recv(fd, nothing, sizeof nothing, 0) > 0)
        ;
    close(fd);
    return NULL;
}

static void listen_as(struct stranger *stranger)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    stranger->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(stranger->listener, (struct sockaddr *)&at, size) == 0);
    cr_assert(listen(stranger->listener, 1) == 0);
    cr_assert(getsockname(stranger->listener, (struct sockaddr *)&at, &size) == 0);
    stranger->port = ntohs(at.sin_port);
}

struct attempt {
    const struct stranger *stranger;
    int64_t patience_ms, banner_ms;
    GError *error;
};

static int try_to_connect(void *arg, GError **err)
{
    struct attempt *attempt = arg;
    static const struct known_hosts_policy policy = {.mode = KNOWN_HOSTS_STRICT};
    const struct ssh_target target = {.name = "stranger",
                                      .hostname = "127.0.0.1",
                                      .port = attempt->stranger->port,
                                      .user = "nobody",
                                      .host_key_name = "stranger",
                                      .host_keys = &policy,
                                      .banner_ms = attempt->banner_ms};
    g_autoptr(ssh) ssh = ssh_connect(&target, deadline_in(attempt->patience_ms), &attempt->error);

    (void)err;
    check(ssh == NULL);
    return 0;
}

/* How a connection to the stranger fails. Transfer full. */
static GError *fail_with(struct stranger *stranger, int64_t patience_ms)
{
    struct attempt attempt = {.stranger = stranger, .patience_ms = patience_ms};
    pthread_t thread;

    listen_as(stranger);
    cr_assert(pthread_create(&thread, NULL, talk, stranger) == 0);
    expect_run(try_to_connect, &attempt);
    pthread_join(thread, NULL);
    close(stranger->listener);
    cr_assert_not_null(attempt.error);
    return attempt.error;
}

static void expect_flood(struct stranger *stranger)
{
    g_autoptr(GError) error = fail_with(stranger, LONG_MS);

    cr_assert(g_error_matches(error, SSH_ERROR, SSH_ERROR_FLOOD), "%s", error->message);
    cr_assert_not_null(strstr(error->message, "without letting us log in"), "%s", error->message);
}

Test(ssh_flood, lines_without_a_banner_come_to_an_end)
{
    static const char lines[] = "welcome to a very long message of the day\r\n";
    struct stranger stranger = {.again = lines, .again_size = strlen(lines)};

    expect_flood(&stranger);
}

Test(ssh_flood, bytes_without_a_line_come_to_an_end)
{
    static char bytes[4096];
    struct stranger stranger = {.again = bytes, .again_size = sizeof bytes};

    memset(bytes, 'x', sizeof bytes);
    expect_flood(&stranger);
}

/* SSH_MSG_IGNORE in clear: length 12, padding 6, the kind, an empty string. */
Test(ssh_flood, packets_to_be_ignored_come_to_an_end)
{
    static const char packet[16] = {0, 0, 0, 12, 6, 2};
    struct stranger stranger = {
        .first = "SSH-2.0-flood\r\n", .again = packet, .again_size = sizeof packet};

    expect_flood(&stranger);
}

Test(ssh_flood, a_silent_peer_is_waited_for_no_longer_than_the_deadline)
{
    struct stranger stranger = {0};
    g_autoptr(GError) error = fail_with(&stranger, SHORT_MS);

    cr_assert(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT), "%s", error->message);
}

static int tick(void *arg, GError **err)
{
    unsigned *turns = arg;

    for (;;) {
        if (await_turn(err) < 0)
            return -1;
        ++*turns;
    }
}

static int connect_beside_another(void *arg, GError **err)
{
    unsigned turns = 0;
    struct scope *scope = scope_open("another");

    scope_spawn_detached(scope, "another", tick, &turns);
    check(try_to_connect(arg, err) == 0);
    scope_abandon(scope);
    check(turns > 2);
    return 0;
}

/* A megabyte takes several turns: whoever waits for Ctrl-C or a deadline gets some between. */
Test(ssh_flood, leaves_the_loop_to_others_meanwhile)
{
    static char bytes[4096];
    struct stranger stranger = {.again = bytes, .again_size = sizeof bytes};
    struct attempt attempt = {.stranger = &stranger, .patience_ms = LONG_MS};
    pthread_t thread;

    memset(bytes, 'x', sizeof bytes);
    listen_as(&stranger);
    cr_assert(pthread_create(&thread, NULL, talk, &stranger) == 0);
    expect_run(connect_beside_another, &attempt);
    pthread_join(thread, NULL);
    close(stranger.listener);
    g_clear_error(&attempt.error);
}

/* Keeps the first who comes and says nothing to him; the next are turned away, or as silent. */
static void *forward(void *arg)
{
    const struct stranger *stranger = arg;
    int first = accept(stranger->listener, NULL, NULL), fd;
    char nothing[256];

    while (stranger->first != NULL && (fd = accept(stranger->listener, NULL, NULL)) >= 0)
        close(fd);
    while (first >= 0 && recv(first, nothing, sizeof nothing, 0) > 0)
        ;
    close(first);
    return NULL;
}

static int64_t forwarded_ms(const char *turns_away, GError **error)
{
    struct stranger stranger = {.first = turns_away};
    struct attempt attempt = {&stranger, LONG_MS, 3000, NULL};
    int64_t began_us = g_get_monotonic_time();
    pthread_t thread;

    listen_as(&stranger);
    cr_assert(pthread_create(&thread, NULL, forward, &stranger) == 0);
    expect_run(try_to_connect, &attempt);
    int64_t took_ms = (g_get_monotonic_time() - began_us) / 1000;
    shutdown(stranger.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(stranger.listener);
    *error = attempt.error;
    return took_ms;
}

Test(ssh_flood, a_connection_that_began_before_its_peer_was_there_is_given_up)
{
    g_autoptr(GError) error = NULL;

    cr_expect_lt(forwarded_ms("turns away", &error), 2500);
    cr_assert(g_error_matches(error, SSH_ERROR, SSH_ERROR_HANDSHAKE));
    cr_expect(strstr(error->message, "began before it was there") != NULL, "%s", error->message);
}

Test(ssh_flood, a_peer_that_is_slow_to_speak_to_anybody_has_its_time)
{
    g_autoptr(GError) error = NULL;

    cr_expect_geq(forwarded_ms(NULL, &error), 3000);
    cr_assert(g_error_matches(error, SSH_ERROR, SSH_ERROR_HANDSHAKE));
    cr_expect(strstr(error->message, "says nothing for 3 s") != NULL, "%s", error->message);
}

#define CROWD 64

/* Keeps all who come and says nothing to them, but to one. */
struct crowd {
    struct stranger stranger;
    unsigned spoken_to; /* which of them; 0: none */
    unsigned came, most_at_once;
};

/* Those that are still there, after the listener. */
static nfds_t drop_gone(struct pollfd *open, nfds_t n)
{
    nfds_t left = 1;
    char nothing;

    for (nfds_t i = 1; i < n; i++) {
        if (recv(open[i].fd, &nothing, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            close(open[i].fd);
        else
            open[left++] = open[i];
    }
    return left;
}

static void *keep_crowd(void *arg)
{
    static const char junk[] = "this is no banner\r\n";
    struct crowd *crowd = arg;
    struct pollfd open[CROWD] = {{.fd = crowd->stranger.listener, .events = POLLIN}};
    nfds_t n = 1;

    while (n < CROWD && poll(open, n, -1) > 0) {
        int fd = open[0].revents != 0 ? accept(open[0].fd, NULL, NULL) : -1;

        if (open[0].revents != 0 && fd < 0)
            break;
        n = drop_gone(open, n);
        if (fd < 0)
            continue;
        open[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
        crowd->most_at_once = MAX(crowd->most_at_once, (unsigned)n - 1);
        while (++crowd->came == crowd->spoken_to && send(fd, junk, strlen(junk), MSG_NOSIGNAL) > 0)
            crowd->came--;
    }
    while (n > 1)
        close(open[--n].fd);
    return NULL;
}

static GError *come_to(struct crowd *crowd, int64_t banner_ms)
{
    struct attempt attempt = {&crowd->stranger, LONG_MS, banner_ms, NULL};
    pthread_t thread;

    listen_as(&crowd->stranger);
    cr_assert(pthread_create(&thread, NULL, keep_crowd, crowd) == 0);
    expect_run(try_to_connect, &attempt);
    shutdown(crowd->stranger.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(crowd->stranger.listener);
    cr_assert_not_null(attempt.error);
    return attempt.error;
}

/* What comes of it is what was said there. */
Test(ssh_flood, a_newer_connection_that_is_spoken_on_is_the_one_that_is_used)
{
    struct crowd crowd = {.spoken_to = 3};
    g_autoptr(GError) error = come_to(&crowd, LONG_MS);

    cr_assert(g_error_matches(error, SSH_ERROR, SSH_ERROR_FLOOD), "%s", error->message);
}

/* OpenSSH takes ten at a time that say nothing (MaxStartups), and fifteen in a row within seconds
 * (PerSourcePenalties). */
Test(ssh_flood, few_connections_are_begun_to_who_is_silent_and_fewer_are_open)
{
    struct crowd crowd = {0};
    g_autoptr(GError) error = come_to(&crowd, 1000);

    cr_assert(g_error_matches(error, SSH_ERROR, SSH_ERROR_HANDSHAKE), "%s", error->message);
    cr_expect_geq(crowd.came, 3, "%u came", crowd.came);
    cr_expect_leq(crowd.came, 15, "%u came", crowd.came);
    cr_expect_leq(crowd.most_at_once, 4, "%u at once", crowd.most_at_once);
}

/* Who tries again, with more patience, is no denser for that. */
Test(ssh_flood, more_patience_begins_no_more_connections)
{
    struct crowd crowd = {0};
    g_autoptr(GError) error = come_to(&crowd, 4000);

    cr_assert(g_error_matches(error, SSH_ERROR, SSH_ERROR_HANDSHAKE), "%s", error->message);
    cr_expect_leq(crowd.came, 16, "%u came", crowd.came);
}
