#include "migration/net/prober.h"

#include "migration/vm/platform.h"
#include "sync/child.h"
#include "sync/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_BYTES 1024
#define COMMAND_MS 5000

struct prober {
    const struct host *host;
    struct child *child;
    struct stream *control; /* its stdin and stdout */
    char *pid;              /* as the ledger knows it */
    char *address, *from;
    const char *at; /* where it is, for messages */
    bool is_here;
};

int prober_check(GError **err)
{
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

    if (fd < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "the guest cannot be asked over the network: %s (CAP_NET_RAW)",
                    g_strerror(errno));
        return -1;
    }
    close(fd);
    return 0;
}

static int start_child(struct prober *prober, const char *const *words, GError **err)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", err);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    int pair[2];

    if (program == NULL)
        return -1;
    g_ptr_array_add(argv, program);
    g_ptr_array_add(argv, (char *)"prober");
    for (; *words != NULL; words++)
        g_ptr_array_add(argv, (char *)*words);
    g_ptr_array_add(argv, NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "socketpair: %s", g_strerror(errno));
        return -1;
    }
    const struct child_fd fds[] = {{pair[1], STDIN_FILENO},
                                   {pair[1], STDOUT_FILENO},
                                   {STDERR_FILENO, STDERR_FILENO},
                                   {.fd = -1}};
    const struct child_spec child = {
        .argv = (const char *const *)argv->pdata, .fds = fds, .new_session = true};
    prober->child = child_start(&child, err);
    close(pair[1]);
    if (prober->child == NULL) {
        close(pair[0]);
        return -1;
    }
    prober->control = stream_new(pair[0], err);
    return prober->control != NULL ? 0 : -1;
}

/* Its next line, an object in which this key is. Transfer full. */
static json_t *read_answer(struct prober *prober, const char *key, int64_t deadline, GError **err)
{
    g_autofree char *line = stream_read_line(prober->control, LINE_BYTES, deadline, err);
    json_t *answer = line != NULL ? json_loads(line, 0, NULL) : NULL;

    if (line == NULL) {
        g_prefix_error(err, "who asks the guest at %s over the network from %s does not answer: ",
                       prober->address, prober->at);
        return NULL;
    }
    if (json_object_get(answer, key) != NULL)
        return answer;
    g_set_error(
        err, VM_ERROR, VM_ERROR_START,
        "the guest at %s cannot be asked over the network from %s: %s", prober->address, prober->at,
        json_is_object(answer) ? json_string_value(json_object_get(answer, "error")) : line);
    json_decref(answer);
    return NULL;
}

struct prober *prober_open(const struct host *host, const char *const *words, GError **err)
{
    struct prober *prober = g_new0(struct prober, 1);

    prober->host = host;
    prober->at = host->name;
    prober->is_here = true;
    if (start_child(prober, words, err) == 0) {
        prober->pid = g_strdup_printf("%d", (int)child_pid(prober->child));
        if (host_own(host, OWNED_PROCESS, prober->pid, err) == 0)
            return prober;
    }
    prober_free(prober);
    return NULL;
}

static struct prober *open_elsewhere(const struct prober_spec *spec, const char *const *words,
                                     GError **err)
{
    int fd = spec->host->ops->open_prober(spec->host->node, words, err);
    struct stream *control = fd >= 0 ? stream_new(fd, err) : NULL;

    if (control == NULL)
        return NULL;
    struct prober *prober = g_new0(struct prober, 1);
    prober->host = spec->host;
    prober->at = spec->client;
    prober->control = control;
    return prober;
}

struct stream *prober_control(const struct prober *prober)
{
    return prober->control;
}

bool prober_is_here(const struct prober *prober)
{
    return prober->is_here;
}

struct prober *prober_start(const struct prober_spec *spec, int64_t deadline, GError **err)
{
    const char *const words[] = {spec->address, spec->mac != NULL ? spec->mac : "-",
                                 spec->says    ? "say"
                                 : spec->hears ? "both"
                                               : "in",
                                 NULL};
    struct prober *prober = spec->client != NULL ? open_elsewhere(spec, words, err)
                                                 : prober_open(spec->host, words, err);

    if (prober == NULL)
        return NULL;
    prober->address = g_strdup(spec->address);
    json_auto_t *answer = read_answer(prober, "from", deadline, err);
    prober->from = g_strdup(json_string_value(json_object_get(answer, "from")));
    if (prober->from != NULL)
        return prober;
    prober_free(prober);
    return NULL;
}

const char *prober_from(const struct prober *prober)
{
    return prober->from;
}

int prober_await_heard(struct prober *prober, int64_t deadline, GError **err)
{
    json_auto_t *answer = read_answer(prober, "heard", deadline, err);

    return answer != NULL ? 0 : -1;
}

static int command(struct prober *prober, const char *line, GError **err)
{
    return stream_write(prober->control, line, strlen(line), deadline_in(COMMAND_MS), err);
}

int prober_begin(struct prober *prober, GError **err)
{
    return command(prober, "begin\n", err);
}

json_t *prober_end(struct prober *prober, int64_t deadline, GError **err)
{
    return command(prober, "end\n", err) < 0 ? NULL : read_answer(prober, "in", deadline, err);
}

void prober_free(struct prober *prober)
{
    if (prober == NULL)
        return;
    if (prober->child != NULL) {
        fiber_shield();
        child_signal(prober->child, SIGKILL);
        child_await(prober->child, deadline_in(10000), NULL, NULL);
        fiber_unshield();
        child_free(prober->child);
    }
    stream_close(prober->control);
    if (prober->pid != NULL)
        host_disown(prober->host, OWNED_PROCESS, prober->pid);
    g_free(prober->pid);
    g_free(prober->address);
    g_free(prober->from);
    g_free(prober);
}
