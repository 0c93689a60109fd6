#include "migration/vm/qemu.h"

#include <criterion/criterion.h>

TestSuite(usernet, .timeout = 10);

static const char text[] =
    "Hub -1 (net0):\r\n"
    "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n"
    "  TCP[ESTABLISHED]   9       127.0.0.1 40000       10.0.2.15    22     0     0\r\n"
    "  TCP[HOST_FORWARD]  4       127.0.0.1 40001       10.0.2.15    80     0     0\r\n"
    "  TCP[HOST_FORWARD]  3       127.0.0.1 37873       10.0.2.15    22     0     0\r\n";

Test(usernet, forwarded_port_is_found_by_the_guests_port)
{
    cr_assert_eq(qemu_usernet_port(text, 22), 37873);
    cr_assert_eq(qemu_usernet_port(text, 80), 40001);
}

Test(usernet, port_that_is_not_forwarded_is_0)
{
    cr_assert_eq(qemu_usernet_port(text, 23), 0);
    cr_assert_eq(qemu_usernet_port("", 22), 0);
    cr_assert_eq(qemu_usernet_port(NULL, 22), 0);
}

Test(usernet, a_chardev_that_listens_says_where)
{
    g_autofree char *four = qemu_chardev_place("disconnected:tcp:127.0.0.1:5001,server=on");
    g_autofree char *six = qemu_chardev_place("disconnected:tcp:::1:5001,server=on");

    cr_expect_str_eq(four, "127.0.0.1:5001");
    cr_expect_str_eq(six, "[::1]:5001");
    cr_expect_null(qemu_chardev_place("disconnected:unix:/run/x,server=on"));
    cr_expect_null(qemu_chardev_place("tcp:127.0.0.1:5001 <-> 127.0.0.1:40000"));
    cr_expect_null(qemu_chardev_place(NULL));
}
