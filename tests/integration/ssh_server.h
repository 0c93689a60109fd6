/*
 * A real OpenSSH server on 127.0.0.1 with keys and configuration of its own in a temporary folder,
 * for one test. The user who runs the test may log in with the key `user_key`.
 */
#pragma once

#include "proto/ssh.h"
#include "sync/child.h"
#include "sync/stream.h"

#define SSH_SERVER_PROGRAM "/usr/sbin/sshd"

struct ssh_server {
    char *folder;
    char *config;      /* its configuration file */
    char *known_hosts; /* does not exist at first */
    char *user_key;    /* private key file that it accepts */
    uint16_t port;
    struct child *child;
    struct stream *log; /* its stderr */
};

/* Why a server cannot be run here, or NULL. */
const char *ssh_server_missing(void);

/* Makes folder, keys and configuration; extra: more configuration lines, or NULL. */
struct ssh_server *ssh_server_prepare(const char *extra);

/* Starts it on a free port and waits until it listens. Call in a fiber; fails the test if it
 * cannot. */
void ssh_server_start(struct ssh_server *server);

/* Ends it and removes the folder. */
void ssh_server_free(struct ssh_server *server);

/* A path in its folder. Transfer full. */
char *ssh_server_path(const struct ssh_server *server, const char *name);

/* Runs a program to its end, which must be good; returns its stdout. Transfer full. */
char *ssh_server_tool(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Writes its host keys (of the kinds named, "ed25519", "ecdsa"; NULL ends) to known_hosts. */
void ssh_server_make_known(const struct ssh_server *server, ...) G_GNUC_NULL_TERMINATED;
