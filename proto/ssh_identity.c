/*
 * Three forms are told apart: a public key line; OpenSSH's own private form, which holds the public
 * half in the clear (PROTOCOL.key: magic, cipher, kdf, kdf options, count, public key); and PEM,
 * whose public half is taken from the .pub file beside it, if there is one.
 */
#include "proto/ssh_identity.h"

#include <string.h>

#define MAGIC "openssh-key-v1"
#define OPENSSH_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define OPENSSH_END "-----END OPENSSH PRIVATE KEY-----"

void ssh_identity_free(struct ssh_identity *identity)
{
    if (identity == NULL)
        return;
    g_free(identity->path);
    g_free(identity->type);
    g_free(identity->blob);
    g_free(identity);
}

/* Takes a length-prefixed string off the data. Transfer none; NULL when it does not fit. */
static const uint8_t *next_string(const uint8_t **at, const uint8_t *end, size_t *size_out)
{
    const uint8_t *string;
    uint32_t size;

    if (end - *at < (ptrdiff_t)sizeof(size))
        return NULL;
    memcpy(&size, *at, sizeof(size));
    size = GUINT32_FROM_BE(size);
    *at += sizeof(size);
    if (size > (size_t)(end - *at))
        return NULL;
    string = *at;
    *at += size;
    *size_out = size;
    return string;
}

static bool set_blob(struct ssh_identity *identity, const uint8_t *blob, size_t size)
{
    const uint8_t *at = blob;
    size_t type_size;
    const uint8_t *type = next_string(&at, blob + size, &type_size);

    if (type == NULL)
        return false;
    identity->type = g_strndup((const char *)type, type_size);
    identity->blob = g_memdup2(blob, size);
    identity->blob_size = size;
    return true;
}

static bool parse_public(struct ssh_identity *identity, const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t\n", 3);
    g_autofree uint8_t *blob = NULL;
    gsize size;

    if (g_strv_length(words) < 2)
        return false;
    blob = g_base64_decode(words[1], &size);
    if (!set_blob(identity, blob, size))
        return false;
    if (strcmp(identity->type, words[0]) == 0)
        return true;
    g_clear_pointer(&identity->type, g_free);
    g_clear_pointer(&identity->blob, g_free);
    return false;
}

static bool parse_openssh(struct ssh_identity *identity, const char *text)
{
    const char *begin = text + strlen(OPENSSH_BEGIN), *stop = strstr(begin, OPENSSH_END);
    g_autofree char *base64 = stop != NULL ? g_strndup(begin, stop - begin) : NULL;
    g_autofree uint8_t *data = NULL;
    const uint8_t *at, *end, *cipher, *blob;
    size_t cipher_size, size;
    gsize data_size;

    if (base64 == NULL)
        return false;
    data = g_base64_decode(base64, &data_size);
    if (data_size < sizeof(MAGIC) || memcmp(data, MAGIC, sizeof(MAGIC)) != 0)
        return false;
    at = data + sizeof(MAGIC);
    end = data + data_size;
    cipher = next_string(&at, end, &cipher_size);
    if (cipher == NULL || next_string(&at, end, &size) == NULL ||
        next_string(&at, end, &size) == NULL || end - at < (ptrdiff_t)sizeof(uint32_t))
        return false;
    at += sizeof(uint32_t);
    blob = next_string(&at, end, &size);
    identity->is_private = true;
    identity->is_locked = cipher_size != strlen("none") || memcmp(cipher, "none", 4) != 0;
    return blob != NULL && set_blob(identity, blob, size);
}

static void add_public_half(struct ssh_identity *identity)
{
    g_autofree char *path = g_strconcat(identity->path, ".pub", NULL);
    g_autofree char *text = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL))
        parse_public(identity, text);
}

static bool parse_pem(struct ssh_identity *identity, const char *text)
{
    if (strstr(text, " PRIVATE KEY-----") == NULL)
        return false;
    identity->is_private = true;
    identity->is_locked = strstr(text, "BEGIN ENCRYPTED PRIVATE KEY") != NULL ||
                          strstr(text, "Proc-Type: 4,ENCRYPTED") != NULL;
    add_public_half(identity);
    if (identity->type == NULL && strstr(text, "BEGIN RSA PRIVATE KEY") != NULL)
        identity->type = g_strdup("ssh-rsa");
    return true;
}

struct ssh_identity *ssh_identity_load(const char *path)
{
    struct ssh_identity *identity = g_new0(struct ssh_identity, 1);
    g_autofree char *text = NULL;
    bool known = false;

    identity->path = g_strdup(path);
    if (!g_file_get_contents(path, &text, NULL, NULL))
        add_public_half(identity); /* the private half may live in the agent only */
    else if (g_str_has_prefix(text, OPENSSH_BEGIN))
        known = parse_openssh(identity, text);
    else if (g_str_has_prefix(text, "-----BEGIN "))
        known = parse_pem(identity, text);
    else
        parse_public(identity, text);
    if (known || identity->blob != NULL)
        return identity;
    ssh_identity_free(identity);
    return NULL;
}
