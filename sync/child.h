/*
 * A child process that fibers wait for. The exit is an event; nothing polls.
 *
 * The child gets the descriptors named in its spec, /dev/null for those of 0, 1, 2 that are not, no
 * other (all of ours are close-on-exec), and default signal dispositions. Errors are of SYNC_ERROR.
 */
#pragma once

#include "sync/fiber.h"

#include <sys/types.h>

struct child;

/* What a child is started with. Zeroed fields mean: inherit environment and directory, /dev/null */
struct child_spec {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *const *env;  /* extra "KEY=VALUE" added to the environment, NULL-terminated */
    const char *cwd;
    const struct child_fd *fds; /* descriptors the child inherits, ended by {.fd = -1} when set */
    bool new_session;           /* setsid: signals of our terminal do not reach it */
};

struct child_fd {
    int fd; /* ours; stays open here */
    int as; /* number in the child: 0, 1, 2 or above, below CHILD_FD_MAX */
};

#define CHILD_FD_MAX 256

/* Starts the child. Transfer full. The error names the program and the reason. */
struct child *child_start(const struct child_spec *spec, GError **err);

pid_t child_pid(const struct child *child);

/* Set when the child has ended. Transfer none; wait for it with await_any() beside other events. */
struct event *child_ended(struct child *child);

/* Waits for the end. *status_out (NULL allowed): 0..255 exit status, or 256 + signal number. */
int child_await(struct child *child, int64_t deadline, int *status_out, GError **err);

/* Whether a status is that of a signal. */
static inline bool child_was_killed(int status)
{
    return status >= 256;
}

/* "exit status 1", "killed by SIGKILL". Transfer full. */
char *child_describe_status(int status);

/* Sends a signal if the child still runs. */
void child_signal(struct child *child, int signum);

/*
 * Frees the record. A child that still runs is killed (SIGKILL; with new_session its whole process
 * group) and reaped by the loop; fiber_run() waits for that, but not for one that hangs in the
 * kernel. Nobody may be waiting for child_ended(). NULL is fine.
 */
void child_free(struct child *child);

/*
 * Runs a program to its end with input on stdin; collects stdout and stderr (each at most 1 MiB,
 * the rest is dropped). It has a session of its own: a Ctrl-C on our terminal is for us, and would
 * end it halfway. Returns 0 whatever the exit status; -1 when it could not be started or the
 * deadline passed (the child is then killed). The strings are transfer full, NULL is allowed for
 * each output and for input. What a process left behind by the child writes later is not collected.
 */
int child_run(const char *const *argv, const char *input, int64_t deadline, int *status_out,
              char **stdout_out, char **stderr_out, GError **err);

AUTOPTR_STRUCT(child, child_free);
