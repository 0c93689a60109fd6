/*
 * A VM's monitors. The main one is the driver's own (qemu_process.h), over which a VM is moved and
 * its events come. Others that the params ask for are connected by socket pairs, as that is, and
 * tried once; what looks on beside the test asks the one that is to catch that. Those for the user
 * are sockets with a path, to which nobody connects here.
 *
 * What can be asked of a monitor in both languages is a table of operations (struct language).
 */
#include "migration/vm/hmp.h"
#include "migration/vm/line_pair.h"
#include "migration/vm/monitor_plan.h"
#include "migration/vm/qemu_process.h"
#include "migration/vm/qemu_shared.h"
#include "migration/vm/qemu_words.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct monitor;

struct language {
    const char *mode; /* of QEMU's -mon */
    int (*open)(struct monitor *monitor, int fd, const char *log_prefix, int64_t deadline,
                GError **err);
    int (*run_state)(struct monitor *monitor, char **state_out, int64_t deadline, GError **err);
    int (*screendump)(struct monitor *monitor, const char *path, int64_t deadline, GError **err);
    int (*info)(struct monitor *monitor, const char *what, char **text_out, int64_t deadline,
                GError **err);
};

struct monitor {
    const struct language *language;
    struct vm *vm;
    char *name;       /* NULL: the main one */
    bool is_debug;    /* for the user */
    char *socket;     /* where it is; NULL: it has no path */
    char *tcp_host;   /* NULL: it is no TCP socket */
    json_t *listens;  /* with tcp_host: how QEMU listens there */
    int fd, their_fd; /* until it is connected; else -1 */
    struct qmp *qmp;  /* NULL: the main one's, or it is none */
    struct hmp *hmp;
};

struct qemu_monitors {
    GPtrArray *others;     /* struct monitor, without the main one */
    struct monitor *catch; /* one of them, or NULL: the main one */
};

/* ---- QMP */

static int ask(struct monitor *monitor, const char *name, json_t *arguments, int64_t deadline,
               json_t **reply_out, GError **err)
{
    return monitor->qmp == NULL
               ? vm_ask(monitor->vm, name, arguments, deadline, reply_out, err)
               : qmp_command(monitor->qmp, name, arguments, -1, deadline, reply_out, err);
}

/* Events are the main monitor's to hear. */
static void ignore_event(const char *name, const json_t *data, int64_t time_us, void *arg)
{
    (void)name, (void)data, (void)time_us, (void)arg;
}

static int qmp_open_monitor(struct monitor *monitor, int fd, const char *log_prefix,
                            int64_t deadline, GError **err)
{
    g_autofree char *log = log_prefix != NULL ? g_strconcat(log_prefix, ".qmp.log", NULL) : NULL;

    monitor->qmp = qmp_open(fd, log, monitor->vm->host->known, ignore_event, NULL, err);
    return monitor->qmp != NULL ? qmp_greet(monitor->qmp, deadline, err) : -1;
}

static int qmp_run_state(struct monitor *monitor, char **state_out, int64_t deadline, GError **err)
{
    json_auto_t *reply = NULL;
    const char *status;

    if (ask(monitor, "query-status", NULL, deadline, &reply, err) < 0)
        return -1;
    status = json_string_value(json_object_get(reply, "status"));
    *state_out = g_strdup(status != NULL ? status : "unknown");
    return 0;
}

static bool is_ppm(const char *path)
{
    return g_str_has_suffix(path, ".ppm");
}

/* A format is not known to QEMU before 7.1, which says so; it makes PPM. */
static int qmp_screendump(struct monitor *monitor, const char *path, int64_t deadline, GError **err)
{
    json_t *arguments = json_pack("{s:s}", "filename", path);

    if (!is_ppm(path))
        json_object_set_new(arguments, "format", json_string("png"));
    return ask(monitor, "screendump", arguments, deadline, NULL, err);
}

static int qmp_info(struct monitor *monitor, const char *what, char **text_out, int64_t deadline,
                    GError **err)
{
    g_autofree char *command = g_strdup_printf("info %s", what);
    json_auto_t *text = NULL;

    if (ask(monitor, "human-monitor-command", json_pack("{s:s}", "command-line", command), deadline,
            &text, err) < 0)
        return -1;
    *text_out = g_strdup(json_is_string(text) ? json_string_value(text) : "");
    return 0;
}

static const struct language qmp_language = {
    .mode = "control",
    .open = qmp_open_monitor,
    .run_state = qmp_run_state,
    .screendump = qmp_screendump,
    .info = qmp_info,
};

/* ---- HMP */

static int hmp_open_monitor(struct monitor *monitor, int fd, const char *log_prefix,
                            int64_t deadline, GError **err)
{
    g_autofree char *log = log_prefix != NULL ? g_strconcat(log_prefix, ".hmp.log", NULL) : NULL;

    monitor->hmp = hmp_open(fd, log, err);
    return monitor->hmp != NULL ? hmp_greet(monitor->hmp, deadline, err) : -1;
}

/* "VM status: paused (inmigrate)", "VM status: running" */
static int hmp_run_state(struct monitor *monitor, char **state_out, int64_t deadline, GError **err)
{
    g_autofree char *text = NULL;

    if (hmp_command(monitor->hmp, "info status", deadline, &text, err) < 0)
        return -1;
    *state_out = qemu_words_run_state(text);
    if (*state_out != NULL)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "HMP info status: not understood: %.120s", text);
    return -1;
}

/* Within quotes, as HMP reads a file's name. Transfer full. */
static char *quote(const char *path)
{
    GString *text = g_string_new("\"");

    for (const char *c = path; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *c);
    }
    g_string_append_c(text, '"');
    return g_string_free(text, FALSE);
}

static int hmp_screendump(struct monitor *monitor, const char *path, int64_t deadline, GError **err)
{
    const char *usage = hmp_usage(monitor->hmp, "screendump");
    g_autofree char *quoted = quote(path);
    g_autofree char *line =
        g_strdup_printf("screendump %s%s", quoted, is_ppm(path) ? "" : " -f png");

    if (is_ppm(path) || (usage != NULL && strstr(usage, "-f ") != NULL))
        return hmp_command(monitor->hmp, line, deadline, NULL, err);
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "a picture as PNG is not supported by the human monitor %s of this QEMU",
                monitor->name);
    return -1;
}

static int hmp_info(struct monitor *monitor, const char *what, char **text_out, int64_t deadline,
                    GError **err)
{
    g_autofree char *line = g_strdup_printf("info %s", what);

    return hmp_command(monitor->hmp, line, deadline, text_out, err);
}

static const struct language hmp_language = {
    .mode = "readline",
    .open = hmp_open_monitor,
    .run_state = hmp_run_state,
    .screendump = hmp_screendump,
    .info = hmp_info,
};

/* ---- what a VM has of them */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(g_steal_fd(fd));
}

static void free_monitor(void *data)
{
    struct monitor *monitor = data;

    qmp_close(monitor->qmp);
    hmp_close(monitor->hmp);
    close_fd(&monitor->fd);
    close_fd(&monitor->their_fd);
    g_free(monitor->socket);
    g_free(monitor->tcp_host);
    json_decref(monitor->listens);
    g_free(monitor->name);
    g_free(monitor);
}

static struct monitor *add(struct vm *vm, const char *name, bool is_human)
{
    struct monitor *monitor = g_new0(struct monitor, 1);

    monitor->language = is_human ? &hmp_language : &qmp_language;
    monitor->vm = vm;
    monitor->name = g_strdup(name);
    monitor->fd = monitor->their_fd = -1;
    g_ptr_array_add(vm->monitors->others, monitor);
    return monitor;
}

static int connect_pair(struct monitor *monitor, GError **err)
{
    int pair[2];

    if (line_pair(monitor->tcp_host, pair, err) < 0) {
        g_prefix_error(err, "monitor %s: ", monitor->name);
        return -1;
    }
    monitor->fd = pair[0];
    monitor->their_fd = pair[1];
    return 0;
}

/* One that the user has asked for by --hold or --keep may outlive the test: its socket lies where
 * the node itself goes, not the test. The first for people is what he is told of there. */
static int make_debug(struct monitor *monitor, const struct vm_spec *spec, GError **err)
{
    struct vm *vm = monitor->vm;
    const char *side = spec->incoming ? "in" : "out";
    const char *prefix = spec->host->user_prefix;
    bool is_users =
        prefix != NULL && vm->user_monitor == NULL && monitor->language == &hmp_language;

    monitor->is_debug = true;
    if (monitor->tcp_host != NULL)
        return 0;
    if (is_users)
        vm->user_monitor = g_strdup_printf("%s%s-%s.monitor", prefix, spec->name, side);
    if (is_users)
        monitor->socket = g_strdup(vm->user_monitor);
    else if (prefix != NULL)
        monitor->socket =
            g_strdup_printf("%s%s-%s.%s.monitor", prefix, spec->name, side, monitor->name);
    else
        monitor->socket = g_strdup_printf("%s/%s-%s.%s.monitor", spec->host->run_dir, spec->name,
                                          side, monitor->name);
    return qemu_own_file(monitor->vm, monitor->socket, err);
}

static int make(struct vm *vm, const struct vm_spec *spec, const struct monitor_plan *plan,
                GError **err)
{
    struct monitor *monitor;

    if (plan->is_main)
        return 0;
    monitor = add(vm, plan->name, plan->is_human);
    monitor->tcp_host = g_strdup(plan->tcp_host);
    monitor->listens = json_incref(plan->listens);
    if (plan->is_catch)
        vm->monitors->catch = monitor;
    return plan->is_debug ? make_debug(monitor, spec, err) : connect_pair(monitor, err);
}

int qemu_monitors_prepare(struct vm *vm, const struct vm_spec *spec, GError **err)
{
    g_autoptr(GPtrArray) plans = monitor_plan_new(spec->params, spec->name, err);

    if (plans == NULL)
        return -1;
    vm->monitors = g_new0(struct qemu_monitors, 1);
    vm->monitors->others = g_ptr_array_new_with_free_func(free_monitor);
    for (unsigned i = 0; i < plans->len; i++)
        if (make(vm, spec, g_ptr_array_index(plans, i), err) < 0)
            return -1;
    if (spec->host->user_prefix != NULL && vm->user_monitor == NULL)
        return make_debug(add(vm, "_user", true), spec, err); /* no name of the params */
    return 0;
}

static void add_tcp_words(const struct monitor *monitor, const char *id, GPtrArray *words)
{
    g_autoptr(GPtrArray) parts = parts_new();

    json_object_update(part_add(parts, PART_CHARDEV, "socket", id, NULL), monitor->listens);
    part_to_line(g_ptr_array_index(parts, 0), words);
}

/* A name of QEMU's is not the user's: "qmp" is the main monitor's. */
static void add_words(const struct monitor *monitor, unsigned number, GPtrArray *words)
{
    g_autofree char *id = g_strconcat("monitor-", monitor->name, NULL);

    if (monitor->is_debug && monitor->listens != NULL)
        add_tcp_words(monitor, id, words);
    else if (monitor->is_debug)
        qemu_line_option(words, "-chardev", "socket,id=%s,path=%s,server=on,wait=off", id,
                         monitor->socket);
    else
        qemu_line_option(words, "-chardev", "socket,id=%s,fd=%u", id, QEMU_FD_MONITOR + number);
    qemu_line_option(words, "-mon", "chardev=monitor-%s,mode=%s", monitor->name,
                     monitor->language->mode);
}

GStrv qemu_monitors_add_words(const struct vm *vm, GStrv argv)
{
    GPtrArray *words = g_ptr_array_new();

    for (char **word = argv; *word != NULL; word++)
        g_ptr_array_add(words, *word);
    g_free(argv);
    for (unsigned i = 0; i < vm->monitors->others->len; i++)
        add_words(g_ptr_array_index(vm->monitors->others, i), i, words);
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

void qemu_monitors_add_fds(const struct vm *vm, GArray *fds)
{
    for (unsigned i = 0; i < vm->monitors->others->len; i++) {
        const struct monitor *monitor = g_ptr_array_index(vm->monitors->others, i);
        const struct child_fd fd = {.fd = monitor->their_fd, .as = QEMU_FD_MONITOR + (int)i};

        if (fd.fd >= 0)
            g_array_append_val(fds, fd);
    }
}

/* Where a monitor's log is, without its ending; NULL: nowhere. Transfer full. */
static char *log_prefix_of(const struct monitor *monitor, const struct host *host, const char *vm)
{
    g_autofree char *file = g_strdup_printf("%s.%s", vm, monitor->name);

    return host->log_dir != NULL ? g_build_filename(host->log_dir, file, NULL) : NULL;
}

int qemu_monitors_log_to(struct vm *vm, const struct host *host, GError **err)
{
    for (unsigned i = 0; i < vm->monitors->others->len; i++) {
        struct monitor *monitor = g_ptr_array_index(vm->monitors->others, i);
        g_autofree char *prefix = log_prefix_of(monitor, host, vm->name);
        g_autofree char *path =
            g_strconcat(prefix, monitor->qmp != NULL ? ".qmp.log" : ".hmp.log", NULL);

        if ((monitor->qmp != NULL && qmp_log_to(monitor->qmp, path, host->known, err) < 0) ||
            (monitor->hmp != NULL && hmp_log_to(monitor->hmp, path, err) < 0))
            return -1;
    }
    return 0;
}

/* What it says for once shows that it understands, and is understood. */
static int try(struct monitor *monitor, const struct vm_spec *spec, int64_t deadline, GError **err)
{
    g_autofree char *prefix = log_prefix_of(monitor, spec->host, spec->name);
    g_autofree char *state = NULL;

    close_fd(&monitor->their_fd);
    if (monitor->language->open(monitor, g_steal_fd(&monitor->fd), prefix, deadline, err) == 0 &&
        monitor->language->run_state(monitor, &state, deadline, err) == 0)
        return 0;
    g_prefix_error(err, "monitor %s of %s on %s: ", monitor->name, spec->name, spec->host->name);
    return -1;
}

static int tell_user(const struct monitor *monitor, const struct vm_spec *spec, int64_t deadline,
                     GError **err)
{
    g_autofree char *label = g_strconcat("monitor-", monitor->name, NULL);
    g_autofree char *where = g_strdup(monitor->socket);

    if (where == NULL && qemu_listens_at(monitor->vm, label, &where, deadline, err) < 0)
        return -1;
    host_log(spec->host, VTMH__LOG_LEVEL__LOG_INFO, spec->incoming ? "destination" : "source",
             spec->name, "monitor %s is for the user: %s", monitor->name, where);
    return 0;
}

int qemu_monitors_begin(struct vm *vm, const struct vm_spec *spec, int64_t deadline, GError **err)
{
    for (unsigned i = 0; i < vm->monitors->others->len; i++) {
        struct monitor *monitor = g_ptr_array_index(vm->monitors->others, i);

        if ((monitor->is_debug ? tell_user(monitor, spec, deadline, err)
                               : try(monitor, spec, deadline, err)) < 0)
            return -1;
    }
    return 0;
}

void qemu_monitors_free(struct vm *vm)
{
    if (vm->monitors == NULL)
        return;
    g_ptr_array_unref(vm->monitors->others);
    g_clear_pointer(&vm->monitors, g_free);
}

/* ---- what is asked of them */

int qemu_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err)
{
    struct monitor main_monitor = {.vm = vm};

    return qmp_run_state(&main_monitor, state_out, deadline, err);
}

/* A stream that has ended is the end of QEMU. */
static int explain(struct vm *vm, GError *error, GError **err)
{
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CLOSED)) {
        g_error_free(error);
        error = vm_death(vm);
    }
    g_propagate_error(err, error);
    return -1;
}

static struct monitor *onlookers(struct vm *vm, struct monitor *main_monitor)
{
    struct monitor *catch = vm->monitors != NULL ? vm->monitors->catch : NULL;

    *main_monitor = (struct monitor){.language = &qmp_language, .vm = vm};
    return catch != NULL ? catch : main_monitor;
}

int qemu_screendump(struct vm *vm, const char *path, int64_t deadline, GError **err)
{
    struct monitor main_monitor, *monitor = onlookers(vm, &main_monitor);
    GError *error = NULL;

    return monitor->language->screendump(monitor, path, deadline, &error) == 0
               ? 0
               : explain(vm, error, err);
}

int qemu_info(struct vm *vm, const char *what, char **text_out, int64_t deadline, GError **err)
{
    struct monitor main_monitor, *monitor = onlookers(vm, &main_monitor);
    GError *error = NULL;

    return monitor->language->info(monitor, what, text_out, deadline, &error) == 0
               ? 0
               : explain(vm, error, err);
}
