/* What a user's key file is, without its secret: kind, public half, whether a passphrase locks
 * it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ssh_identity {
    char *path;
    bool is_private; /* false: a public key only, whose other half may be in the agent */
    bool is_locked;  /* by a passphrase */
    char *type;      /* "ssh-ed25519"; NULL: not known without unlocking */
    uint8_t *blob;   /* the public key, or NULL when not known */
    gsize blob_size;
};

/* NULL when there is no such file, or nothing in it that is a key. Transfer full. */
struct ssh_identity *ssh_identity_load(const char *path);
void ssh_identity_free(struct ssh_identity *identity);
