#include "migration/guest/clock.h"

#include "migration/guest/kind.h"
#include "migration/guest/login.h"
#include "migration/guest/way.h"

#include <stdio.h>
#include <string.h>

/* busybox knows no fractions of a second but those of a file's time. */
#define FILE_IN_GUEST "/tmp/.vtmh-clock"
#define ASK                                                                                        \
    "date +%s.%N | grep -v N || { : >" FILE_IN_GUEST " && stat -c '%Y %y' " FILE_IN_GUEST          \
    "; rm -f " FILE_IN_GUEST "; }"

double guest_clock_read(const char *answer)
{
    long long seconds;
    double fraction = -1;
    int end = 0;

    if (sscanf(answer, "%lld%n", &seconds, &end) != 1 || seconds < 0)
        return -1;
    /* "SECONDS.FRACTION", or "SECONDS YYYY-MM-DD HH:MM:SS.FRACTION +0000" */
    const char *point = strchr(answer + end, '.');
    if (point == NULL || sscanf(point, "%lf", &fraction) != 1 || fraction < 0 || fraction >= 1)
        return -1;
    return (double)seconds + fraction;
}

/* A command over a line of text takes too long to tell the time by it. */
static bool is_fast(const struct session *session)
{
    return session != NULL && (session->way == &way_ssh || session->way == &way_agent);
}

bool guest_clock(struct guest *guest, int64_t deadline, double *ahead_ms_out)
{
    g_auto(session_result) result = {0};
    int64_t asked_us = g_get_real_time(), answered_us;
    double now_s;

    if (guest->kind->know_login == NULL || !is_fast(guest->session) || guest_is_left_alone(guest) ||
        guest_is_windows(guest->params) || guest_command(guest, ASK, deadline, &result, NULL) < 0)
        return false;
    answered_us = g_get_real_time();
    now_s = result.status == 0 ? guest_clock_read(result.out) : -1;
    if (now_s < 0)
        return false;
    *ahead_ms_out = now_s * 1000 - ((double)asked_us + (double)answered_us) / 2000;
    return true;
}
