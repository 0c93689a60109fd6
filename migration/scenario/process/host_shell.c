#include "migration/scenario/process/host_shell.h"

#include "migration/params.h"
#include "sync/child.h"
#include "sync/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LAST_LINE_BYTES 300
#define CHUNK 4096
#define PIPE_BYTES 65536

struct shell {
    const struct host *host;
    char *name;
    struct child *child;
    pid_t pid;
    struct scope *scope; /* of the reader */
    struct stream *output;
    struct event silent; /* nobody holds the output any more: all of it has ended */
    FILE *log;           /* NULL: none */
    size_t logged;
    GString *tail; /* of what it has printed */
};

static void write_log(struct shell *shell, const char *data, size_t size)
{
    size_t room = SHELL_LOG_BYTES - shell->logged;
    if (shell->log == NULL || room == 0)
        return;
    fwrite(data, 1, MIN(size, room), shell->log);
    shell->logged += MIN(size, room);
    if (shell->logged == SHELL_LOG_BYTES)
        fputs("\n… (more was said)\n", shell->log);
    fflush(shell->log);
}

static void take(struct shell *shell, const char *data, ssize_t size)
{
    write_log(shell, data, (size_t)size);
    g_string_append_len(shell->tail, data, size);
    if (shell->tail->len > LAST_LINE_BYTES)
        g_string_erase(shell->tail, 0, (gssize)(shell->tail->len - LAST_LINE_BYTES));
}

static int read_output(void *arg, GError **err)
{
    struct shell *shell = arg;
    char buffer[CHUNK];
    ssize_t n;
    while ((n = stream_read(shell->output, buffer, sizeof(buffer), DEADLINE_NEVER, err)) > 0)
        take(shell, buffer, n);
    event_set(&shell->silent);
    return (int)n;
}

/* What is in the pipe now: as much as fits in one, since what still runs may print for ever. */
static void drain(struct shell *shell)
{
    char buffer[CHUNK];
    ssize_t n;
    for (unsigned i = 0; i < PIPE_BYTES / CHUNK && !event_is_set(&shell->silent); i++) {
        n = read(stream_fd(shell->output), buffer, sizeof(buffer));
        if (n <= 0)
            return;
        take(shell, buffer, n);
    }
}

/* The last line that says something; "" if there is none. Transfer full. */
static char *last_line(const struct shell *shell)
{
    g_autofree char *text = g_utf8_make_valid(shell->tail->str, (gssize)shell->tail->len);
    g_strchomp(text);
    const char *line = strrchr(text, '\n');
    GString *shown = g_string_new(NULL);
    for (const char *c = line != NULL ? line + 1 : text; *c != '\0'; c = g_utf8_next_char(c))
        if (g_unichar_isprint(g_utf8_get_char(c)))
            g_string_append_unichar(shown, g_utf8_get_char(c));
    return g_string_free(shown, FALSE);
}

/* NULL-terminated. Transfer full. */
static GStrv environment(const struct params *params)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    struct params_iter it;
    params_iter_init(&it, params);
    while (params_iter_next(&it)) {
        if (param_is_secret(it.key))
            continue;
        g_autofree char *theirs = g_strdup_printf("KVM_TEST_%s=%s", it.key, it.value);
        g_autofree char *ours = g_strdup_printf("VTMH_%s=%s", it.key, it.value);
        g_strv_builder_add(words, theirs);
        g_strv_builder_add(words, ours);
    }
    return g_strv_builder_end(words);
}

static struct shell *shell_new(const struct host *host, const char *name)
{
    struct shell *shell = g_new0(struct shell, 1);
    shell->host = host;
    shell->name = g_strdup(name);
    shell->tail = g_string_new(NULL);
    if (host->log_dir != NULL) {
        g_autofree char *path = g_strdup_printf("%s/%s.log", host->log_dir, name);
        shell->log = fopen(path, "ae");
    }
    return shell;
}

static void shell_free(struct shell *shell)
{
    if (shell->scope != NULL)
        scope_abandon(shell->scope);
    stream_close(shell->output);
    child_free(shell->child);
    if (shell->log != NULL)
        fclose(shell->log);
    g_string_free(shell->tail, TRUE);
    g_free(shell->name);
    g_free(shell);
}

/* out: the end of a pipe that becomes what it prints on. */
static struct child *start(const struct shell *shell, const char *text, const struct params *params,
                           int out, GError **err)
{
    g_auto(GStrv) env = environment(params);
    const struct child_fd fds[] = {{.fd = out, .as = 1}, {.fd = out, .as = 2}, {.fd = -1}};
    const struct host *host = shell->host;
    const struct child_spec spec = {
        .argv = (const char *const[]){"/bin/sh", "-c", text, NULL},
        .env = (const char *const *)env,
        .cwd = host->log_dir != NULL ? host->log_dir : host->run_dir,
        .fds = fds,
        .new_session = true,
    };
    return child_start(&spec, err);
}

struct shell *shell_start(const struct host *host, const char *name, const char *text,
                          const struct params *params, GError **err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s: cannot create a pipe: %s", name,
                    g_strerror(errno));
        return NULL;
    }
    struct shell *shell = shell_new(host, name);
    shell->output = stream_new(ends[0], err);
    if (shell->output != NULL)
        shell->child = start(shell, text, params, ends[1], err);
    close(ends[1]);
    if (shell->child == NULL) {
        shell_free(shell);
        return NULL;
    }
    shell->pid = child_pid(shell->child);
    shell->scope = scope_open(shell->name);
    scope_spawn_detached(shell->scope, "output", read_output, shell);
    g_autofree char *pid = g_strdup_printf("%d", (int)shell->pid);
    host_log(host, VTMH__LOG_LEVEL__LOG_INFO, NULL, NULL, "%s: process %s: %s", name, pid, text);
    if (host_own(host, OWNED_PROCESS, pid, err) == 0)
        return shell;
    fiber_shield();
    shell_end(shell, deadline_in(5000), NULL);
    fiber_unshield();
    return NULL;
}

int shell_await(struct shell *shell, int64_t deadline, GError **err)
{
    int status;
    if (child_await(shell->child, deadline, &status, err) < 0) {
        g_prefix_error(err, "%s on %s: ", shell->name, shell->host->name);
        return -1;
    }
    if (status == 0)
        return 0;
    drain(shell);
    g_autofree char *end = child_describe_status(status);
    g_autofree char *line = last_line(shell);
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s failed on %s (%s)%s%s", shell->name,
                shell->host->name, end, *line != '\0' ? ": " : "", line);
    return -1;
}

int shell_end(struct shell *shell, int64_t deadline, GError **err)
{
    if (shell == NULL)
        return 0;
    int result = 0;
    /* While its output is open some of it lives, so that the session's number is its own. */
    if (!event_is_set(child_ended(shell->child)) || !event_is_set(&shell->silent))
        kill(-shell->pid, SIGKILL);
    if (child_await(shell->child, deadline, NULL, err) < 0) {
        g_prefix_error(err, "%s does not end: ", shell->name);
        result = -1;
    } else {
        g_autofree char *pid = g_strdup_printf("%d", (int)shell->pid);
        host_disown(shell->host, OWNED_PROCESS, pid);
        /* Who left its session keeps it open, and is found by the node. */
        await_event(&shell->silent, deadline_min(deadline, deadline_in(1000)), NULL);
    }
    shell_free(shell);
    return result;
}
