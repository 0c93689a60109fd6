/* Hosts outside of the tests that ask guests over the network: a node on each, once a job. */
#include "orchestrator/job_private.h"

#include "orchestrator/description.h"

#include <string.h>

#define HERE "controller"

struct asked_client {
    char *where;         /* as the parameter has it */
    GPtrArray *machines; /* the one that it is */
    struct client *client;
    char *trouble;      /* why it cannot be had, or NULL */
    struct event is_up; /* or cannot be had */
};

static void free_client(gpointer data)
{
    struct asked_client *asked = data;

    client_free(asked->client);
    g_clear_pointer(&asked->machines, g_ptr_array_unref);
    g_free(asked->where);
    g_free(asked->trouble);
    g_free(asked);
}

static struct asked_client *find(const struct work *work, const char *where)
{
    for (unsigned i = 0; i < work->clients->len; i++) {
        struct asked_client *asked = g_ptr_array_index(work->clients, i);

        if (strcmp(asked->where, where) == 0)
            return asked;
    }
    return NULL;
}

static int bring_up(struct work *work, struct asked_client *asked, GError **err)
{
    struct deploy_options options = *work->deploy_options;
    bool is_here = strcmp(asked->where, HERE) == 0;

    asked->machines = inventory_parse(is_here ? "local:" HERE : asked->where, err);
    if (asked->machines == NULL)
        return -1;
    struct machine *machine = g_ptr_array_index(asked->machines, 0);
    machine->index = work->job->options->machines->len + work->clients->len;
    options.guests = NULL; /* it runs none */
    struct peer *peer = job_put_node(work, machine, &options, err);
    if (peer == NULL)
        return -1;
    peer->secrets = work->job->secrets;
    display_host(work->job->display, machine->name, NULL);
    asked->client = client_new(peer);
    return 0;
}

int job_client(struct work *work, const struct params *params, struct client **client_out,
               GError **err)
{
    const char *where = description_value(params, "client");
    g_autoptr(GError) error = NULL;
    struct asked_client *asked;

    *client_out = NULL;
    if (where == NULL || *where == '\0')
        return 0;
    if (work->clients == NULL)
        work->clients = g_ptr_array_new_with_free_func(free_client);
    asked = find(work, where);
    if (asked == NULL) {
        asked = g_new0(struct asked_client, 1);
        asked->where = g_strdup(where);
        g_ptr_array_add(work->clients, asked);
        if (bring_up(work, asked, &error) < 0)
            asked->trouble = g_strdup(error->message);
        event_set(&asked->is_up);
    } else if (await_event(&asked->is_up, DEADLINE_NEVER, err) < 0) {
        return -1; /* another tuple's test brings it up */
    }
    *client_out = asked->client;
    if (asked->client != NULL)
        return 0;
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, "client = %s cannot be used: %s", where,
                asked->trouble);
    return -1;
}

void job_clients_add_peers(const struct work *work, GPtrArray *peers)
{
    for (unsigned i = 0; work->clients != NULL && i < work->clients->len; i++) {
        const struct asked_client *asked = g_ptr_array_index(work->clients, i);

        if (asked->client != NULL)
            g_ptr_array_add(peers, client_peer(asked->client));
    }
}

void job_clients_free(struct work *work)
{
    g_clear_pointer(&work->clients, g_ptr_array_unref);
}
