#include "orchestrator/deploy.h"

#include "orchestrator/deploy_way.h"

#include <sodium.h>

G_DEFINE_QUARK(deploy-error-quark, deploy_error)

static const struct deploy_way *way_to(const struct machine *machine)
{
    return machine->is_local ? &deploy_local : &deploy_ssh;
}

/* Layers below may know the user's word for the machine too; it is said once. */
static void prefix_name(const struct machine *machine, GError **err)
{
    g_autofree char *prefix = g_strdup_printf("%s: ", machine->name);

    if (err != NULL && *err != NULL && !g_str_has_prefix((*err)->message, prefix))
        g_prefix_error(err, "%s", prefix);
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
        prefix_name(machine, err);
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
    if (way_to(deployed->machine)->forget != NULL)
        way_to(deployed->machine)->forget();
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
    prefix_name(deployed->machine, err);
    return -1;
}
