/*
 * local:NAME: a node as a process of this machine, without root and without sshd. Its address is
 * one of 127/8, all of which is local without configuration; the link goes over a unix socket, in
 * the node's folder, which nobody else can enter.
 */
#include "orchestrator/artifacts.h"
#include "orchestrator/deploy_way.h"
#include "orchestrator/node_answer.h"
#include "orchestrator/remote_purge.h"
#include "sync/child.h"

#include <sodium.h>

#define START_MS 20000 /* for a node to detach; cannot be cancelled */

/* Runs the node program; the arguments end with NULL, their first is filled in. */
static int run_node(const char **arguments, const char *input, int64_t deadline, int *status,
                    char **out, char **errors, GError **err)
{
    g_autofree char *program = artifacts_find_program("vtmh-node", err);

    if (program == NULL)
        return -1;
    arguments[0] = program;
    return child_run(arguments, input, deadline, status, out, errors, err);
}

static char *ending(int status)
{
    return status != 0 ? child_describe_status(status) : NULL;
}

static int start(struct deployed *deployed, const struct deploy_options *options, int64_t deadline,
                 GError **err)
{
    const struct machine *machine = deployed->machine;
    g_autofree char *guests = artifacts_guests_dir();
    g_autofree char *address =
        g_strdup_printf("127.77.%u.%u", machine->index / 250, machine->index % 250 + 1);
    const char *arguments[] = {NULL,       "serve", "--name",    machine->name, "--listen", "ipc",
                               "--guests", guests,  "--address", address,       NULL};
    g_autofree char *key = seal_key_to_hex(deployed->key);
    g_autofree char *input = g_strdup_printf("%s\n", key);
    g_autofree char *out = NULL;
    g_autofree char *errors = NULL;
    struct node_answer answer;
    int status, result;

    if (artifacts_check_guests(guests, options->guests, err) < 0)
        return -1;
    deploy_say(deployed, options, "starting");
    /* Whoever starts a node must learn its pid: it may have detached when we are cancelled. */
    fiber_shield();
    result = run_node(arguments, input, deadline_min(deadline, deadline_in(START_MS)), &status,
                      &out, &errors, err);
    fiber_unshield();
    sodium_memzero(key, SEAL_KEY_HEX);
    sodium_memzero(input, SEAL_KEY_HEX);
    if (result < 0) {
        deploy_prefix(machine, "starting its node", err);
        return -1;
    }

    g_autofree char *how = ending(status);

    if (node_answer_parse(out, errors, how, &answer, err) < 0)
        return -1;
    deployed->address = g_steal_pointer(&address);
    deployed->link_address = g_steal_pointer(&answer.address);
    deployed->version = g_steal_pointer(&answer.version);
    deployed->pid = answer.pid;
    return 0;
}

static int clean_up(const struct deployed *deployed, const struct deploy_options *options,
                    int64_t deadline, GError **err)
{
    g_autofree char *pid = g_strdup_printf("%ld", (long)deployed->pid);
    const char *arguments[] = {NULL, "cleanup", "--pid", pid, NULL};
    g_autofree char *errors = NULL;
    int status;

    deploy_say(deployed, options, "cleaning up");
    if (run_node(arguments, NULL, deadline, &status, NULL, &errors, err) < 0) {
        deploy_prefix(deployed->machine, "cleaning up", err);
        return -1;
    }
    if (status != 0) {
        g_autofree char *how = ending(status);

        return node_answer_clean_up_failed(errors, how, err);
    }
    return 0;
}

static struct purged *purge(const struct deployed *deployed, const struct deploy_options *options,
                            bool with_cache, int64_t deadline, GError **err)
{
    const char *const arguments[] = {"/bin/sh", "-s", NULL};
    g_autofree char *program = artifacts_find_program("vtmh-node", err);
    const struct remote_purge request = {.program = program, .with_cache = with_cache};
    g_autofree char *script = NULL, *out = NULL, *errors = NULL, *how = NULL;
    int status;

    if (program == NULL)
        return NULL;
    script = remote_purge_script(&request);
    deploy_say(deployed, options, "cleaning up");
    if (child_run(arguments, script, deadline, &status, &out, &errors, err) < 0) {
        deploy_prefix(deployed->machine, "cleaning up", err);
        return NULL;
    }
    how = ending(status);
    return remote_purge_read(out, errors, how, err);
}

const struct deploy_way deploy_local = {.start = start, .clean_up = clean_up, .purge = purge};
