/* Whoever connects to a port that is not ours to guard is seen by his address, or his number. */
#include "migration/move/transport/peers.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(peers, .timeout = 60);

static uint16_t port;
static int listener;

static struct sockaddr_in at(const char *address, uint16_t number)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(number)};

    inet_pton(AF_INET, address, &in.sin_addr);
    return in;
}

static void open_port(void)
{
    struct sockaddr_in here = at("127.0.0.1", 0);
    socklen_t size = sizeof(here);

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&here, size), 0);
    cr_assert_eq(listen(listener, 8), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&here, &size), 0);
    port = ntohs(here.sin_port);
}

static int come_from(const char *address)
{
    struct sockaddr_in from = at(address, 0), there = at("127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
    return fd;
}

static void expect_stranger(const GPtrArray *before, unsigned n_friends, const char *expected)
{
    g_autofree char *stranger =
        peers_find_stranger(before, "127.0.0.1", port, "127.0.0.2", n_friends);

    cr_expect_eq(g_strcmp0(stranger, expected), 0, "%s, not %s", stranger, expected);
}

Test(peers, a_friend_is_no_stranger_and_one_more_of_him_is)
{
    open_port();
    g_autoptr(GPtrArray) before = peers_now();
    int one = come_from("127.0.0.2"), two = come_from("127.0.0.2");

    expect_stranger(before, 2, NULL);
    expect_stranger(before, 1, "127.0.0.2");
    close(one);
    close(two);
    close(listener);
}

Test(peers, who_comes_from_elsewhere_is_a_stranger_also_when_he_has_been_let_go)
{
    open_port();
    g_autoptr(GPtrArray) before = peers_now();
    int stranger = come_from("127.0.0.3");

    expect_stranger(before, 9, "127.0.0.3");
    close(accept(listener, NULL, NULL));
    expect_stranger(before, 9, "127.0.0.3");
    close(stranger);
    close(listener);
}

Test(peers, who_was_there_before_is_none)
{
    open_port();
    int early = come_from("127.0.0.3");
    g_autoptr(GPtrArray) before = peers_now();

    expect_stranger(before, 0, NULL);
    close(early);
    close(listener);
}

/* /proc/net/tcp, as x86 writes it: 127.0.0.1:80 <- 127.0.0.2:4660, established. */
#define LINE(ORDINAL) ORDINAL ": 0100007F:0050 0200007F:1234 01 00000000:00000000\n"

Test(peers, who_is_written_twice_came_once)
{
    g_autoptr(GPtrArray) peers = peers_new();

    peers_add(peers, "  sl  local_address rem_address   st\n" LINE("   0") LINE("   9"));
    cr_expect_eq(peers->len, 1);
}

Test(peers, who_calls_out_from_that_port_at_another_address_has_not_come)
{
    open_port();
    g_autoptr(GPtrArray) before = peers_now();
    struct sockaddr_in from = at("127.0.0.4", port), there = at("127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
    g_autofree char *stranger = peers_find_stranger(before, "127.0.0.1", port, "127.0.0.4", 1);
    cr_expect_null(stranger, "%s", stranger);
    close(fd);
    close(listener);
}

/* Else who is there could not be found among those who are known. */
Test(peers, are_at_addresses_as_the_kernel_writes_them)
{
    static const char *const addresses[][2] = {
        {"::1", "::1"}, {"fe80::1", "fe80::1"}, {"::ffff:127.0.0.2", "127.0.0.2"}};
    struct sockaddr_storage here = {.ss_family = AF_UNIX};
    g_autofree char *none = peers_address(&here);

    cr_expect_str_eq(none, "");
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&here;

        *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_scope_id = 1};
        inet_pton(AF_INET6, addresses[i][0], &in6->sin6_addr);
        g_autofree char *address = peers_address(&here);
        cr_expect_str_eq(address, addresses[i][1]);
    }
}

/* At an address of both families, as "::" is. */
Test(peers, a_stranger_at_a_mapped_address_is_one)
{
    struct sockaddr_in6 both = {.sin6_family = AF_INET6};
    struct sockaddr_storage here;
    socklen_t size = sizeof(both);
    int dual = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (dual < 0)
        cr_skip_test("there is no IPv6 here");
    cr_assert_eq(bind(dual, (struct sockaddr *)&both, size), 0);
    cr_assert_eq(listen(dual, 8), 0);
    cr_assert_eq(getsockname(dual, (struct sockaddr *)&both, &size), 0);
    port = ntohs(both.sin6_port);
    g_autoptr(GPtrArray) before = peers_now();
    int stranger = come_from("127.0.0.3");
    int fd = accept4(dual, NULL, NULL, SOCK_CLOEXEC);
    size = sizeof(here);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&here, &size), 0);
    g_autofree char *address = peers_address(&here);
    g_autofree char *seen = peers_find_stranger(before, address, port, "127.0.0.2", 1);
    cr_expect_str_eq(seen != NULL ? seen : "(nobody)", "127.0.0.3");
    close(fd);
    close(stranger);
    close(dual);
}
