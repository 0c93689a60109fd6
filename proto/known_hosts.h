/*
 * Who may answer: the check of a host key against known_hosts files, as OpenSSH does it, with what
 * libssh2 leaves out (@revoked, wildcards and negations, [host]:port, several keys a host).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum known_hosts_mode {
    KNOWN_HOSTS_STRICT,     /* unknown and changed keys are refused */
    KNOWN_HOSTS_ACCEPT_NEW, /* unknown keys are added to the first file; changed ones are refused */
    KNOWN_HOSTS_PINNED,     /* only the one key given; files are not read (guests) */
    KNOWN_HOSTS_FIRST_SIGHT, /* whoever answers; the caller pins ssh_host_key() from then on */
};

struct known_hosts_policy {
    enum known_hosts_mode mode;
    const char *const *files; /* user's files first; the first is written to; NULL-terminated */
    const char *pinned;       /* PINNED: "ssh-ed25519 AAAA…" */
    const char *accept_hint;  /* the command line that would accept an unknown key, for messages */
};

enum known_hosts_answer {
    KNOWN_HOSTS_MATCH,
    KNOWN_HOSTS_UNKNOWN,
    KNOWN_HOSTS_CHANGED,
    KNOWN_HOSTS_REVOKED,
};

struct known_hosts_finding {
    enum known_hosts_answer answer;
    char *where; /* FILE:LINE of the entry that decided, or NULL */
};

/*
 * Looks a key up. name: HostKeyAlias or host name; port: 22 matches plain names, others
 * "[name]:port" (and, as in OpenSSH, a plain name that holds the very same key). key: the public
 * key blob as in the SSH handshake. Files that do not exist are empty; one that cannot be read is
 * an error (G_FILE_ERROR). finding->where is transfer full.
 */
int known_hosts_check(const char *const *files, const char *name, uint16_t port, const uint8_t *key,
                      size_t key_size, struct known_hosts_finding *finding, GError **err);

/* Key types known for the host ("ssh-ed25519", …), so that one of them is negotiated. Transfer
 * full. */
GStrv known_hosts_key_types(const char *const *files, const char *name, uint16_t port);

/* Appends a line (creating file and folder, modes 600 and 700). Errors: G_FILE_ERROR. */
int known_hosts_add(const char *file, const char *name, uint16_t port, const uint8_t *key,
                    size_t key_size, GError **err);

/* "SHA256:…" as ssh-keygen -l prints it. Transfer full. */
char *known_hosts_fingerprint(const uint8_t *key, size_t key_size);
