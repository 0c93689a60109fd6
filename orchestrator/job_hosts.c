/* The nodes of a job: put on all machines at once, and ended. */
#include "orchestrator/job_private.h"

#include "orchestrator/share.h"

#include <string.h>

#define DEPLOY_MS 120000 /* connect, upload 30 MB over a slow line, start */
#define CONNECT_MS 10000
#define SHARE_MS 60000    /* for all hosts to look whether other jobs are in the way */
#define GOODBYE_MS 70000  /* a node first ends what it runs */
#define END_MS 2000       /* for the process of a local node to be gone after its good-bye */
#define CLEAN_UP_MS 20000 /* behind the back of a node that does not answer */

/* Removes what a node that does not answer has made. Also when the job is being ended. */
static void clean_up_after(struct work *work, const struct deployed *deployed)
{
    const struct machine *machine = deployed->machine;
    g_autoptr(GError) error = NULL;
    display_message(work->job->display, "cleaning up after %s, up to %d s", machine->name,
                    CLEAN_UP_MS / 1000);
    fiber_shield();
    int result = deploy_clean_up(deployed, work->deploy_options, deadline_in(CLEAN_UP_MS), &error);
    fiber_unshield();
    if (result == 0)
        return;
    g_autofree char *what =
        g_strdup_printf("%s: could not clean up after its node: %s; once it is reachable, 'vtmh"
                        " cleanup -m %s' removes what is left",
                        machine->name, error->message, machine->written);
    job_result_trouble(work->job->result, what);
}

struct one_node {
    struct work *work;
    const struct machine *machine;
    struct peer *peer;
    GError *error;
};

struct peer *job_put_node(struct work *work, const struct machine *machine,
                          const struct deploy_options *options, GError **err)
{
    struct deployed *deployed = deploy_node(machine, options, deadline_in(DEPLOY_MS), err);
    if (deployed == NULL)
        return NULL;
    display_host(work->job->display, machine->name, "connecting to the node");
    struct peer *peer = peer_connect(deployed, work->job->result->id, work->listeners,
                                     deadline_in(CONNECT_MS), err);
    if (peer != NULL)
        return peer;
    clean_up_after(work, deployed);
    deployed_free(deployed);
    return NULL;
}

/* A message of a machine without the name that such messages begin with. */
static const char *without_name(const struct machine *machine, const char *message)
{
    g_autofree char *name = g_strdup_printf("%s: ", machine->name);
    return g_str_has_prefix(message, name) ? message + strlen(name) : message;
}

/* The first line of why a machine cannot be had: the whole is told when all are through. */
static void tell_failure(const struct work *work, const struct machine *machine,
                         const GError *error)
{
    const char *why = without_name(machine, error->message);
    g_autofree char *line = g_strndup(why, strcspn(why, "\n"));
    display_host_fails(work->job->display, machine->name, line);
}

/* What the host is, for the record. */
static void tell_facts(const struct work *work, struct peer *peer)
{
    const Vtmh__Welcome *welcome = peer->welcome;
    const char *libvirt = *welcome->libvirt != '\0' ? welcome->libvirt : NULL;
    peer->secrets = work->job->secrets;
    json_object_set_new(work->job->result->hosts, peer_name(peer),
                        json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:s?, s:s}", "kernel",
                                  welcome->kernel, "arch", welcome->arch, "system", welcome->system,
                                  "cpu", welcome->cpu, "cpus", (int)welcome->cpus, "memory_bytes",
                                  (json_int_t)welcome->memory_bytes, "libvirt", libvirt,
                                  "vtmh_node", welcome->version));
}

static int bring_up(void *arg, GError **err)
{
    struct one_node *node = arg;
    struct work *work = node->work;
    (void)err;
    node->peer = job_put_node(work, node->machine, work->deploy_options, &node->error);
    if (node->peer != NULL)
        tell_facts(work, node->peer);
    work->n_coming_up--;
    if (node->peer != NULL)
        display_host(work->job->display, node->machine->name, NULL);
    else if (work->n_coming_up > 0)
        tell_failure(work, node->machine, node->error);
    return 0;
}

/* What the tests, which cannot be run, name as their cause: the first machine's. */
static void note_lost(struct work *work, const struct one_node *nodes, unsigned n)
{
    g_autoptr(GString) others = g_string_new(NULL);
    const struct one_node *first = NULL;
    for (unsigned i = 0; i < n; i++) {
        if (nodes[i].peer != NULL)
            continue;
        if (first == NULL)
            first = &nodes[i];
        else
            g_string_append_printf(others, "%s%s", others->len > 0 ? ", " : "",
                                   nodes[i].machine->name);
    }
    if (first == NULL)
        return;
    const char *why = without_name(first->machine, first->error->message);
    work->lost_host = g_strdup(first->machine->name);
    work->lost_cause = others->len == 0
                           ? g_strdup(why)
                           : g_strdup_printf("%s (%s cannot be used either)", why, others->str);
}

int job_bring_up(struct work *work, GError **err)
{
    const GPtrArray *machines = work->job->options->machines;
    g_autofree struct one_node *nodes = g_new0(struct one_node, machines->len);
    struct scope *all = scope_open("deploy");
    work->n_coming_up = machines->len;
    for (unsigned i = 0; i < machines->len; i++) {
        nodes[i].work = work;
        nodes[i].machine = g_ptr_array_index(machines, i);
        scope_spawn(all, nodes[i].machine->name, bring_up, &nodes[i]);
    }
    scope_close(all, NULL);
    if (!fiber_is_cancelled())
        note_lost(work, nodes, machines->len);

    g_autoptr(GString) trouble = g_string_new(NULL);
    for (unsigned i = 0; i < machines->len; i++) {
        if (nodes[i].peer != NULL) {
            g_ptr_array_add(work->peers, nodes[i].peer);
            continue;
        }
        g_string_append_printf(trouble, "%s%s", trouble->len > 0 ? "\n" : "",
                               nodes[i].error->message);
        g_clear_error(&nodes[i].error);
    }
    if (fiber_is_cancelled()) {
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CANCELLED,
                            work->end_cause != NULL ? work->end_cause : "cancelled");
        return -1;
    }
    if (trouble->len > 0) {
        g_set_error_literal(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, trouble->str);
        return -1;
    }
    return 0;
}

int job_share_hosts(struct work *work, GError **err)
{
    const struct run_options *options = work->job->options;
    const struct share_request request = {work->job->result->id, work->job->tests, options->tuple,
                                          options->alone};
    struct peer *refusing;
    if (share_take((struct peer *const *)work->peers->pdata, work->peers->len, &request,
                   deadline_in(SHARE_MS), &refusing, err) == 0)
        return 0;
    if (!fiber_is_cancelled() && err != NULL) {
        g_free(work->lost_host);
        g_free(work->lost_cause);
        work->lost_host = g_strdup(peer_name(refusing));
        work->lost_cause = g_strdup(without_name(refusing->machine, (*err)->message));
    }
    return -1;
}

struct leave {
    struct work *work;
    struct peer *peer;
};

/* Ends one node; one that does not answer is cleaned up behind its back. */
static int take_leave(void *arg, GError **err)
{
    const struct leave *leave = arg;
    struct peer *peer = leave->peer;
    (void)err;
    g_autoptr(GError) error = NULL;
    bool answers = event_is_set(&peer->goodbye) || (!peer->is_gone && !link_is_lost(peer->link));
    if (answers && peer_say_goodbye(peer, deadline_in(GOODBYE_MS), &error) == 0) {
        peer->is_gone = false;
        deploy_await_end(peer->deployed, deadline_in(END_MS));
        return 0;
    }
    peer->is_gone = true;
    clean_up_after(leave->work, peer->deployed);
    return 0;
}

void job_take_leave(struct work *work)
{
    g_autoptr(GPtrArray) peers = g_ptr_array_new();
    g_ptr_array_extend(peers, work->peers, NULL, NULL);
    job_clients_add_peers(work, peers);
    fiber_shield();
    g_autofree struct leave *leaves = g_new(struct leave, peers->len);
    struct scope *all = scope_open("good-bye");
    for (unsigned i = 0; i < peers->len; i++) {
        struct peer *peer = g_ptr_array_index(peers, i);
        leaves[i] = (struct leave){work, peer};
        scope_spawn(all, peer_name(peer), take_leave, &leaves[i]);
    }
    scope_close(all, NULL);
    for (unsigned i = 0; i < peers->len; i++) {
        const struct peer *peer = g_ptr_array_index(peers, i);
        for (unsigned l = 0; l < peer->final_leaks->len; l++) {
            g_autofree char *what = g_strdup_printf(
                "left behind on %s", (const char *)g_ptr_array_index(peer->final_leaks, l));
            job_result_trouble(work->job->result, what);
        }
    }
    fiber_unshield();
}
