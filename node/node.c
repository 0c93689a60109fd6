#include "node/node.h"

#include <stdarg.h>

void node_stop(struct node *node, const char *cause)
{
    if (node->stop_cause == NULL)
        node->stop_cause = g_strdup(cause);
    event_set(&node->stop);
}

void node_log(struct node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");
    fprintf(node->log, "%s %s\n", time, text);
    fflush(node->log);
}

void node_send(struct node *node, const Vtmh__Envelope *envelope)
{
    g_autoptr(GError) error = NULL;
    if (link_send(node->link, envelope, &error) < 0)
        node_log(node, "a message of kind %d was not sent: %s", (int)envelope->body_case,
                 error->message);
}
