/*
 * What the user's SSH configuration says of a machine: asked of OpenSSH itself (`ssh -G`), so that
 * Host, Match, Include and the defaults mean exactly what they mean to ssh.
 */
#pragma once

#include "proto/known_hosts.h"
#include "sync/fiber.h"

#define SSH_CONFIG_ERROR (ssh_config_error_quark())
GQuark ssh_config_error_quark(void);

enum ssh_config_error {
    SSH_CONFIG_ERROR_NO_SSH,     /* OpenSSH's client is not installed */
    SSH_CONFIG_ERROR_NO_ADDRESS, /* none of the address family that is asked for */
    SSH_CONFIG_ERROR_REFUSED, /* ssh does not take the name or the configuration; its own words */
};

/* What is asked for. */
struct ssh_config_query {
    const char *host;     /* as the user wrote it */
    const char *user;     /* NULL: the configuration decides */
    uint16_t port;        /* 0: the configuration decides */
    bool accept_new_keys; /* as StrictHostKeyChecking=accept-new, for jump hosts too */
};

struct ssh_config {
    char *hostname;
    uint16_t port;
    char *user;
    char *host_key_name;  /* HostKeyAlias, else hostname */
    GStrv identity_files; /* expanded; need not exist */
    bool identities_only;
    bool use_agent;          /* IdentityAgent is not "none" */
    char *agent_socket;      /* NULL: $SSH_AUTH_SOCK */
    GStrv known_hosts_files; /* expanded, the user's first */
    enum known_hosts_mode host_key_mode;
    char *proxy_command;        /* expanded, for /bin/sh -c; ProxyJump becomes one; NULL: none */
    int64_t connect_timeout_ms; /* 0: none */
    int address_family;         /* AF_UNSPEC, AF_INET, AF_INET6 */
};

/*
 * Runs `ssh -G`. With an AddressFamily, hostname is then a numeric address. Transfer full. Waits in
 * a fiber.
 */
struct ssh_config *ssh_config_resolve(const struct ssh_config_query *query, int64_t deadline,
                                      GError **err);

/* Reads the output of `ssh -G`. home: the user's home folder, for ~ and %d. Transfer full. */
struct ssh_config *ssh_config_parse(const char *text, const struct ssh_config_query *query,
                                    const char *home, GError **err);

void ssh_config_free(struct ssh_config *config);
AUTOPTR_STRUCT(ssh_config, ssh_config_free);
