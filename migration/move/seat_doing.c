/* What is done with a seat, for its worker and its watcher. */
#include "migration/move/seat.h"

#include <stdarg.h>

struct seat_doing seat_doing_begin(struct seat *seat, enum blame blame, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    struct seat_doing doing = {seat, doing_push(blame, "%s", text)};
    doing_unref(seat->doing);
    seat->doing = doing_ref(doing_now());
    host_context(seat->test->host, "%s", text);
    return doing;
}

void seat_doing_end(struct seat_doing *doing)
{
    doing_pop(doing->before);
    doing_unref(doing->seat->doing);
    doing->seat->doing = doing_ref(doing_now());
}
