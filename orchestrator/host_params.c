#include "orchestrator/host_params.h"

struct params *host_params(const struct params *test, const char *const *names, unsigned n_hosts,
                           unsigned host)
{
    g_autofree char *suffix = g_strdup_printf("host%u", host + 1);
    struct params *own = params_object_params(test, suffix);
    g_autoptr(GString) hosts = g_string_new(NULL);

    for (unsigned i = 0; i < n_hosts; i++)
        g_string_append_printf(hosts, "%s%s", i > 0 ? " " : "", names[i]);
    params_set(own, "hosts", hosts->str, NULL);
    params_set(own, "hostid", names[host], NULL);
    params_set(own, "clone_master", host == 0 ? "yes" : "no", NULL);
    return own;
}
