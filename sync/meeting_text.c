/* What the book says of a meeting that cannot be held. */
#include "sync/meeting_private.h"

/* The open meeting in which a host waits, or NULL. */
static const struct meeting *meeting_of(const struct meeting_test *test, unsigned host)
{
    for (unsigned i = 0; i < test->open->len; i++) {
        const struct meeting *meeting = test->open->pdata[i];

        if (meeting_hosts_has(&meeting->arrived, host))
            return meeting;
    }
    return NULL;
}

unsigned meeting_blamed(const struct meeting_test *test, const struct meeting *meeting)
{
    unsigned blamed = meeting_next_missing(meeting, 0);

    /* At most one step a host: they may wait for each other in a circle. */
    for (unsigned step = 0; step < test->n_hosts; step++) {
        const struct meeting *elsewhere = meeting_of(test, blamed);

        if (!elsewhere)
            break;
        blamed = meeting_next_missing(elsewhere, 0);
    }
    return blamed;
}

static void append_hosts(GString *text, const struct meeting_test *test,
                         const struct meeting_hosts *hosts)
{
    const char *separator = "";

    for (unsigned i = 0; i < test->n_hosts; i++) {
        if (!meeting_hosts_has(hosts, i))
            continue;
        g_string_append_printf(text, "%s%s", separator, test->hosts[i].name);
        separator = ", ";
    }
}

static void append_missing(GString *text, const struct meeting_test *test,
                           const struct meeting *meeting, const char *separator)
{
    const char *between = "";

    for (unsigned host = meeting_next_missing(meeting, 0); host < MEETING_MAX_HOSTS;
         host = meeting_next_missing(meeting, host + 1)) {
        g_string_append_printf(text, "%s%s", between, test->hosts[host].name);
        between = separator;
    }
}

/* Milliseconds as seconds, for people. */
static double seconds(int64_t ms)
{
    return (double)ms / 1000.0;
}

/* What a missing host is doing instead, as far as is known. */
static void append_activity(GString *text, const struct meeting_test *test, unsigned host,
                            int64_t now_ms)
{
    const struct meeting *elsewhere = meeting_of(test, host);
    const struct meeting_host *record = &test->hosts[host];

    g_string_append_printf(text, "; %s ", record->name);
    if (elsewhere) {
        g_string_append_printf(text, "waits at \"%s\" for ", elsewhere->tag);
        append_missing(text, test, elsewhere, ", ");
    } else if (meeting_hosts_has(&test->lost, host)) {
        g_string_append(text, "is lost");
    } else if (record->context) {
        g_string_append_printf(text, "has been at this for %.1f s: %s",
                               seconds(now_ms - record->context_since_ms), record->context);
    } else {
        g_string_append(text, "has not said what it is doing");
    }
}

char *meeting_text_timeout(const struct meeting_test *test, const struct meeting *meeting,
                           int64_t now_ms)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "barrier \"%s\" timed out: ", meeting->tag);
    append_hosts(text, test, &meeting->arrived);
    g_string_append_printf(text, " waited %.1f s for ", seconds(now_ms - meeting->opened_ms));
    append_missing(text, test, meeting, " and ");
    for (unsigned host = meeting_next_missing(meeting, 0); host < MEETING_MAX_HOSTS;
         host = meeting_next_missing(meeting, host + 1))
        append_activity(text, test, host, now_ms);
    return g_string_free(text, FALSE);
}

char *meeting_text_absent(const struct meeting_test *test, const struct meeting *meeting,
                          unsigned host)
{
    const struct meeting_host *record = &test->hosts[host];

    return g_strdup_printf("%s %s, and barrier \"%s\" needs it", record->name,
                           meeting_hosts_has(&test->lost, host) ? "is lost" : "has ended the test",
                           meeting->tag);
}

char *meeting_text_mismatch(const struct meeting_test *test, const struct meeting *meeting,
                            const struct meeting_arrival *arrival, const char *what)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(
        text, "%s came to barrier \"%s\" (use %u in scope %" G_GUINT64_FORMAT ") %s",
        test->hosts[arrival->host].name, arrival->tag, arrival->use, arrival->scope, what);
    if (meeting) {
        g_string_append(text, "; it is held by ");
        append_hosts(text, test, &meeting->members);
        g_string_append(text, ", this host names ");
        append_hosts(text, test, &arrival->members);
    }
    return g_string_free(text, FALSE);
}
