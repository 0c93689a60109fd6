#include "orchestrator/deploy.h"

#include "orchestrator/deploy_way.h"

#include <sodium.h>

G_DEFINE_QUARK(deploy - error - quark, deploy_error)

static const struct deploy_way *way_to(const struct machine *machine)
{
    return machine->is_local ? &deploy_local : &deploy_ssh;
}

void deploy_prefix(const struct machine *machine, const char *doing, GError **err)
{
    g_autofree char *name = g_strdup_printf("%s: ", machine->name);
    g_autofree char *message = NULL;
    const char *rest;

    if (err == NULL || *err == NULL)
        return;
    message = g_steal_pointer(&(*err)->message);
    rest = g_str_has_prefix(message, name) ? message + strlen(name) : message;
    (*err)->message =
        g_strconcat(name, doing != NULL ? doing : "", doing != NULL ? ": " : "", rest, NULL);
}

void deploy_say(const struct deployed *deployed, const struct deploy_options *options,
                const char *state)
{
    if (options->progress != NULL)
        options->progress(deployed->machine, state, options->arg);
}

struct deployed *deploy_node(const struct machine *machine, const struct deploy_options *options,
                             int64_t deadline, GError **err)
{
    struct deployed *deployed = g_new0(struct deployed, 1);

    deployed->machine = machine;
    seal_make_key(deployed->key);
    if (way_to(machine)->start(deployed, options, deadline, err) < 0) {
        deploy_prefix(machine, NULL, err);
        deployed_free(deployed);
        return NULL;
    }
    deploy_say(deployed, options, NULL);
    return deployed;
}

void deployed_free(struct deployed *deployed)
{
    if (deployed == NULL)
        return;
    g_free(deployed->address);
    g_free(deployed->link_address);
    g_free(deployed->version);
    sodium_memzero(deployed->key, sizeof deployed->key);
    g_free(deployed);
}

int deploy_clean_up(const struct deployed *deployed, const struct deploy_options *options,
                    int64_t deadline, GError **err)
{
    if (way_to(deployed->machine)->clean_up(deployed, options, deadline, err) == 0)
        return 0;
    deploy_prefix(deployed->machine, NULL, err);
    return -1;
}

struct purged *deploy_purge(const struct machine *machine, const struct deploy_options *options,
                            bool with_cache, int64_t deadline, GError **err)
{
    const struct deployed nothing = {.machine = machine};
    struct purged *purged = way_to(machine)->purge(&nothing, options, with_cache, deadline, err);

    if (purged == NULL)
        deploy_prefix(machine, NULL, err);
    return purged;
}
