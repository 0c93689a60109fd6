/* What is done with a seat, for its worker and its watcher. */
#include "migration/move/seat.h"

#include <stdarg.h>

/* Its watcher works under what is on the running fiber's stack now, and the host says it. */
static void share(struct seat *seat)
{
    doing_unref(seat->doing);
    seat->doing = doing_ref(doing_now());
    g_autofree char *text = doing_text(seat->doing, NULL);
    host_context(seat->test->host, "%s", text);
}

struct seat_doing seat_doing_begin(struct seat *seat, enum blame blame, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    struct seat_doing doing = {seat, doing_push_with("%s", seat->name)};
    doing_unref(doing_push(blame, "%s", text));
    share(seat);
    return doing;
}

struct seat_doing seat_doing_begin_leg(struct seat *seat, unsigned leg)
{
    struct seat_doing doing = {seat, doing_push_part(BLAME_PRODUCT, "leg %u", leg)};
    doing_unref(doing_push_with("%s", seat->name));
    share(seat);
    return doing;
}

void seat_doing_end(struct seat_doing *doing)
{
    doing_pop(doing->before);
    doing_unref(doing->seat->doing);
    doing->seat->doing = doing_ref(doing_now());
}
