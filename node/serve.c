#include "node/serve.h"

#include "node/claiming.h"
#include "node/session.h"
#include "node/version.h"
#include "sync/fiber_report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct serving {
    const struct serve_options *options;
    uint8_t key[SEAL_KEY_BYTES];
    int ready_fd; /* one byte: 0 the daemon serves, 1 it does not */
};

/* The one line of the answer. */
static void answer(json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);
    printf("%s\n", text);
    fflush(stdout);
    free(text);
    json_decref(line);
}

static void answer_error(const GError *error)
{
    answer(json_pack("{s:s}", "error", error->message));
}

static int read_key(uint8_t key[SEAL_KEY_BYTES], GError **err)
{
    char line[SEAL_KEY_HEX + 2];
    size_t size = 0;
    while (size < sizeof(line) - 1 && read(STDIN_FILENO, line + size, 1) == 1)
        if (line[size++] == '\n')
            break;
    line[size] = '\0';
    g_strchomp(line);
    int known = seal_key_from_hex(line, key, err);
    explicit_bzero(line, sizeof(line));
    if (known < 0)
        g_prefix_error(err, "the key on stdin: ");
    return known;
}

/* The host part of "tcp://IP:PORT"; local nodes are given their address. */
static char *address_of(const char *link_address)
{
    if (!g_str_has_prefix(link_address, "tcp://"))
        return g_strdup("127.0.0.1");
    const char *begin = link_address + strlen("tcp://");
    const char *end = strrchr(begin, ':');
    if (*begin == '[')
        return g_strndup(begin + 1, (gsize)(end - begin - 2));
    return g_strndup(begin, (gsize)(end - begin));
}

static void on_signal(uv_signal_t *handle, int signum)
{
    node_stop(handle->data, signum == SIGTERM ? "SIGTERM" : "a signal");
}

static uv_signal_t *watch_signal(struct node *node, int signum)
{
    uv_signal_t *handle = g_new0(uv_signal_t, 1);
    uv_signal_init(fiber_loop(), handle);
    handle->data = node;
    uv_signal_start(handle, on_signal, signum);
    return handle;
}

static void tell_fiber(void *arg, const char *line)
{
    node_log(arg, "fiber %s", line);
}

static void free_handle(uv_handle_t *handle)
{
    g_free(handle);
}

/* Says where we listen and lets the foreground process go. */
static void announce(struct serving *serving, const struct node *node)
{
    answer(json_pack("{s:s, s:i, s:i, s:s}", "address", link_address(node->link), "pid",
                     (int)getpid(), "protocol", LINK_PROTOCOL_VERSION, "version", NODE_VERSION));
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(fileno(node->log), STDERR_FILENO);
    close(null);
    if (write(serving->ready_fd, "", 1) != 1)
        node_log((struct node *)node, "the process that started us is gone already");
    close(serving->ready_fd);
    serving->ready_fd = -1;
}

static int open_node(struct serving *serving, struct node *node, GError **err)
{
    const struct serve_options *options = serving->options;
    g_auto(reaping) outcome;
    reaping_init(&outcome);
    g_autofree char *base = ledger_base(err);
    if (base == NULL || ledger_reap(base, 0, false, &outcome, err) < 0)
        return -1;
    node->ledger = ledger_open(base, node->name, err);
    if (node->ledger == NULL)
        return -1;
    g_autofree char *log_path = g_build_filename(ledger_dir(node->ledger), "node.log", NULL);
    node->log = fopen(log_path, "ae");
    if (node->log == NULL) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot write %s: %s", log_path,
                    g_strerror(errno));
        return -1;
    }
    claiming_sweep(outcome.removed);
    for (unsigned i = 0; i < outcome.removed->len; i++)
        node_log(node, "removed what a dead node had left: %s",
                 (const char *)g_ptr_array_index(outcome.removed, i));
    /* Everything we start carries our mark, so that the leak check finds it. */
    g_setenv(NODE_VARIABLE, ledger_dir(node->ledger), TRUE);

    g_autofree char *listen = strcmp(options->listen, "ipc") == 0
                                  ? g_strdup_printf("ipc://%s/link", ledger_dir(node->ledger))
                                  : g_strdup(options->listen);
    node->link = link_listen(listen, serving->key, err);
    explicit_bzero(serving->key, sizeof(serving->key));
    if (node->link == NULL)
        return -1;
    node->address = options->address != NULL ? g_strdup(options->address)
                                             : address_of(link_address(node->link));
    return 0;
}

static void close_node(struct node *node)
{
    link_close(node->link);
    claim_file_release(node->claims);
    if (node->log != NULL)
        fclose(node->log);
    ledger_close(node->ledger, true);
    g_free(node->address);
    g_free(node->job);
    g_free(node->stop_cause);
}

static int run_daemon(void *arg, GError **err)
{
    struct serving *serving = arg;
    struct node node = {
        .name = serving->options->name,
        .guests_dir = serving->options->guests_dir,
    };

    int served = open_node(serving, &node, err);
    if (served == 0) {
        uv_signal_t *terminate = watch_signal(&node, SIGTERM);
        uv_signal_t *interrupt = watch_signal(&node, SIGINT);
        struct fibers_on_signal *telling = fibers_on_signal(tell_fiber, &node);
        announce(serving, &node);
        served = session_serve(&node, serving->options->grace_ms, err);
        fibers_on_signal_end(telling);
        uv_close((uv_handle_t *)terminate, free_handle);
        uv_close((uv_handle_t *)interrupt, free_handle);
    }
    close_node(&node);
    return served;
}

/* The daemon's process; never returns. */
static void daemon_main(struct serving *serving)
{
    setsid();
    signal(SIGHUP, SIG_IGN);
    if (chdir("/") < 0)
        _exit(1);
    g_autoptr(GError) error = NULL;
    int served = fiber_run(run_daemon, serving, &error);
    if (served < 0 && serving->ready_fd >= 0)
        answer_error(error);
    exit(served == 0 ? 0 : 1);
}

int serve(const struct serve_options *options)
{
    struct serving serving = {.options = options};
    g_autoptr(GError) error = NULL;
    int ready[2];
    if (read_key(serving.key, &error) < 0) {
        answer_error(error);
        return 1;
    }
    if (pipe2(ready, O_CLOEXEC) < 0) {
        perror("vtmh-node: pipe");
        return 1;
    }
    serving.ready_fd = ready[1];
    pid_t pid = fork();
    if (pid < 0) {
        perror("vtmh-node: fork");
        return 1;
    }
    if (pid == 0) {
        close(ready[0]);
        daemon_main(&serving);
    }
    close(ready[1]);
    explicit_bzero(serving.key, sizeof(serving.key));
    char byte;
    return read(ready[0], &byte, 1) == 1 ? 0 : 1;
}
