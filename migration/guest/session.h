/*
 * A session: being logged in to a guest, by whichever way (way.h) led in.
 *
 * One command at a time; a second fiber waits for its turn, and holds the session meanwhile. Every
 * call has a deadline and can be cancelled; one that ends by that in its turn, or with
 * SESSION_ERROR_BROKEN, leaves a session that is only good for session_close() (session_is_broken).
 * Commands are lines for the guest's own /bin/sh, whatever the login shell is; for cmd.exe in a
 * guest with Windows, where what takes more of a shell is CANNOT: jobs and copies.
 *
 * Errors: SESSION_ERROR, SYNC_ERROR. Messages begin with the way and where it led:
 * "ssh root@127.0.0.1:40022: …".
 */
#pragma once

#include "sync/autoptr.h"
#include "sync/fiber.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SESSION_ERROR (session_error_quark())
GQuark session_error_quark(void);

enum session_error {
    SESSION_ERROR_NOT_YET,   /* nobody answers there, or nobody who lets in: worth another try */
    SESSION_ERROR_REFUSED,   /* user, key, password or host key are wrong: another try is not */
    SESSION_ERROR_BROKEN,    /* the connection ended, or somebody else talks on it */
    SESSION_ERROR_FAILED,    /* what was asked for was not done; the session is as good as before */
    SESSION_ERROR_CANNOT,    /* this way cannot do that */
    SESSION_ERROR_NOT_BEGUN, /* it broke in another's turn: nothing was done */
};

struct session;

/* "ssh", and "ssh root@127.0.0.1:40022". Transfer none. */
const char *session_way(const struct session *session);
const char *session_where(const struct session *session);

/* Keeps it there until it is closed once more. Returns it. Transfer full. */
struct session *session_hold(struct session *session);

/* It ends with the last who holds it. NULL is fine. Call in a fiber. */
void session_close(struct session *session);
AUTOPTR_STRUCT(session, session_close);

bool session_is_broken(const struct session *session);

/* How a command ended, and what it said. */
struct session_result {
    int status;      /* exit status; 128 + n when killed by signal n */
    char *out, *err; /* at most 1 MiB each, NUL-terminated; valid UTF-8 is not promised */
};
typedef struct session_result session_result;
void session_result_clear(struct session_result *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(session_result, session_result_clear)

/*
 * Runs a command to its end, with input on its stdin (NULL: none). Returns 0 whatever the exit
 * status; then the result is to be cleared.
 */
int session_run(struct session *session, const char *command, const void *input, size_t input_size,
                int64_t deadline, struct session_result *result, GError **err);

/* Runs a command that must end with status 0: else FAILED, with the command, its status and the
 * last of what it said. *out (may be NULL): its stdout without blanks at its end. Transfer full. */
int session_run_ok(struct session *session, const char *command, int64_t deadline, char **out,
                   GError **err);

/*
 * Starts a command that goes on without the session and without its host: on whatever host the
 * guest is later, any session finds it again by its token (letters, digits, - and _). FAILED: the
 * token is taken, or the guest has no place for its files (/tmp/vtmh-job-TOKEN).
 */
int session_start(struct session *session, const char *token, const char *command, int64_t deadline,
                  GError **err);

enum session_job {
    SESSION_JOB_UNKNOWN, /* there is none of that token: never was, or the guest has forgotten it */
    SESSION_JOB_RUNS,
    SESSION_JOB_ENDED,
    SESSION_JOB_LOST, /* it is gone without a status: killed, or the guest has started anew */
};

/*
 * What became of a started command, and what it has said so far; status is only of meaning for
 * ENDED. With wait_ms the guest is asked to answer when it has ended, at the latest then.
 */
int session_find(struct session *session, const char *token, int64_t wait_ms, int64_t deadline,
                 enum session_job *job, struct session_result *result, GError **err);

/* Ends a started command with all of its process group, and removes what there is of it. */
int session_forget(struct session *session, const char *token, int64_t deadline, GError **err);

/* How files are copied. */
struct session_copy {
    int mode;             /* permission bits of the copy in the guest; 0: 0644 */
    uint64_t bytes_per_s; /* 0: as fast as it goes */
    uint64_t max_bytes;   /* from the guest: of a longer file nothing is kept (FAILED); 0: any */
    bool check;           /* its SHA-256 is compared afterwards */
    void (*progress)(uint64_t done, uint64_t total, void *arg); /* total 0: not known. Or NULL */
    void *arg;
};

/* Copies a regular file to or from the guest; it bears its name only when it is whole. how: NULL:
 * none of that. FAILED: one of the two files cannot be had, or they are not the same. */
int session_put(struct session *session, const char *local_path, const char *guest_path,
                const struct session_copy *how, int64_t deadline, GError **err);
int session_get(struct session *session, const char *guest_path, const char *local_path,
                const struct session_copy *how, int64_t deadline, GError **err);
