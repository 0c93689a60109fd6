#include "migration/scenario/hold.h"

#include "migration/guest/login.h"

static bool is_wanted(const struct test *test, const char *point)
{
    return test->holds != NULL && g_strv_contains(test->holds, point);
}

static void add(GStrvBuilder *lines, const struct seat *seat, const char *what, const char *how)
{
    g_autofree char *line =
        g_strdup_printf("%s on %s, %s: %s", seat->name, seat->test->host->name, what, how);
    g_strv_builder_add(lines, line);
}

static char *by_socket(const char *path)
{
    return g_strdup_printf("socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:%s", path);
}

void hold_add_ways_in(const struct seat *seat, const char *serial, GStrvBuilder *lines)
{
    const struct host *host = seat->test->host;
    g_autofree char *ssh = guest_ssh_command(seat->guest);
    g_autofree char *line =
        serial != NULL ? by_socket(serial)
                       : g_strdup_printf("tail -f %s/%s.serial.log", host->log_dir, seat->name);
    const char *monitor = vm_user_monitor(seat->vm);
    g_autofree char *speak = monitor != NULL ? by_socket(monitor) : NULL;
    if (ssh != NULL)
        add(lines, seat, "guest", ssh);
    if (serial != NULL || host->log_dir != NULL)
        add(lines, seat, "serial line", line);
    if (speak != NULL)
        add(lines, seat, "monitor", speak);
}

int hold_at(struct test *test, const char *point, const GPtrArray *seats, unsigned leg,
            GError **err)
{
    if (!is_wanted(test, point))
        return 0;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (unsigned i = 0; i < seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(seats, i);
        if (seat->vm != NULL)
            hold_add_ways_in(seat, NULL, builder);
    }
    g_auto(GStrv) lines = g_strv_builder_end(builder);
    const struct seat *first = seats->len == 1 ? g_ptr_array_index(seats, 0) : NULL;
    g_autofree char *of_leg = leg > 0 ? g_strdup_printf(", leg %u", leg) : g_strdup("");
    g_autofree char *at = g_strconcat(point, first != NULL ? " of " : "",
                                      first != NULL ? first->name : "", of_leg, NULL);
    host_context(test->host, "held for the user: %s", at);
    host_log(test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, NULL, "held for the user: %s", at);
    int result = test->ops->hold(test->node, at, (const char *const *)lines, err);
    host_log(test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, NULL, "no longer held: %s", at);
    return result;
}

int hold_seat_at(struct seat *seat, const char *point, unsigned leg, GError **err)
{
    g_autoptr(GPtrArray) seats = g_ptr_array_new();
    g_ptr_array_add(seats, seat);
    return hold_at(seat->test, point, seats, leg, err);
}
