#include "migration/move/reach.h"

#include "sync/stream.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON deadline_in(10000)

TestSuite(reach, .timeout = 30);

Test(reach, listens_at_any_port_and_says_which)
{
    g_autoptr(GError) error = NULL;
    uint16_t port = 0;
    int fd = reach_listen("127.0.0.1", 0, 0, &port, &error);
    cr_assert_geq(fd, 0, "%s", error != NULL ? error->message : "");
    cr_expect_neq(port, 0);
    close(fd);
}

Test(reach, listens_on_ipv6)
{
    g_autoptr(GError) error = NULL;
    uint16_t port = 0;
    int fd = reach_listen("::1", 0, 0, &port, &error);
    if (fd < 0)
        cr_skip_test("no IPv6 here: %s", error->message);
    cr_expect_neq(port, 0);
    close(fd);
}

/* Two neighbouring ports, the first of them taken. */
static int take_first_of_two(uint16_t *first)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        uint16_t second;
        int taken = reach_listen("127.0.0.1", 0, 0, first, NULL);
        cr_assert_geq(taken, 0);
        int next = *first == UINT16_MAX
                       ? -1
                       : reach_listen("127.0.0.1", *first + 1, *first + 1, &second, NULL);
        if (next >= 0) {
            close(next);
            return taken;
        }
        close(taken);
    }
    cr_assert_fail("no two neighbouring ports are free");
    return -1;
}

Test(reach, takes_the_next_port_of_a_range_when_one_is_taken)
{
    g_autoptr(GError) error = NULL;
    uint16_t first, port = 0;
    int taken = take_first_of_two(&first);
    int fd = reach_listen("127.0.0.1", first, first + 1, &port, &error);
    cr_assert_geq(fd, 0, "%s", error != NULL ? error->message : "");
    cr_expect_eq(port, first + 1);
    close(fd);
    close(taken);
}

Test(reach, names_address_and_port_that_cannot_be_had)
{
    g_autoptr(GError) error = NULL;
    uint16_t first, port = 7;
    int taken = take_first_of_two(&first);
    g_autofree char *expected =
        g_strdup_printf("cannot listen on 127.0.0.1 port %u: Address already in use", first);
    cr_assert_lt(reach_listen("127.0.0.1", first, first, &port, &error), 0);
    cr_expect_str_eq(error->message, expected);
    cr_expect_eq(port, 7, "an output was touched");
    close(taken);
}

Test(reach, names_a_range_of_which_no_port_can_be_had)
{
    g_autoptr(GError) error = NULL;
    uint16_t port;
    /* Of the documentation: no machine's own. */
    cr_assert_lt(reach_listen("192.0.2.1", 5200, 5201, &port, &error), 0);
    cr_expect(
        g_str_has_prefix(error->message, "cannot listen on 192.0.2.1 at any port of 5200-5201: "),
        "%s", error->message);
}

Test(reach, refuses_a_name_for_an_address)
{
    g_autoptr(GError) error = NULL;
    uint16_t port;
    cr_assert_lt(reach_listen("localhost", 0, 0, &port, &error), 0);
    cr_expect(g_str_has_prefix(error->message, "localhost is not a numeric address: "), "%s",
              error->message);
}

/* What a try says of a port where somebody listens, then of the same where nobody does. */
static int try_open_then_closed(void *arg, GError **err)
{
    GError **refused = arg;
    uint16_t port;
    int fd = reach_listen("127.0.0.1", 0, 0, &port, err);
    if (fd < 0)
        return -1;
    int result = reach_try("127.0.0.1", port, SOON, err);
    close(fd);
    reach_try("127.0.0.1", port, SOON, refused);
    return result;
}

Test(reach, a_refusal_fails_but_is_no_silence)
{
    g_autoptr(GError) error = NULL, refused = NULL;
    cr_assert_eq(fiber_run(try_open_then_closed, &refused, &error), 0, "%s",
                 error != NULL ? error->message : "");
    cr_assert_not_null(refused);
    cr_expect(g_str_has_suffix(refused->message, "Connection refused"), "%s", refused->message);
    cr_expect_not(reach_is_silence(refused));
}

/* A queue that is full lets nobody in and says nothing, as a network that was cut. */
static int try_where_nobody_answers(void *arg, GError **err)
{
    GError **silence = arg;
    uint16_t port;
    g_autoptr(GPtrArray) queued = g_ptr_array_new_with_free_func((GDestroyNotify)stream_close);
    int fd = reach_listen("127.0.0.1", 0, 0, &port, err);
    if (fd < 0 || listen(fd, 0) < 0)
        return -1;
    while (*silence == NULL && queued->len < 100) {
        struct stream *stream = stream_connect_tcp(
            "127.0.0.1", port, deadline_in(queued->len > 0 ? 30 : 5000), silence);
        if (stream != NULL)
            g_ptr_array_add(queued, stream);
    }
    g_clear_error(silence);
    int result = reach_try("127.0.0.1", port, deadline_in(30), silence);
    close(fd);
    return result < 0 ? 0 : -1;
}

Test(reach, a_host_that_says_nothing_is_silence)
{
    g_autoptr(GError) error = NULL, silence = NULL;
    cr_assert_eq(fiber_run(try_where_nobody_answers, &silence, &error), 0);
    cr_assert_not_null(silence);
    cr_expect(reach_is_silence(silence), "%s", silence->message);
}

static int try_multicast(void *arg, GError **err)
{
    (void)arg;
    return reach_try("224.0.0.1", 9, SOON, err);
}

Test(reach, a_network_without_a_way_is_silence)
{
    g_autoptr(GError) error = NULL;
    cr_assert_lt(fiber_run(try_multicast, NULL, &error), 0);
    cr_expect(reach_is_silence(error), "%s", error->message);
}

Test(reach, who_was_cancelled_knows_of_no_silence)
{
    g_autoptr(GError) cancelled = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, "Ctrl-C");
    cr_expect_not(reach_is_silence(cancelled));
}
