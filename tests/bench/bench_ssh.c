/*
 * Starting nodes on many hosts at once, with the cache warm: the product's deployment, beside the
 * least that libssh2 and libuv need for as many sessions, as many commands, and the same node
 * programs. In turn, in one run; the median of the ratios counts.
 */
#include "bare_ssh.h"
#include "orchestrator/deploy.h"

#include <libssh2.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS 120000
#define TURNS_MAX 99

static int n_hosts = 16;
static int turns = 5;

struct one {
    const struct machine *machine;
    struct deployed *deployed;
};

struct bench {
    struct ssh_hosts *hosts;
    GPtrArray *machines;
    char *node; /* the program in the cache */
};

static int deploy_one(void *arg, GError **err)
{
    struct one *one = arg;
    const struct deploy_options options = {0};

    one->deployed = deploy_node(one->machine, &options, deadline_in(START_MS), err);
    return one->deployed ? 0 : -1;
}

/* Until it has removed what it had and is gone: the next turn has the processors for itself. */
static int end_nodes(const GArray *pids, GError **err)
{
    for (unsigned i = 0; i < pids->len; i++)
        kill(g_array_index(pids, pid_t, i), SIGTERM);
    for (unsigned i = 0; i < pids->len; i++)
        while (kill(g_array_index(pids, pid_t, i), 0) == 0)
            if (await_deadline(deadline_in(2), err) < 0)
                return -1;
    return 0;
}

static double ms_since(int64_t began_us)
{
    return (double)(g_get_monotonic_time() - began_us) / 1000.0;
}

static double product_ms(struct bench *bench, GError **err)
{
    unsigned n = bench->machines->len;
    g_autofree struct one *all = g_new0(struct one, n);
    g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
    struct scope *scope = scope_open("deploy");
    int64_t began_us = g_get_monotonic_time();

    for (unsigned i = 0; i < n; i++) {
        all[i].machine = g_ptr_array_index(bench->machines, i);
        scope_spawn(scope, all[i].machine->name, deploy_one, &all[i]);
    }
    int status = scope_close(scope, err);
    double ms = ms_since(began_us);
    for (unsigned i = 0; i < n; i++)
        if (all[i].deployed) {
            g_array_append_val(pids, all[i].deployed->pid);
            deployed_free(all[i].deployed);
        }
    return end_nodes(pids, status == 0 ? err : NULL) < 0 || status < 0 ? -1 : ms;
}

static char *bare_script(void *arg, unsigned host)
{
    const struct bench *bench = arg;
    uint8_t key[SEAL_KEY_BYTES];

    randombytes_buf(key, sizeof(key));
    g_autofree char *hex = seal_key_to_hex(key);
    return g_strdup_printf("echo %s | %s serve --name h%u --listen tcp://127.0.0.1:0 "
                           "--guests /nonexistent --address 127.0.0.1\n",
                           hex, bench->node, host);
}

static int pid_of(const char *answer, pid_t *pid, GError **err)
{
    const char *found = strstr(answer, "\"pid\":");

    if (found) {
        *pid = (pid_t)strtol(found + strlen("\"pid\":"), NULL, 10);
        return 0;
    }
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START, "a bare node said \"%s\"", answer);
    return -1;
}

static double bare_ms(struct bench *bench, GError **err)
{
    g_auto(GStrv) outputs = g_new0(char *, bench->hosts->n + 1);
    g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
    int64_t began_us = g_get_monotonic_time();
    int status = bare_ssh_run(bench->hosts, bare_script, bench, outputs, err);
    double ms = ms_since(began_us);

    for (unsigned i = 0; i < bench->hosts->n && status == 0; i++) {
        pid_t pid = 0;

        status = pid_of(outputs[i], &pid, err);
        if (status == 0)
            g_array_append_val(pids, pid);
    }
    return end_nodes(pids, status == 0 ? err : NULL) < 0 || status < 0 ? -1 : ms;
}

/* The program that the first deployment, which uploads it, has left. */
static char *find_node(const struct bench *bench, GError **err)
{
    g_autofree char *line =
        g_strdup_printf("find %s/cache/vtmh -name vtmh-node", bench->hosts->folder);
    char *out = NULL;

    if (g_spawn_command_line_sync(line, &out, NULL, NULL, err))
        g_strchomp(out);
    return out;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, (size_t)turns, sizeof(*values), compare);
    return values[turns / 2];
}

static int measure(struct bench *bench, GError **err)
{
    double product[TURNS_MAX], bare[TURNS_MAX], ratio[TURNS_MAX];

    double cold_ms = product_ms(bench, err);
    if (cold_ms < 0 || !(bench->node = find_node(bench, err)))
        return -1;
    for (int i = 0; i < turns; i++) {
        product[i] = product_ms(bench, err);
        bare[i] = product[i] < 0 ? -1 : bare_ms(bench, err);
        if (bare[i] < 0)
            return -1;
        ratio[i] = product[i] / bare[i];
    }
    printf("{\"bench\": \"ssh\", \"hosts\": %d, \"turns\": %d, \"cold_ms\": %.0f, \"start_ms\": "
           "%.0f, \"bare_ms\": %.0f, \"ratio\": %.3f}\n",
           n_hosts, turns, cold_ms, median(product), median(bare), median(ratio));
    return 0;
}

static int run(void *arg, GError **err)
{
    struct bench bench = {.machines = inventory_new()};
    g_autoptr(GString) list = g_string_new(NULL);
    int status = -1;

    (void)arg;
    bench.hosts = ssh_hosts_start((unsigned)n_hosts, err);
    if (bench.hosts) {
        for (unsigned i = 0; i < bench.hosts->n; i++)
            g_string_append_printf(list, "%s%s@127.0.0.1:%u", i > 0 ? "," : "", g_get_user_name(),
                                   bench.hosts->ports[i]);
        status = inventory_add(bench.machines, list->str, err);
    }
    if (status == 0)
        status = measure(&bench, err);
    ssh_hosts_stop(bench.hosts);
    g_ptr_array_unref(bench.machines);
    g_free(bench.node);
    return status;
}

static const GOptionEntry options[] = {
    {"hosts", 0, 0, G_OPTION_ARG_INT, &n_hosts, "sshds to start (16)", "N"},
    {"turns", 0, 0, G_OPTION_ARG_INT, &turns, "how often each is measured (5)", "N"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- measure the start on many hosts");
    g_autoptr(GError) err = NULL;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &err) || argc > 1 || n_hosts < 1 ||
        turns < 1 || turns > TURNS_MAX) {
        fprintf(stderr, "bench_ssh: %s\n",
                err != NULL ? err->message : "wrong arguments, see --help");
        return 4;
    }
    if (sodium_init() < 0 || libssh2_init(0) != 0)
        g_error("the libraries do not start");
    if (fiber_run(run, NULL, &err) == 0)
        return 0;
    fprintf(stderr, "bench_ssh: %s\n", err != NULL ? err->message : "failed");
    return 1;
}
