/* What a guest with Windows has by default. */
#include "tests/unit/params_help.h"

#include "migration/guest/windows.h"

#include <criterion/criterion.h>

static void expect_shut_down(const char *lines, const char *command)
{
    g_autoptr(params) params = params_of(lines);

    cr_expect_str_eq(guest_shutdown_command(params), command, "%s", lines);
}

Test(guest_windows, is_shut_down_by_its_own_command_if_no_other_is_set)
{
    expect_shut_down("guest=image", "poweroff");
    expect_shut_down("guest=image;os_type=linux", "poweroff");
    expect_shut_down("guest=image;os_type=windows", "shutdown /s /f /t 0");
    expect_shut_down("guest=image;os_type=windows;shutdown_command=shutdown /p", "shutdown /p");
    expect_shut_down("guest=image;os_type=windows;shutdown_command=poweroff",
                     "shutdown /s /f /t 0");
}

static void expect_user(const char *lines, const char *user)
{
    g_autoptr(params) params = params_of(lines);

    cr_expect_str_eq(guest_username(params), user, "%s", lines);
}

Test(guest_windows, is_logged_in_to_as_its_administrator_if_nobody_else_is_named)
{
    expect_user("guest=image", "root");
    expect_user("guest=image;os_type=windows", "Administrator");
    expect_user("guest=image;os_type=windows;username=root", "Administrator");
    expect_user("guest=image;os_type=windows;username=lab", "lab");
}
