/* Calls through to what the node offers. */
#include "migration/host.h"

int host_own(const struct host *host, enum owned_kind kind, const char *what, GError **err)
{
    return host->ops->own(host->node, kind, what, err);
}

void host_disown(const struct host *host, enum owned_kind kind, const char *what)
{
    host->ops->disown(host->node, kind, what);
}

void host_log(const struct host *host, Vtmh__LogLevel level, const char *role, const char *vm,
              const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    host->ops->log(host->node, level, role, vm, text);
}

void host_context(const struct host *host, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    host->ops->context(host->node, text);
}
