/*
 * libssh2 asks for its own favourite kind of host key. A host with several keys, of which we know
 * one, would then look changed; so the kinds that are known for it are asked for first.
 */
#include "proto/ssh_private.h"

#include <string.h>

/* What OpenSSH would write down for a new host comes first. */
static const char *const favourites[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", NULL};

/* The kinds that we know of the host. Transfer full. */
static GStrv known_types(const struct ssh_target *target)
{
    const struct known_hosts_policy *policy = target->host_keys;

    if (policy->mode == KNOWN_HOSTS_FIRST_SIGHT)
        return g_new0(char *, 1);
    if (policy->mode == KNOWN_HOSTS_PINNED) {
        const char *space = strchr(policy->pinned, ' ');
        char *type = space != NULL ? g_strndup(policy->pinned, space - policy->pinned)
                                   : g_strdup(policy->pinned);
        char *types[] = {type, NULL};
        GStrv copy = g_strdupv(types);

        g_free(type);
        return copy;
    }
    return known_hosts_key_types(policy->files, target->host_key_name, target->port);
}

static void append_if_supported(GString *list, const char *type, const char *const *supported,
                                int n_supported)
{
    for (int i = 0; i < n_supported; i++) {
        if (strcmp(supported[i], type) == 0)
            g_string_append_printf(list, "%s%s", list->len > 0 ? "," : "", type);
    }
}

int ssh_prefer_host_keys(struct ssh *ssh, const struct ssh_target *target, GError **err)
{
    g_autoptr(GString) list = g_string_new(NULL);
    g_auto(GStrv) known = known_types(target);
    const char **supported = NULL;
    int n = libssh2_session_supported_algs(ssh->session, LIBSSH2_METHOD_HOSTKEY, &supported);

    if (n <= 0)
        return ssh_fail(ssh, SSH_ERROR_HANDSHAKE, "listing host key algorithms", err);
    for (char **type = known; *type != NULL; type++)
        append_if_supported(list, *type, supported, n);
    for (const char *const *type = favourites; *type != NULL; type++)
        append_if_supported(list, *type, supported, n);
    for (int i = 0; i < n; i++)
        append_if_supported(list, supported[i], supported, n);
    libssh2_free(ssh->session, supported);

    if (libssh2_session_method_pref(ssh->session, LIBSSH2_METHOD_HOSTKEY, list->str) < 0)
        return ssh_fail(ssh, SSH_ERROR_HANDSHAKE, "choosing host key algorithms", err);
    return 0;
}

static char *type_of(const uint8_t *key, size_t size)
{
    uint32_t length;

    if (size < sizeof(length))
        return g_strdup("unknown");
    memcpy(&length, key, sizeof(length));
    length = GUINT32_FROM_BE(length);
    return length <= size - sizeof(length) ? g_strndup((const char *)key + sizeof(length), length)
                                           : g_strdup("unknown");
}

struct shown_key {
    const uint8_t *blob;
    size_t size;
    char *text; /* "ssh-ed25519 SHA256:…" */
};

static int check_pinned(struct ssh *ssh, const struct ssh_target *target,
                        const struct shown_key *key, GError **err)
{
    g_auto(GStrv) words = g_strsplit(target->host_keys->pinned, " ", 3);
    g_autofree uint8_t *pinned = NULL;
    g_autofree char *fingerprint = NULL;
    gsize size = 0;

    if (words[0] != NULL && words[1] != NULL)
        pinned = g_base64_decode(words[1], &size);
    if (pinned != NULL && size == key->size && memcmp(pinned, key->blob, size) == 0)
        return 0;
    fingerprint = known_hosts_fingerprint(pinned, size);
    g_set_error(err, SSH_ERROR, SSH_ERROR_HOST_KEY, "%s: shows the host key %s, expected %s %s",
                ssh->name, key->text, words[0] != NULL ? words[0] : "?", fingerprint);
    return -1;
}

/* The name as known_hosts and ssh-keygen -R take it. Transfer full. */
static char *name_in_file(const struct ssh_target *target)
{
    return target->port == 22 ? g_strdup(target->host_key_name)
                              : g_strdup_printf("[%s]:%u", target->host_key_name, target->port);
}

static int refuse_unknown(struct ssh *ssh, const struct ssh_target *target,
                          const struct shown_key *key, GError **err)
{
    const char *hint = target->host_keys->accept_hint;

    g_set_error(err, SSH_ERROR, SSH_ERROR_HOST_KEY, "%s: its host key is not known: %s%s%s",
                ssh->name, key->text,
                hint != NULL ? "; if that is the right one, accept it with: " : "",
                hint != NULL ? hint : "");
    return -1;
}

static int refuse_changed(struct ssh *ssh, const struct ssh_target *target,
                          const struct shown_key *key, const char *where, GError **err)
{
    g_autofree char *name = name_in_file(target);
    g_autofree char *file = g_strndup(where, strrchr(where, ':') - where);

    g_set_error(err, SSH_ERROR, SSH_ERROR_HOST_KEY,
                "%s: its host key has changed, or somebody answers in its place: it shows %s, %s "
                "holds another; if the change is right, remove the old one with: ssh-keygen -R "
                "'%s' -f '%s'",
                ssh->name, key->text, where, name, file);
    return -1;
}

static int accept_new(const struct ssh_target *target, const struct shown_key *key, GError **err)
{
    const char *const *files = target->host_keys->files;
    g_autoptr(GError) why = NULL;

    if (files == NULL || files[0] == NULL ||
        known_hosts_add(files[0], target->host_key_name, target->port, key->blob, key->size,
                        &why) == 0)
        return 0;
    g_set_error(err, SSH_ERROR, SSH_ERROR_HOST_KEY, "%s: cannot remember the new host key: %s",
                target->name, why->message);
    return -1;
}

static int judge(struct ssh *ssh, const struct ssh_target *target, const struct shown_key *key,
                 GError **err)
{
    const struct known_hosts_policy *policy = target->host_keys;
    struct known_hosts_finding finding = {0};
    g_autoptr(GError) why = NULL;
    g_autofree char *where = NULL;

    if (policy->mode == KNOWN_HOSTS_FIRST_SIGHT)
        return 0;
    if (policy->mode == KNOWN_HOSTS_PINNED)
        return check_pinned(ssh, target, key, err);
    if (known_hosts_check(policy->files, target->host_key_name, target->port, key->blob, key->size,
                          &finding, &why) < 0) {
        g_set_error(err, SSH_ERROR, SSH_ERROR_HOST_KEY, "%s: %s", ssh->name, why->message);
        return -1;
    }
    where = finding.where;
    switch (finding.answer) {
    case KNOWN_HOSTS_MATCH:
        return 0;
    case KNOWN_HOSTS_UNKNOWN:
        return policy->mode == KNOWN_HOSTS_ACCEPT_NEW ? accept_new(target, key, err)
                                                      : refuse_unknown(ssh, target, key, err);
    case KNOWN_HOSTS_CHANGED:
        return refuse_changed(ssh, target, key, where, err);
    case KNOWN_HOSTS_REVOKED:
        break;
    }
    g_set_error(err, SSH_ERROR, SSH_ERROR_HOST_KEY, "%s: its host key %s is revoked by %s",
                ssh->name, key->text, where);
    return -1;
}

char *ssh_host_key(const struct ssh *ssh)
{
    size_t size;
    int type;
    const char *blob = libssh2_session_hostkey(ssh->session, &size, &type);
    g_autofree char *name = type_of((const uint8_t *)blob, size);
    g_autofree char *text = g_base64_encode((const guchar *)blob, size);

    return g_strconcat(name, " ", text, NULL);
}

int ssh_check_host_key(struct ssh *ssh, const struct ssh_target *target, GError **err)
{
    struct shown_key key = {0};
    int type, rc;

    key.blob = (const uint8_t *)libssh2_session_hostkey(ssh->session, &key.size, &type);
    if (key.blob == NULL)
        return ssh_fail(ssh, SSH_ERROR_HANDSHAKE, "asking for the host key", err);
    {
        g_autofree char *type_name = type_of(key.blob, key.size);
        g_autofree char *fingerprint = known_hosts_fingerprint(key.blob, key.size);

        key.text = g_strdup_printf("%s %s", type_name, fingerprint);
    }
    rc = judge(ssh, target, &key, err);
    g_free(key.text);
    return rc;
}
