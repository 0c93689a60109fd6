/* What the files of the SSH session share. Nobody else includes this. */
#pragma once

#include "proto/ssh.h"
#include "sync/child.h"
#include "sync/stream.h"

#include <libssh2.h>

/* The first bytes from the server: its banner and what it offers, for the message of a failure. */
#define SSH_OPENING_MAX 8192

/* What a server may send before it has let us log in: lines in front of its banner, key exchange,
 * a message to the user. A real one needs some KiB. */
#define SSH_BEFORE_LOGIN_MAX ((size_t)1 << 20)

struct ssh {
    char *name; /* as the user wrote it */
    LIBSSH2_SESSION *session;
    struct stream *stream;
    struct child *proxy;
    int proxy_log; /* a memory file with the proxy's stderr, or -1 */
    char *peer_address, *local_address;

    bool busy;         /* an operation runs */
    bool broken;       /* one was interrupted or the connection failed: only good for closing */
    struct event idle; /* set when an operation has ended */

    uint8_t *opening; /* until the handshake is done */
    size_t opening_size;

    size_t received_at_once; /* bytes since the last wait */
    size_t received_before;  /* bytes until the login */
    bool is_logged_in;
    bool is_flooded; /* more than SSH_BEFORE_LOGIN_MAX of them */

    uint64_t copy_bytes_per_s; /* 0: no limit */
    const char *answer;        /* to what the server asks while it lets us log in */
};

/* ssh_dial.c: sets stream, addresses and proxy. */
int ssh_dial(struct ssh *ssh, const struct ssh_target *target, int64_t deadline, GError **err);

/* ssh_dial.c: a TCP connection in place of the one that it has, if any. Transfer full: stream. */
void ssh_take(struct ssh *ssh, struct stream *stream, const char *peer_address);

/* ssh_reach.c: as ssh_dial(), and where the target says banner_ms also the server's first words. */
int ssh_reach(struct ssh *ssh, const struct ssh_target *target, int64_t deadline, GError **err);

/* What the proxy command said on stderr: its last line, or NULL. Transfer full. */
char *ssh_proxy_complaint(struct ssh *ssh);

/* ssh_host_key.c: asks for a key of a kind that is known; then, after the handshake, judges it. */
int ssh_prefer_host_keys(struct ssh *ssh, const struct ssh_target *target, GError **err);
int ssh_check_host_key(struct ssh *ssh, const struct ssh_target *target, GError **err);

/* ssh_offer.c: "host offers ssh-rsa; this libssh2 speaks …" for the first category in which the
 * opening shows nothing in common, or NULL. Transfer full. */
char *ssh_explain_handshake(struct ssh *ssh);

/* ssh_auth.c */
int ssh_authenticate(struct ssh *ssh, const struct ssh_target *target, int64_t deadline,
                     GError **err);

/* ssh.c: waits for what libssh2 waits for after LIBSSH2_ERROR_EAGAIN. A failure breaks the
 * session. */
int ssh_await(struct ssh *ssh, int64_t deadline, GError **err);

/* Whether libssh2 holds half a packet that must be sent before anything else is called. */
bool ssh_is_mid_packet(const struct ssh *ssh);

/* Sets err from the session's last error and returns -1. A dead connection breaks the session. */
int ssh_fail(struct ssh *ssh, enum ssh_error code, const char *doing, GError **err);

/* One operation at a time: waits for its turn; every successful begin is followed by an end. */
int ssh_begin(struct ssh *ssh, int64_t deadline, GError **err);
void ssh_end(struct ssh *ssh);

/*
 * ssh_exec.c: runs a command with the given source and sinks. fill: puts up to size bytes of stdin
 * into buffer and returns how many, 0 at the end, -1 with err. take: gets what the command wrote;
 * stream 0 stdout, 1 stderr; returns -1 with err to give up. Calls ssh_begin() and ssh_end().
 */
struct ssh_command_io {
    ssize_t (*fill)(void *arg, void *buffer, size_t size, GError **err); /* NULL: no stdin */
    int (*take)(void *arg, int stream, const void *data, size_t size, GError **err);
    void *arg;
};
int ssh_exec(struct ssh *ssh, const char *command, const struct ssh_command_io *io,
             int64_t deadline, int *status_out, GError **err);
