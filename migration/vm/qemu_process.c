#include "migration/vm/qemu_process.h"

#include "migration/evidence.h"
#include "migration/vm/core_dump.h"
#include "migration/vm/qemu_words.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUIT_MS 1000   /* for QEMU to end by itself after quit */
#define KILL_MS 5000   /* for the kernel to end it after SIGKILL */
#define DEATH_MS 2000  /* between the end of the QMP stream and the exit */
#define SILENCE_MS 500 /* between the exit and the end of the QMP stream */
#define LAST_WORDS_BYTES 8192

struct qemu_process {
    char *who;
    struct child *child;
    struct qmp *qmp;
    int output_fd;      /* where it prints: a file, or memory */
    off_t output_begin; /* what lies before is of earlier processes */
    bool is_killed;     /* by us */
    int status;         /* once qemu_process_end() has seen its end */
};

static int open_output(struct qemu_process *process, const char *prefix, GError **err)
{
    g_autofree char *path = prefix != NULL ? g_strconcat(prefix, ".stderr.log", NULL) : NULL;

    if (path != NULL)
        process->output_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    else
        process->output_fd = memfd_create("qemu-output", MFD_CLOEXEC);
    if (process->output_fd < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s cannot start: cannot open %s: %s",
                    process->who, path != NULL ? path : "memory for its output", g_strerror(errno));
        return -1;
    }
    process->output_begin = lseek(process->output_fd, 0, SEEK_END);
    return 0;
}

static int start_child(struct qemu_process *process, const struct qemu_start *start, int qmp_fd,
                       GError **err)
{
    const struct child_fd own[] = {
        {.fd = process->output_fd, .as = 1},
        {.fd = process->output_fd, .as = 2},
        {.fd = qmp_fd, .as = QEMU_FD_QMP},
    };
    const struct child_fd end = {.fd = -1};
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof end);
    g_autofree const char **argv =
        g_memdup2(start->argv, (g_strv_length((char **)start->argv) + 1) * sizeof start->argv[0]);
    struct child_spec spec = {
        .argv = argv, .env = start->env, .cwd = start->core_dir, .new_session = true};

    g_array_append_vals(fds, own, G_N_ELEMENTS(own));
    for (const struct child_fd *fd = start->more_fds; fd != NULL && fd->fd >= 0; fd++)
        g_array_append_vals(fds, fd, 1);
    g_array_append_val(fds, end);
    spec.fds = (const struct child_fd *)(const void *)fds->data;
    argv[0] = start->binary;
    process->child = child_start(&spec, err);
    if (process->child != NULL && start->core_dir != NULL)
        core_dump_allow(child_pid(process->child));
    if (process->child == NULL) {
        g_autoptr(GError) cause = err != NULL ? g_steal_pointer(err) : NULL;

        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s cannot start: %s", process->who,
                    cause != NULL ? cause->message : "unknown");
        return -1;
    }
    return 0;
}

static int open_all(struct qemu_process *process, const struct qemu_start *start, GError **err)
{
    g_autofree char *log_path = NULL;
    int pair[2];
    int started;

    if (open_output(process, start->log_prefix, err) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s cannot start: socketpair: %s", start->who,
                    g_strerror(errno));
        return -1;
    }
    if (start->log_prefix != NULL)
        log_path = g_strconcat(start->log_prefix, ".qmp.log", NULL);
    started = start_child(process, start, pair[1], err);
    close(pair[1]);
    if (started < 0) {
        close(pair[0]);
        return -1;
    }
    process->qmp = qmp_open(pair[0], log_path, start->known, start->on_event, start->arg, err);
    return process->qmp != NULL ? 0 : -1;
}

struct qemu_process *qemu_process_start(const struct qemu_start *start, GError **err)
{
    struct qemu_process *process = g_new0(struct qemu_process, 1);

    process->who = g_strdup(start->who);
    process->output_fd = -1;
    if (open_all(process, start, err) == 0)
        return process;
    qemu_process_free(process);
    return NULL;
}

/* The file that it prints to gets another name: no other file can be given to a process that runs.
 */
static int link_output(const struct qemu_process *process, const char *prefix, GError **err)
{
    g_autofree char *path = g_strconcat(prefix, ".stderr.log", NULL);
    g_autofree char *open_file = g_strdup_printf("/proc/self/fd/%d", process->output_fd);

    if (linkat(AT_FDCWD, open_file, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START, "%s: what it prints cannot be kept as %s: %s",
                process->who, path, g_strerror(errno));
    return -1;
}

int qemu_process_log_to(struct qemu_process *process, const char *log_prefix, GHashTable *known,
                        GError **err)
{
    g_autofree char *path = g_strconcat(log_prefix, ".qmp.log", NULL);

    return link_output(process, log_prefix, err) < 0 ? -1
                                                     : qmp_log_to(process->qmp, path, known, err);
}

/* A closed stream means death; how is known a moment later. */
static void explain(struct qemu_process *process, enum vm_error code, GError **err)
{
    if (err == NULL || !g_error_matches(*err, SYNC_ERROR, SYNC_ERROR_CLOSED))
        return;
    g_clear_error(err);
    g_propagate_error(err, qemu_process_death(process, code));
}

int qemu_process_greet(struct qemu_process *process, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;

    if (qmp_greet(process->qmp, deadline, &error) == 0)
        return 0;
    explain(process, VM_ERROR_START, &error);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

int qemu_process_command(struct qemu_process *process, const char *name, json_t *arguments, int fd,
                         int64_t deadline, json_t **reply_out, GError **err)
{
    g_autoptr(GError) error = NULL;

    if (qmp_command(process->qmp, name, arguments, fd, deadline, reply_out, &error) == 0)
        return 0;
    explain(process, VM_ERROR_DIED, &error);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

int qemu_process_ask(struct qemu_process *process, const char *name, json_t *arguments,
                     int64_t deadline, json_t **reply_out, json_t **refusal_out, GError **err)
{
    g_autoptr(GError) error = NULL;

    if (qmp_ask(process->qmp, name, arguments, -1, deadline, reply_out, refusal_out, &error) == 0)
        return 0;
    explain(process, VM_ERROR_DIED, &error);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

struct qmp_later *qemu_process_later(struct qemu_process *process, const char *name,
                                     json_t *arguments, qmp_answer_fn on_answer, void *arg,
                                     GError **err)
{
    return qmp_later(process->qmp, name, arguments, on_answer, arg, err);
}

void qemu_process_on_ended(struct qemu_process *process, qmp_ended_fn on_ended, void *arg)
{
    qmp_on_ended(process->qmp, on_ended, arg);
}

pid_t qemu_process_pid(const struct qemu_process *process)
{
    return child_pid(process->child);
}

struct event *qemu_process_ended(struct qemu_process *process)
{
    return child_ended(process->child);
}

void qemu_process_await_silence(struct qemu_process *process)
{
    await_event(qmp_ended(process->qmp), deadline_in(SILENCE_MS), NULL);
}

char *qemu_process_last_words(const struct qemu_process *process, bool *are_own_out)
{
    g_autofree char *buffer = g_malloc(LAST_WORDS_BYTES + 1);
    off_t size = lseek(process->output_fd, 0, SEEK_END);
    off_t from = MAX(process->output_begin, size - (off_t)LAST_WORDS_BYTES);
    ssize_t got = pread(process->output_fd, buffer, LAST_WORDS_BYTES, from);

    buffer[MAX(got, 0)] = '\0';
    return qemu_words_why(buffer, are_own_out);
}

/* What the end of a process shows: a signal comes from its own host, words from it or its peer. */
static Vtmh__Evidence evidence_of_death(int status, const char *words, bool are_own)
{
    if (child_was_killed(status))
        return VTMH__EVIDENCE__EVIDENCE_KILLED;
    return words != NULL && !are_own ? VTMH__EVIDENCE__EVIDENCE_PEER
                                     : VTMH__EVIDENCE__EVIDENCE_SELF;
}

GError *qemu_process_death(struct qemu_process *process, enum vm_error code)
{
    g_autofree char *words = NULL;
    g_autofree char *how = NULL;
    bool are_own = false;
    int status = 0;
    GError *error;

    fiber_shield();
    if (child_await(process->child, deadline_in(DEATH_MS), &status, NULL) == 0)
        how = child_describe_status(status);
    fiber_unshield();
    words = qemu_process_last_words(process, &are_own);
    if (code == VM_ERROR_START && words != NULL && qemu_words_is_lack(words))
        code = VM_ERROR_UNSUPPORTED;
    error = g_error_new(VM_ERROR, (int)code, "%s ended (%s)%s%s", process->who,
                        how != NULL ? how : "its QMP stream is closed but it still runs",
                        words != NULL ? ": " : " and said nothing", words != NULL ? words : "");
    return evidence_set(error, evidence_of_death(status, words, are_own), 0);
}

void qemu_process_kill(struct qemu_process *process)
{
    process->is_killed = true;
    child_signal(process->child, SIGKILL);
}

int qemu_process_status(const struct qemu_process *process)
{
    return process->is_killed ? 0 : process->status;
}

int qemu_process_end(struct qemu_process *process, GError **err)
{
    struct event *ended = child_ended(process->child);
    int result = 0;

    fiber_shield();
    if (!event_is_set(ended)) {
        int64_t deadline = deadline_in(QUIT_MS);

        if (qmp_command(process->qmp, "quit", NULL, -1, deadline, NULL, NULL) < 0 &&
            !event_is_set(qmp_ended(process->qmp)))
            qemu_process_kill(process);
        if (await_event(ended, deadline, NULL) < 0)
            qemu_process_kill(process);
    }
    if (child_await(process->child, deadline_in(KILL_MS), &process->status, NULL) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_DIED, "%s (pid %d) does not end after SIGKILL",
                    process->who, (int)child_pid(process->child));
        result = -1;
    }
    fiber_unshield();
    return result;
}

void qemu_process_free(struct qemu_process *process)
{
    if (process == NULL)
        return;
    qmp_close(process->qmp);
    child_free(process->child);
    if (process->output_fd >= 0)
        close(process->output_fd);
    g_free(process->who);
    g_free(process);
}
