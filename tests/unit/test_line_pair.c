/* Connections that are made before a process starts. */
#include "migration/vm/line_pair.h"

#include "migration/vm/platform.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(line_pair, .timeout = 10);

static void expect_pair(const char *host, sa_family_t family)
{
    g_autoptr(GError) error = NULL;
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    char got[3] = "";
    int pair[2];

    cr_assert_eq(line_pair(host, pair, &error), 0, "%s", error != NULL ? error->message : "");
    cr_expect_eq(getsockname(pair[1], (struct sockaddr *)&name, &size), 0);
    cr_expect_eq(name.ss_family, family);
    cr_expect_eq(write(pair[0], "hi", 2), 2);
    cr_expect_eq(read(pair[1], got, 2), 2);
    cr_expect_str_eq(got, "hi");
    if (family == AF_INET) {
        int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        cr_expect_lt(connect(late, (struct sockaddr *)&name, size), 0, "somebody listens still");
        close(late);
    }
    close(pair[0]);
    close(pair[1]);
}

Test(line_pair, both_ends_are_of_the_kind_that_is_asked_for_and_nobody_listens_any_more)
{
    expect_pair(NULL, AF_UNIX);
    expect_pair("127.0.0.1", AF_INET);
    expect_pair("0.0.0.0", AF_INET);
}

Test(line_pair, an_address_that_is_not_the_hosts_is_an_error_that_names_it)
{
    g_autoptr(GError) error = NULL;
    int pair[2];

    cr_assert_lt(line_pair("192.0.2.1", pair, &error), 0);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_START));
    cr_expect_not_null(strstr(error->message, "a TCP socket of 192.0.2.1 (chardev_host): "));
    cr_expect(pair[0] == -1 && pair[1] == -1);
}
