/*
 * One QEMU process: started with its QMP on a socket pair, so that there is no path to wait for and
 * its death is the end of a stream. What it prints goes to a file, whose tail belongs to errors.
 */
#pragma once

#include "migration/vm/platform.h"
#include "migration/vm/qmp.h"
#include "sync/child.h"

#include <sys/types.h>

/* Descriptors under which the process finds its sockets: for the command line. */
enum {
    QEMU_FD_QMP = 3,
    QEMU_FD_SERIAL = 4,
    QEMU_FD_AGENT = 5,
    QEMU_FD_TPM = 6,
    QEMU_FD_MONITOR = 32, /* and what follows: of its other monitors */
    QEMU_FD_NET = 64,     /* and what follows: of its networks (vm/net.h) */
};

struct qemu_process;

struct qemu_start {
    const char *who;         /* "QEMU of vm1 on host1", for messages */
    const char *binary;      /* path, or a name in PATH */
    const char *const *argv; /* argv[0] too */
    const char *core_dir;    /* it runs there, and leaves its core there when it dies of a signal;
                                NULL: it leaves none */
    const char *const *env;  /* "KEY=VALUE", added to the environment; NULL: nothing */
    const struct child_fd *more_fds; /* ended by {.fd = -1}; stay the caller's; NULL: none */
    const char
        *log_prefix;   /* PREFIX.qmp.log and PREFIX.stderr.log are appended to; NULL: no files */
    GHashTable *known; /* what is in PREFIX.qmp.log already (qmp_log.h), or NULL */
    qmp_event_fn on_event;
    void *arg;
};

/* Starts the process; does not wait for it. VM_ERROR_START. Transfer full. */
struct qemu_process *qemu_process_start(const struct qemu_start *start, GError **err);

/* Waits until QMP answers. VM_ERROR_START with what QEMU said when it has ended;
 * UNSUPPORTED where it says that it lacks what was asked for. */
int qemu_process_greet(struct qemu_process *process, int64_t deadline, GError **err);

/* As qmp_command(); when QEMU has gone, VM_ERROR_DIED with how and its last words. */
int qemu_process_command(struct qemu_process *process, const char *name, json_t *arguments, int fd,
                         int64_t deadline, json_t **reply_out, GError **err);

/* The same, with the refusal as of qmp_ask(). */
int qemu_process_ask(struct qemu_process *process, const char *name, json_t *arguments,
                     int64_t deadline, json_t **reply_out, json_t **refusal_out, GError **err);

/* As of qmp_later(), of its QMP. */
struct qmp_later *qemu_process_later(struct qemu_process *process, const char *name,
                                     json_t *arguments, qmp_answer_fn on_answer, void *arg,
                                     GError **err);

/* As of qmp_on_ended(), of its QMP. */
void qemu_process_on_ended(struct qemu_process *process, qmp_ended_fn on_ended, void *arg);

/* At once, by SIGKILL; waits for nothing. */
void qemu_process_kill(struct qemu_process *process);

/* From now on its logs are those of another PREFIX, in a folder of the same file system: what it
 * prints is there too, with what it has printed. VM_ERROR_START. */
int qemu_process_log_to(struct qemu_process *process, const char *log_prefix, GHashTable *known,
                        GError **err);

pid_t qemu_process_pid(const struct qemu_process *process);
struct event *qemu_process_ended(struct qemu_process *process);

/* After its end: waits until all that it said by QMP has been taken, for a moment at most. */
void qemu_process_await_silence(struct qemu_process *process);

/* "QEMU of vm1 on host1 ended (killed by SIGKILL): …last words…" as a VM_ERROR of the code, with
 * what it is evidence of (migration/evidence.h). Waits a moment for the end if it has not been seen
 * yet. Transfer full. */
GError *qemu_process_death(struct qemu_process *process, enum vm_error code);

/* Why it failed by what it has printed, see qemu_words_why(). Transfer full. */
char *qemu_process_last_words(const struct qemu_process *process, bool *are_own_out);

/*
 * Ends it: QMP quit, then SIGKILL. Works on a cancelled fiber. -1 (VM_ERROR_DIED, it has not) only
 * when even that does not end it in time.
 */
int qemu_process_end(struct qemu_process *process, GError **err);

/* When it has been ended: how, see vm_end(). */
int qemu_process_status(const struct qemu_process *process);

/* Frees the record; a process that still runs is killed. NULL is fine. */
void qemu_process_free(struct qemu_process *process);

AUTOPTR_STRUCT(qemu_process, qemu_process_free);
