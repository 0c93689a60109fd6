/* Calls through to what the node offers. */
#include "migration/host.h"

int host_own(const struct host *host, enum owned_kind kind, const char *what, GError **err)
{
    DOING(BLAME_TESTBED, "writing to the node's ledger");
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

void host_platform(const struct host *host, const Vtmh__Platform *platform)
{
    if (host->ops->platform != NULL)
        host->ops->platform(host->node, platform);
}

void host_command_line(const struct host *host, const char *vm, const char *role,
                       const char *const *words)
{
    Vtmh__CommandLine line = VTMH__COMMAND_LINE__INIT;

    if (host->ops->command_line == NULL)
        return;
    line.vm = (char *)vm;
    line.role = (char *)role;
    line.words = (char **)words;
    line.n_words = g_strv_length((char **)words);
    host->ops->command_line(host->node, &line);
}
