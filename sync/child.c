#include "sync/child.h"

#include "sync/fiber_private.h"

#include <signal.h>
#include <string.h>

struct child {
    uv_process_t process;
    struct event ended;
    int status;
    bool has_session;
    bool is_freed; /* by its owner; libuv still has it */
};

static void on_closed(uv_handle_t *handle)
{
    g_free(handle->data);
}

static void on_exit_of(uv_process_t *process, int64_t exit_status, int term_signal)
{
    struct child *child = process->data;

    child->status = term_signal ? 256 + term_signal : (int)exit_status;
    event_set(&child->ended);
    if (!child->is_freed)
        return;
    fiber_run_release();
    uv_close((uv_handle_t *)process, on_closed);
}

/* Transfer full. */
static char **merge_environment(const char *const *extra)
{
    char **env = g_get_environ();

    for (; *extra; extra++) {
        const char *equals = strchr(*extra, '=');
        g_autofree char *key = NULL;

        if (!equals)
            g_error("\"%s\" is not of the form KEY=VALUE", *extra);
        key = g_strndup(*extra, (size_t)(equals - *extra));
        env = g_environ_setenv(env, key, equals + 1, TRUE);
    }
    return env;
}

/* Fills the table of the child's descriptors, and returns its length. */
static int map_fds(const struct child_fd *fds, uv_stdio_container_t table[CHILD_FD_MAX])
{
    int n = 3;

    for (int i = 0; i < CHILD_FD_MAX; i++)
        table[i].flags = UV_IGNORE;
    for (; fds && fds->fd >= 0; fds++) {
        g_assert(fds->as >= 0 && fds->as < CHILD_FD_MAX);
        table[fds->as].flags = UV_INHERIT_FD;
        table[fds->as].data.fd = fds->fd;
        n = MAX(n, fds->as + 1);
    }
    return n;
}

struct child *child_start(const struct child_spec *spec, GError **err)
{
    struct child *child = g_new0(struct child, 1);
    uv_stdio_container_t table[CHILD_FD_MAX];
    g_auto(GStrv) env = spec->env ? merge_environment(spec->env) : NULL;
    uv_process_options_t options = {
        .exit_cb = on_exit_of,
        .file = spec->argv[0],
        .args = (char **)spec->argv,
        .env = env,
        .cwd = spec->cwd,
        .stdio = table,
        .stdio_count = map_fds(spec->fds, table),
        .flags = spec->new_session ? UV_PROCESS_DETACHED : 0,
    };
    int status;

    child->process.data = child;
    child->has_session = spec->new_session;
    status = uv_spawn(fiber_loop(), &child->process, &options);
    if (status == 0)
        return child;
    uv_close((uv_handle_t *)&child->process, on_closed);
    if (spec->cwd && !g_file_test(spec->cwd, G_FILE_TEST_IS_DIR))
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot run %s in %s: no such directory",
                    spec->argv[0], spec->cwd);
    else if (status == UV_ENOENT && !strchr(spec->argv[0], '/'))
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot run %s: not found in PATH",
                    spec->argv[0]);
    else
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot run %s: %s", spec->argv[0],
                    uv_strerror(status));
    return NULL;
}

pid_t child_pid(const struct child *child)
{
    return child->process.pid;
}

struct event *child_ended(struct child *child)
{
    return &child->ended;
}

int child_await(struct child *child, int64_t deadline, int *status_out, GError **err)
{
    if (await_event(&child->ended, deadline, err) < 0)
        return -1;
    if (status_out)
        *status_out = child->status;
    return 0;
}

char *child_describe_status(int status)
{
    const char *name = status >= 256 ? sigabbrev_np(status - 256) : NULL;

    if (status < 256)
        return g_strdup_printf("exit status %d", status);
    if (name)
        return g_strdup_printf("killed by SIG%s", name);
    return g_strdup_printf("killed by signal %d", status - 256);
}

void child_signal(struct child *child, int signum)
{
    if (!event_is_set(&child->ended))
        uv_process_kill(&child->process, signum);
}

void child_free(struct child *child)
{
    if (!child)
        return;
    g_assert(!child->ended.waits);
    if (event_is_set(&child->ended)) {
        uv_close((uv_handle_t *)&child->process, on_closed);
        return;
    }
    child->is_freed = true;
    fiber_run_hold();
    /* Not yet reaped, so the number is still the child's own. */
    kill(child->has_session ? -child->process.pid : child->process.pid, SIGKILL);
}
