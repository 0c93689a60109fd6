/*
 * An SSH session on the loop (libssh2), for hosts and for guests.
 *
 * One operation at a time runs on a session; a second fiber waits for its turn. Every call takes a
 * deadline and can be cancelled; after either the session is unusable and only good for
 * ssh_close(). The agent is asked on the thread pool, and can be waited for longer than the
 * deadline. Keys with a passphrase are used through the agent only. libssh2 1.10 knows neither
 * rsa-sha2 nor ETM-only servers: errors say what the server offers and what we speak.
 *
 * Errors: SSH_ERROR, SYNC_ERROR_TIMEOUT and SYNC_ERROR_CANCELLED; messages begin with the target's
 * name.
 */
#pragma once

#include "proto/known_hosts.h"
#include "sync/autoptr.h"
#include "sync/fiber.h"

#define SSH_ERROR (ssh_error_quark())
GQuark ssh_error_quark(void);

enum ssh_error {
    SSH_ERROR_RESOLVE,   /* the name does not resolve */
    SSH_ERROR_CONNECT,   /* refused, unreachable, proxy failed */
    SSH_ERROR_HANDSHAKE, /* no common algorithm, or not an SSH server */
    SSH_ERROR_FLOOD,     /* it sends without end and does not let us log in */
    SSH_ERROR_HOST_KEY,  /* unknown, changed or revoked; the message has the fingerprint and the
                            command that would accept it */
    SSH_ERROR_AUTH,      /* no key or password was accepted; the message lists what was tried */
    SSH_ERROR_CHANNEL,   /* the session broke, a command could not be started, a copy failed */
};

struct ssh_target {
    const char *name;     /* as the user wrote it, for messages */
    const char *hostname; /* to connect to: a name or a numeric address */
    uint16_t port;
    const char *user;
    const char *host_key_name; /* looked up in known_hosts: HostKeyAlias or hostname */
    const char *const
        *identity_files;      /* private keys, tried in order; NULL-terminated, may be NULL */
    bool use_agent;           /* that of agent_socket or $SSH_AUTH_SOCK */
    const char *agent_socket; /* path of the agent's socket; NULL: $SSH_AUTH_SOCK */
    bool identities_only;
    const char *password; /* tried after the keys (password, keyboard-interactive); NULL: none */
    const char *proxy_command; /* run by /bin/sh -c; its stdin/stdout is the connection; or NULL */
    const struct known_hosts_policy *host_keys; /* who may answer */
    int64_t banner_ms;   /* one that has not begun to speak by then is a HANDSHAKE error; newer
                            connections are tried meanwhile, and where one is turned away it is that
                            error at once. Then hostname is numeric, and there is no proxy_command;
                            the same who tries again gives more time. 0: until the deadline */
    const char *ciphers; /* in the order in which they are asked for, with commas; NULL: libssh2's.
                            Those that it does not know are left out */
};

struct ssh;

/* Connects, checks the host key, authenticates. Transfer full. */
struct ssh *ssh_connect(const struct ssh_target *target, int64_t deadline, GError **err);

/* The numeric address of the peer ("" behind a proxy command) and of our own end. Transfer none. */
const char *ssh_peer_address(const struct ssh *ssh);
const char *ssh_local_address(const struct ssh *ssh);

/* The key by which the server proved itself: "ssh-ed25519 AAAA…", as known_hosts_policy.pinned
 * wants it. Transfer full. */
char *ssh_host_key(const struct ssh *ssh);

/* Whether it is of no more use: an operation was given up in its middle, or the connection failed.
 */
bool ssh_is_broken(const struct ssh *ssh);

/* Copies on this session go no faster from now on. 0: as fast as they can. */
void ssh_limit(struct ssh *ssh, uint64_t bytes_per_s);

struct ssh_result {
    int status;      /* exit status; 128 + n when killed by signal n */
    char *out, *err; /* each at most 1 MiB, NUL-terminated, valid UTF-8 not promised */
};
typedef struct ssh_result ssh_result;
void ssh_result_clear(struct ssh_result *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ssh_result, ssh_result_clear)

/*
 * Runs a command line through the login shell of the other side, with input on its stdin. Returns 0
 * whatever the exit status.
 */
int ssh_run(struct ssh *ssh, const char *command, const void *input, size_t input_size,
            int64_t deadline, struct ssh_result *result, GError **err);

/* Called with bytes done and total while a copy runs. */
typedef void (*ssh_progress_fn)(uint64_t done, uint64_t total, void *arg);

/*
 * Copies a regular file there: written beside under a temporary name, counted, then renamed, so
 * that whatever breaks leaves the old file or the new one. mode: permission bits. Needs a POSIX
 * shell there, nothing else.
 */
int ssh_upload(struct ssh *ssh, const char *local_path, const char *remote_path, int mode,
               ssh_progress_fn progress, void *arg, int64_t deadline, GError **err);

/* Copies a file from there; local_path appears only when it is whole, and no longer than max_bytes
 * (0: of any size): else CHANNEL. total is 0 in what progress is told. */
int ssh_download(struct ssh *ssh, const char *remote_path, const char *local_path,
                 uint64_t max_bytes, ssh_progress_fn progress, void *arg, int64_t deadline,
                 GError **err);

/*
 * Ends the session; never waits longer than a moment. No other fiber may be in a call on it. NULL
 * is fine. Call in a fiber.
 */
void ssh_close(struct ssh *ssh);

AUTOPTR_STRUCT(ssh, ssh_close);
