/*
 * A node on a machine reached over SSH, in few commands, because each may wait for a slow login
 * shell: a look at what is there, which starts the node at once if nothing is missing; else the
 * uploads; then one that installs them and starts the node.
 *
 * We connect to the address that we reached; the node listens where the machine says that it was
 * reached. The two differ behind address translation.
 */
#include "orchestrator/artifacts.h"
#include "orchestrator/deploy_way.h"
#include "orchestrator/node_answer.h"
#include "orchestrator/remote_cache.h"
#include "orchestrator/remote_purge.h"
#include "orchestrator/ssh_config.h"
#include "proto/ssh.h"

#include <sodium.h>
#include <unistd.h>

#define ACCEPT_OPTION "--accept-new-host-keys"
#define MAX_BUNDLES 2
#define CONNECT_MS 15000 /* unless ssh's configuration has a ConnectTimeout */
#define START_MS 30000   /* to install and start a node; cannot be cancelled */

/* One upload, or its clean-up: what the steps share. */
struct visit {
    const struct deployed *deployed;
    const struct deploy_options *options;
    int64_t deadline;
    struct ssh_config *config;
    struct ssh *session;
    struct bundle *bundles[MAX_BUNDLES]; /* the node; the guests, if any are needed */
    unsigned n_bundles;
    struct remote_cache_state state;
    char token[17];       /* of this upload */
    uint64_t done, total; /* bytes of all uploads: of the files before this one; of all */
    int percent;
};

static void visit_clear(struct visit *visit)
{
    ssh_close(visit->session);
    ssh_config_free(visit->config);
    for (unsigned i = 0; i < visit->n_bundles; i++)
        bundle_free(visit->bundles[i]);
    remote_cache_state_clear(&visit->state);
}

static void say(const struct visit *visit, const char *state)
{
    deploy_say(visit->deployed, visit->options, state);
}

static int load_node(struct visit *visit, GError **err)
{
    g_autofree char *json = artifacts_find_program("vtmh-node.bundle.json", err);
    g_autofree char *tar =
        json != NULL ? artifacts_find_program("vtmh-node.bundle.tar", err) : NULL;

    if (tar == NULL)
        return -1;
    visit->bundles[0] = bundle_load_node(json, tar, err);
    visit->n_bundles = visit->bundles[0] != NULL ? 1 : 0;
    return visit->bundles[0] != NULL ? 0 : -1;
}

static int load_guests(struct visit *visit, GError **err)
{
    const char *const *guests = visit->options->guests;
    g_autofree char *dir = artifacts_guests_dir();

    if (guests == NULL || guests[0] == NULL)
        return 0;
    visit->bundles[visit->n_bundles] = bundle_load_guests(dir, guests, visit->deadline, err);
    if (visit->bundles[visit->n_bundles] == NULL)
        return -1;
    visit->n_bundles++;
    return 0;
}

/* What the user would type to accept an unknown key. */
static char *accept_hint(const struct deploy_options *options)
{
    const char *command = options->command_hint != NULL ? options->command_hint : "vtmh";

    return g_strdup_printf("%s " ACCEPT_OPTION, command);
}

/* Keys that are there; ssh's defaults name many that are not. */
static GStrv existing_files(const char *const *paths)
{
    GPtrArray *existing = g_ptr_array_new();

    for (; *paths != NULL; paths++) {
        if (access(*paths, F_OK) == 0)
            g_ptr_array_add(existing, g_strdup(*paths));
    }
    g_ptr_array_add(existing, NULL);
    return (GStrv)g_ptr_array_free(existing, FALSE);
}

static int connect_session(struct visit *visit, GError **err)
{
    const struct machine *machine = visit->deployed->machine;
    const struct ssh_config *config = visit->config;
    g_autofree char *hint = accept_hint(visit->options);
    g_auto(GStrv) identities = existing_files((const char *const *)config->identity_files);
    const struct known_hosts_policy policy = {
        .mode = config->host_key_mode,
        .files = (const char *const *)config->known_hosts_files,
        .accept_hint = hint,
    };
    const struct ssh_target target = {
        .name = machine->name,
        .hostname = config->hostname,
        .port = config->port,
        .user = config->user,
        .host_key_name = config->host_key_name,
        .identity_files = (const char *const *)identities,
        .use_agent = config->use_agent,
        .agent_socket = config->agent_socket,
        .identities_only = config->identities_only,
        .proxy_command = config->proxy_command,
        .host_keys = &policy,
    };
    int64_t limit_ms = config->connect_timeout_ms > 0 ? config->connect_timeout_ms : CONNECT_MS;

    visit->session =
        ssh_connect(&target, deadline_min(visit->deadline, deadline_in(limit_ms)), err);
    return visit->session != NULL ? 0 : -1;
}

static int open_session(struct visit *visit, GError **err)
{
    const struct machine *machine = visit->deployed->machine;
    const struct ssh_config_query query = {
        .host = machine->host,
        .user = machine->user,
        .port = machine->port,
        .accept_new_keys = visit->options->accept_new_host_keys,
    };

    say(visit, "connecting");
    visit->config = ssh_config_resolve(&query, visit->deadline, err);
    if (visit->config == NULL)
        return -1;
    return connect_session(visit, err);
}

static int run_script(struct visit *visit, const char *script, int64_t deadline,
                      struct ssh_result *result, GError **err)
{
    return ssh_run(visit->session, "/bin/sh -s", script, strlen(script), deadline, result, err);
}

/* The lines of shell that start the node; they hold its key. */
static char *start_lines(const struct visit *visit)
{
    g_autofree char *key = seal_key_to_hex(visit->deployed->key);
    const struct remote_cache_start start = {
        .node = visit->bundles[0],
        .guests = visit->n_bundles > 1 ? visit->bundles[1] : NULL,
        .name = visit->deployed->machine->name,
        .key = key,
        .reached = ssh_peer_address(visit->session),
    };
    char *lines = remote_cache_start_lines(&start);

    sodium_memzero(key, SEAL_KEY_HEX);
    return lines;
}

static bool is_complete(const struct visit *visit)
{
    for (unsigned i = 0; i < visit->n_bundles; i++) {
        if (!visit->state.has[i])
            return false;
    }
    return true;
}

/*
 * Runs a script that may start the node, and forgets the key in it. Whoever starts a node must
 * learn its pid, so a cancelling is held back meanwhile.
 */
static int run_with_key(struct visit *visit, char *lines, char *script, struct ssh_result *result,
                        GError **err)
{
    int status;

    if (fiber_is_cancelled()) {
        status = -1;
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_CANCELLED, "cancelled");
    } else {
        fiber_shield();
        status = run_script(visit, script, deadline_min(visit->deadline, deadline_in(START_MS)),
                            result, err);
        fiber_unshield();
    }
    sodium_memzero(lines, strlen(lines));
    sodium_memzero(script, strlen(script));
    if (status < 0)
        deploy_prefix(visit->deployed->machine, "starting its node", err);
    return status;
}

/* Looks, and starts the node if all is there. */
static int look(struct visit *visit, struct ssh_result *result, GError **err)
{
    g_autofree char *lines = start_lines(visit);
    g_autofree char *script =
        remote_cache_probe_script(visit->bundles, visit->n_bundles, visit->token, lines);

    say(visit, "checking");
    if (run_with_key(visit, lines, script, result, err) < 0)
        return -1;
    if (remote_cache_read_state(result->out, visit->bundles, visit->n_bundles, &visit->state, err) <
        0)
        return -1;
    for (unsigned i = 0; i < visit->n_bundles; i++) {
        if (remote_cache_check_fit(&visit->state, visit->bundles[i], !visit->state.has[i], err) < 0)
            return -1;
    }
    return 0;
}

static void note_progress(uint64_t done, uint64_t total, void *arg)
{
    struct visit *visit = arg;
    int percent = (int)MIN(100 * (visit->done + done) / MAX(visit->total, 1), 100);
    char state[32];

    (void)total;
    if (percent == visit->percent)
        return;
    visit->percent = percent;
    g_snprintf(state, sizeof state, "uploading %d%%", percent);
    say(visit, state);
}

static int upload_bundle(struct visit *visit, struct bundle *bundle, GError **err)
{
    g_autofree char *path = remote_cache_incoming(&visit->state, visit->token, bundle);

    if (bundle_pack(bundle, visit->deadline, err) < 0)
        return -1;
    if (ssh_upload(visit->session, bundle->tar, path, 0600, note_progress, visit, visit->deadline,
                   err) < 0) {
        g_autofree char *doing = g_strdup_printf("uploading %s", bundle->what);

        deploy_prefix(visit->deployed->machine, doing, err);
        return -1;
    }
    visit->done += bundle->size;
    return 0;
}

static int upload(struct visit *visit, GError **err)
{
    visit->percent = -1;
    for (unsigned i = 0; i < visit->n_bundles; i++)
        visit->total += visit->state.has[i] ? 0 : visit->bundles[i]->size;
    for (unsigned i = 0; i < visit->n_bundles; i++) {
        if (!visit->state.has[i] && upload_bundle(visit, visit->bundles[i], err) < 0)
            return -1;
    }
    return 0;
}

/* Installs what was uploaded and starts the node. */
static int install(struct visit *visit, struct ssh_result *result, GError **err)
{
    g_autofree char *lines = start_lines(visit);
    g_autofree char *script = remote_cache_install_script(&visit->state, visit->bundles,
                                                          visit->n_bundles, visit->token, lines);

    say(visit, "starting");
    if (run_with_key(visit, lines, script, result, err) < 0)
        return -1;
    return remote_cache_read_install(result->out, result->err, err);
}

static int port_of(const char *address, unsigned *port, GError **err)
{
    const char *colon = strrchr(address, ':');
    guint64 number;

    if (g_str_has_prefix(address, "tcp://") && colon != NULL &&
        g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &number, NULL)) {
        *port = (unsigned)number;
        return 0;
    }
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START, "the node gave no usable address: %s",
                address);
    return -1;
}

/* Takes the node's answer from the output of the command that started it. */
static int finish(const struct visit *visit, const struct ssh_result *result,
                  struct deployed *deployed, GError **err)
{
    const char *reached = ssh_peer_address(visit->session);
    const char *address = *reached != '\0' ? reached : visit->state.server_address;
    g_autofree char *how = NULL;
    struct node_answer answer = {0};
    unsigned port;

    if (result->status != 0)
        how = g_strdup_printf("exit status %d", result->status);
    if (node_answer_parse(remote_cache_after(result->out), result->err, how, &answer, err) < 0)
        return -1;
    if (port_of(answer.address, &port, err) < 0) {
        node_answer_clear(&answer);
        return -1;
    }
    deployed->address = g_strdup(address);
    deployed->link_address = g_strdup_printf(
        strchr(address, ':') != NULL ? "tcp://[%s]:%u" : "tcp://%s:%u", address, port);
    deployed->version = g_steal_pointer(&answer.version);
    deployed->pid = answer.pid;
    node_answer_clear(&answer);
    return 0;
}

static int start_steps(struct visit *visit, struct deployed *deployed, GError **err)
{
    g_auto(ssh_result) first = {0};
    g_auto(ssh_result) second = {0};

    if (load_node(visit, err) < 0 || load_guests(visit, err) < 0)
        return -1;
    if (open_session(visit, err) < 0 || look(visit, &first, err) < 0)
        return -1;
    if (is_complete(visit))
        return finish(visit, &first, deployed, err);
    if (upload(visit, err) < 0 || install(visit, &second, err) < 0)
        return -1;
    return finish(visit, &second, deployed, err);
}

static int start(struct deployed *deployed, const struct deploy_options *options, int64_t deadline,
                 GError **err)
{
    struct visit visit = {.deployed = deployed, .options = options, .deadline = deadline};
    int result;

    g_snprintf(visit.token, sizeof visit.token, "%08x%08x", g_random_int(), g_random_int());
    result = start_steps(&visit, deployed, err);
    visit_clear(&visit);
    return result;
}

static int clean_up_steps(struct visit *visit, GError **err)
{
    g_autofree char *script = NULL;
    g_auto(ssh_result) result = {0};

    if (load_node(visit, err) < 0 || open_session(visit, err) < 0)
        return -1;
    say(visit, "cleaning up");
    script = remote_cache_clean_up_script(visit->bundles[0], visit->deployed->pid);
    if (run_script(visit, script, visit->deadline, &result, err) < 0) {
        deploy_prefix(visit->deployed->machine, "cleaning up", err);
        return -1;
    }
    if (result.status != 0) {
        g_autofree char *how = g_strdup_printf("exit status %d", result.status);

        return node_answer_clean_up_failed(result.err, how, err);
    }
    return 0;
}

static int clean_up(const struct deployed *deployed, const struct deploy_options *options,
                    int64_t deadline, GError **err)
{
    struct visit visit = {.deployed = deployed, .options = options, .deadline = deadline};
    int result = clean_up_steps(&visit, err);

    visit_clear(&visit);
    return result;
}

static struct purged *purge_steps(struct visit *visit, bool with_cache, GError **err)
{
    /* Without a build of the node any of those there will do. */
    const char *folder = load_node(visit, NULL) == 0 ? visit->bundles[0]->folder : NULL;
    const struct remote_purge purge = {.folder = folder, .with_cache = with_cache};
    g_autofree char *script = remote_purge_script(&purge);
    g_autofree char *how = NULL;
    g_auto(ssh_result) result = {0};

    if (open_session(visit, err) < 0)
        return NULL;
    say(visit, "cleaning up");
    if (run_script(visit, script, visit->deadline, &result, err) < 0) {
        deploy_prefix(visit->deployed->machine, "cleaning up", err);
        return NULL;
    }
    if (result.status != 0)
        how = g_strdup_printf("exit status %d", result.status);
    return remote_purge_read(result.out, result.err, how, err);
}

static struct purged *purge(const struct deployed *deployed, const struct deploy_options *options,
                            bool with_cache, int64_t deadline, GError **err)
{
    struct visit visit = {.deployed = deployed, .options = options, .deadline = deadline};
    struct purged *purged = purge_steps(&visit, with_cache, err);

    visit_clear(&visit);
    return purged;
}

const struct deploy_way deploy_ssh = {.start = start, .clean_up = clean_up, .purge = purge};
