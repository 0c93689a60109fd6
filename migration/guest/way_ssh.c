/* The guest's own SSH server: with a key, or a password. */
#include "migration/guest/way.h"

#include "proto/ssh.h"

#include <string.h>

/* The first of these costs least where the CPU has AES; libssh2 asks for the dearest first. */
#define CIPHERS "aes128-ctr,aes192-ctr,aes256-ctr"

struct ssh_session {
    struct session base;
    struct ssh *ssh;
};

/* An error of ssh as one of a session; what concerns the fiber itself stays. */
static int explain(const struct session *session, GError *error, GError **err)
{
    int code;

    if (error->domain != SSH_ERROR) {
        g_propagate_error(err, error);
        return -1;
    }
    switch (error->code) {
    case SSH_ERROR_RESOLVE:
    case SSH_ERROR_CONNECT:
    case SSH_ERROR_HANDSHAKE:
        code = SESSION_ERROR_NOT_YET;
        break;
    case SSH_ERROR_CHANNEL:
        code = session != NULL && !ssh_is_broken(((const struct ssh_session *)session)->ssh)
                   ? SESSION_ERROR_FAILED
                   : SESSION_ERROR_BROKEN;
        break;
    default:
        code = SESSION_ERROR_REFUSED;
    }
    g_set_error_literal(err, SESSION_ERROR, code, error->message);
    g_error_free(error);
    return -1;
}

static struct session *open_ssh(const struct login *login, int64_t answer_ms, int64_t deadline,
                                GError **err)
{
    g_autofree char *where =
        g_strdup_printf("ssh %s@%s:%u", login->username, login->address, login->port);
    const char *const identities[] = {login->identity, NULL};
    const struct known_hosts_policy policy = {
        .mode = login->host_key != NULL ? KNOWN_HOSTS_PINNED : KNOWN_HOSTS_FIRST_SIGHT,
        .pinned = login->host_key,
    };
    const struct ssh_target target = {
        .name = where,
        .hostname = login->address,
        .port = login->port,
        .user = login->username,
        .host_key_name = login->name,
        .identity_files = identities,
        .identities_only = true,
        .password = login->password,
        .host_keys = &policy,
        .banner_ms = answer_ms,
        .ciphers = CIPHERS,
    };
    struct ssh_session *session;
    struct ssh *ssh;
    GError *error = NULL;

    if (!login_has_port(login, "ssh", err))
        return NULL;
    ssh = ssh_connect(&target, deadline, &error);
    if (ssh == NULL) {
        explain(NULL, error, err);
        return NULL;
    }
    session = g_new0(struct ssh_session, 1);
    session->base.where = g_steal_pointer(&where);
    session->ssh = ssh;
    return &session->base;
}

static struct ssh *ssh_of(const struct session *session)
{
    return ((const struct ssh_session *)session)->ssh;
}

static void close_ssh(struct session *session)
{
    ssh_close(ssh_of(session));
}

static int run_by_ssh(struct session *session, const char *command, const void *input,
                      size_t input_size, int64_t deadline, struct session_result *result,
                      GError **err)
{
    g_autofree char *quoted = g_shell_quote(command);
    g_autofree char *line =
        session->is_windows ? g_strdup(command) : g_strconcat("/bin/sh -c ", quoted, NULL);
    struct ssh_result said = {0};
    GError *error = NULL;

    if (ssh_run(ssh_of(session), line, input, input_size, deadline, &said, &error) < 0)
        return explain(session, error, err);
    *result = (struct session_result){said.status, said.out, said.err};
    return 0;
}

static int put_by_ssh(struct session *session, const char *local_path, const char *guest_path,
                      const struct session_copy *how, int64_t deadline, GError **err)
{
    GError *error = NULL;

    ssh_limit(ssh_of(session), how->bytes_per_s);
    if (ssh_upload(ssh_of(session), local_path, guest_path, how->mode, how->progress, how->arg,
                   deadline, &error) < 0)
        return explain(session, error, err);
    return 0;
}

static int get_by_ssh(struct session *session, const char *guest_path, const char *local_path,
                      const struct session_copy *how, int64_t deadline, GError **err)
{
    GError *error = NULL;

    ssh_limit(ssh_of(session), how->bytes_per_s);
    if (ssh_download(ssh_of(session), guest_path, local_path, how->max_bytes, how->progress,
                     how->arg, deadline, &error) < 0)
        return explain(session, error, err);
    return 0;
}

static char *host_key(const struct session *session)
{
    return ssh_host_key(ssh_of(session));
}

const struct way way_ssh = {
    .name = "ssh",
    .by_network = true,
    .open = open_ssh,
    .close = close_ssh,
    .run = run_by_ssh,
    .put = put_by_ssh,
    .get = get_by_ssh,
    .host_key = host_key,
};
