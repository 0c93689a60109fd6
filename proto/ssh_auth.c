/*
 * Keys are tried in OpenSSH's order: those of the identity files that the agent holds, the agent's
 * others (unless identities_only), then the files themselves. Servers cut the connection after a
 * few failures, so nothing is tried twice. A password comes last.
 *
 * libssh2 speaks to the agent without an event loop, and the agent may ask its user; so these calls
 * run on the thread pool. That is safe because a session does one thing at a time.
 */
#include "proto/ssh_private.h"

#include "proto/ssh_identity.h"
#include "sync/work.h"

#include <string.h>

#define RSA_NOTE " (RSA: this libssh2 knows only SHA-1 signatures, which OpenSSH refuses since 8.8)"

enum attempt {
    ATTEMPT_BROKE = -1, /* err is set */
    ATTEMPT_REFUSED,
    ATTEMPT_ACCEPTED,
};

struct auth {
    struct ssh *ssh;
    const struct ssh_target *target;
    int64_t deadline;
    GPtrArray *identities; /* struct ssh_identity */
    GString *tried;
    LIBSSH2_AGENT *agent;
};

static void note(struct auth *auth, const char *what, const char *outcome)
{
    g_string_append_printf(auth->tried, "%s%s: %s", auth->tried->len > 0 ? "; " : "", what,
                           outcome);
}

/* What libssh2 says of a refused key. Whether the connection is dead is left for the caller. */
static void note_refusal(struct auth *auth, const char *what, const char *type)
{
    char *why = NULL;

    libssh2_session_last_error(auth->ssh->session, &why, NULL, 0);
    note(auth, what, why != NULL && *why != '\0' ? why : "refused");
    if (g_strcmp0(type, "ssh-rsa") == 0)
        g_string_append(auth->tried, RSA_NOTE);
}

static bool connection_is_dead(const struct auth *auth)
{
    switch (libssh2_session_last_errno(auth->ssh->session)) {
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
        return true;
    }
    return false;
}

static int refuse(struct auth *auth, const char *end, GError **err)
{
    g_set_error(err, SSH_ERROR, SSH_ERROR_AUTH, "%s: cannot log in as %s: %s%s%s", auth->ssh->name,
                auth->target->user, auth->tried->len > 0 ? auth->tried->str : "no key was found",
                *end != '\0' ? "; " : "", end);
    return -1;
}

struct agent_call {
    struct auth *auth;
    struct libssh2_agent_publickey *identity;
    int rc;
};

static int open_agent_on_pool(void *arg, GError **err)
{
    struct agent_call *call = arg;
    LIBSSH2_AGENT *agent = call->auth->agent;

    (void)err;
    call->rc = libssh2_agent_connect(agent);
    if (call->rc == 0)
        call->rc = libssh2_agent_list_identities(agent);
    return 0;
}

static int sign_in_on_pool(void *arg, GError **err)
{
    struct agent_call *call = arg;

    (void)err;
    call->rc = libssh2_agent_userauth(call->auth->agent, call->auth->target->user, call->identity);
    return 0;
}

static int call_agent(struct agent_call *call, work_fn fn, GError **err)
{
    struct ssh *ssh = call->auth->ssh;

    if (await_work(fn, call, call->auth->deadline, err) == 0)
        return 0;
    ssh->broken = true;
    g_prefix_error(err, "%s: asking the SSH agent: ", ssh->name);
    return -1;
}

static char *type_of_blob(const unsigned char *blob, size_t size)
{
    uint32_t length;

    if (size < sizeof(length))
        return g_strdup("?");
    memcpy(&length, blob, sizeof(length));
    length = GUINT32_FROM_BE(length);
    return g_strndup((const char *)blob + sizeof(length), MIN(length, size - sizeof(length)));
}

static enum attempt try_agent_key(struct auth *auth, struct libssh2_agent_publickey *identity,
                                  GError **err)
{
    struct agent_call call = {.auth = auth, .identity = identity};
    g_autofree char *type = type_of_blob(identity->blob, identity->blob_len);
    g_autofree char *what = g_strdup_printf("agent key %s %s", type, identity->comment);

    for (;;) {
        if (call_agent(&call, sign_in_on_pool, err) < 0)
            return ATTEMPT_BROKE;
        if (call.rc != LIBSSH2_ERROR_EAGAIN)
            break;
        if (ssh_await(auth->ssh, auth->deadline, err) < 0)
            return ATTEMPT_BROKE;
    }
    if (call.rc == 0)
        return ATTEMPT_ACCEPTED;
    note_refusal(auth, what, type);
    return connection_is_dead(auth) ? refuse(auth, "the host ended the connection", err)
                                    : (int)ATTEMPT_REFUSED;
}

static struct ssh_identity *file_of(const struct auth *auth,
                                    const struct libssh2_agent_publickey *key)
{
    for (unsigned i = 0; i < auth->identities->len; i++) {
        struct ssh_identity *identity = auth->identities->pdata[i];

        if (identity->blob_size == key->blob_len && key->blob_len > 0 &&
            memcmp(identity->blob, key->blob, key->blob_len) == 0)
            return identity;
    }
    return NULL;
}

/* Tries the agent's keys that are (or are not) also in an identity file. */
static enum attempt try_agent_keys(struct auth *auth, bool in_files, GError **err)
{
    struct libssh2_agent_publickey *key, *previous = NULL;

    for (; libssh2_agent_get_identity(auth->agent, &key, previous) == 0; previous = key) {
        struct ssh_identity *identity = file_of(auth, key);
        enum attempt attempt;

        if ((identity != NULL) != in_files)
            continue;
        attempt = try_agent_key(auth, key, err);
        if (attempt != ATTEMPT_REFUSED)
            return attempt;
        if (identity != NULL)
            g_ptr_array_remove(auth->identities, identity);
    }
    return ATTEMPT_REFUSED;
}

static enum attempt try_agent(struct auth *auth, GError **err)
{
    struct agent_call call = {.auth = auth};
    enum attempt attempt;

    if (call_agent(&call, open_agent_on_pool, err) < 0)
        return ATTEMPT_BROKE;
    if (call.rc != 0) {
        note(auth, "agent", "does not answer");
        return ATTEMPT_REFUSED;
    }
    attempt = try_agent_keys(auth, true, err);
    if (attempt == ATTEMPT_REFUSED && !auth->target->identities_only)
        attempt = try_agent_keys(auth, false, err);
    libssh2_agent_disconnect(auth->agent);
    return attempt;
}

static enum attempt try_file(struct auth *auth, const struct ssh_identity *identity, GError **err)
{
    struct ssh *ssh = auth->ssh;
    const char *user = auth->target->user;
    int rc;

    if (!identity->is_private)
        return ATTEMPT_REFUSED;
    if (identity->is_locked) {
        note(auth, identity->path, "locked by a passphrase (add it to the agent: ssh-add)");
        return ATTEMPT_REFUSED;
    }
    while ((rc = libssh2_userauth_publickey_fromfile_ex(ssh->session, user, strlen(user), NULL,
                                                        identity->path, NULL)) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (ssh_await(ssh, auth->deadline, err) < 0)
            return ATTEMPT_BROKE;
    }
    if (rc == 0)
        return ATTEMPT_ACCEPTED;
    note_refusal(auth, identity->path, identity->type);
    return connection_is_dead(auth) ? refuse(auth, "the host ended the connection", err)
                                    : (int)ATTEMPT_REFUSED;
}

static enum attempt try_files(struct auth *auth, GError **err)
{
    for (unsigned i = 0; i < auth->identities->len; i++) {
        enum attempt attempt = try_file(auth, auth->identities->pdata[i], err);

        if (attempt != ATTEMPT_REFUSED)
            return attempt;
    }
    return ATTEMPT_REFUSED;
}

static void load_identities(struct auth *auth)
{
    const char *const *path = auth->target->identity_files;

    for (; path != NULL && *path != NULL; path++) {
        struct ssh_identity *identity = ssh_identity_load(*path);

        if (identity != NULL)
            g_ptr_array_add(auth->identities, identity);
    }
}

/* NULL when there is no agent to ask. */
static LIBSSH2_AGENT *make_agent(const struct auth *auth)
{
    const char *socket = auth->target->agent_socket;
    LIBSSH2_AGENT *agent;

    if (!auth->target->use_agent || (socket == NULL && g_getenv("SSH_AUTH_SOCK") == NULL))
        return NULL;
    agent = libssh2_agent_init(auth->ssh->session);
    if (agent != NULL && socket != NULL)
        libssh2_agent_set_identity_path(agent, socket);
    return agent;
}

static enum attempt try_keys(struct auth *auth, GError **err)
{
    enum attempt attempt = ATTEMPT_REFUSED;

    load_identities(auth);
    auth->agent = make_agent(auth);
    if (auth->agent != NULL)
        attempt = try_agent(auth, err);
    return attempt == ATTEMPT_REFUSED ? try_files(auth, err) : attempt;
}

/* The server asks something: the password is the answer to each question that is not echoed. */
static void answer_questions(const char *name, int name_size, const char *instruction,
                             int instruction_size, int n,
                             const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompts,
                             LIBSSH2_USERAUTH_KBDINT_RESPONSE *responses, void **abstract)
{
    const struct ssh *ssh = *abstract;

    (void)name, (void)name_size, (void)instruction, (void)instruction_size;
    for (int i = 0; i < n; i++) {
        const char *answer = prompts[i].echo ? "" : ssh->answer;

        responses[i].text = strdup(answer); /* libssh2 frees it with free() */
        responses[i].length = (unsigned)strlen(answer);
    }
}

static int send_password(struct auth *auth, bool by_questions)
{
    LIBSSH2_SESSION *session = auth->ssh->session;
    const char *user = auth->target->user;
    const char *password = auth->target->password;

    if (by_questions)
        return libssh2_userauth_keyboard_interactive_ex(session, user, (unsigned)strlen(user),
                                                        answer_questions);
    return libssh2_userauth_password_ex(session, user, (unsigned)strlen(user), password,
                                        (unsigned)strlen(password), NULL);
}

static enum attempt try_password_by(struct auth *auth, bool by_questions, GError **err)
{
    int rc;

    auth->ssh->answer = auth->target->password;
    while ((rc = send_password(auth, by_questions)) == LIBSSH2_ERROR_EAGAIN) {
        if (ssh_await(auth->ssh, auth->deadline, err) < 0)
            return ATTEMPT_BROKE;
    }
    auth->ssh->answer = NULL;
    if (rc == 0)
        return ATTEMPT_ACCEPTED;
    note_refusal(auth, by_questions ? "password (keyboard-interactive)" : "password", NULL);
    return connection_is_dead(auth) ? refuse(auth, "the host ended the connection", err)
                                    : (int)ATTEMPT_REFUSED;
}

static bool takes_password(const struct auth *auth, const char *methods)
{
    return auth->target->password != NULL &&
           (strstr(methods, "password") != NULL || strstr(methods, "keyboard-interactive") != NULL);
}

static enum attempt try_everything(struct auth *auth, const char *methods, GError **err)
{
    enum attempt attempt = ATTEMPT_REFUSED;

    if (strstr(methods, "publickey") != NULL)
        attempt = try_keys(auth, err);
    if (attempt == ATTEMPT_REFUSED && takes_password(auth, methods))
        attempt = try_password_by(auth, strstr(methods, "password") == NULL, err);
    return attempt;
}

/*
 * Asks by which methods one may log in. Returns 1 when "none" was already enough, 0 when one of
 * them is ours. *methods_out: transfer full.
 */
static int ask_methods(struct auth *auth, char **methods_out, GError **err)
{
    LIBSSH2_SESSION *session = auth->ssh->session;
    const char *user = auth->target->user;
    const char *methods;

    while ((methods = libssh2_userauth_list(session, user, strlen(user))) == NULL) {
        if (libssh2_userauth_authenticated(session))
            return 1;
        if (libssh2_session_last_errno(session) != LIBSSH2_ERROR_EAGAIN)
            return ssh_fail(auth->ssh, SSH_ERROR_AUTH, "asking how to log in", err);
        if (ssh_await(auth->ssh, auth->deadline, err) < 0)
            return -1;
    }
    *methods_out = g_strdup(methods);
    if (strstr(methods, "publickey") != NULL || takes_password(auth, methods))
        return 0;
    g_set_error(err, SSH_ERROR, SSH_ERROR_AUTH, "%s: takes no keys%s from %s, only: %s",
                auth->ssh->name, auth->target->password != NULL ? " and no password" : "", user,
                methods);
    return -1;
}

int ssh_authenticate(struct ssh *ssh, const struct ssh_target *target, int64_t deadline,
                     GError **err)
{
    struct auth auth = {
        .ssh = ssh,
        .target = target,
        .deadline = deadline,
        .identities = g_ptr_array_new_with_free_func((GDestroyNotify)ssh_identity_free),
        .tried = g_string_new(NULL),
    };
    g_autofree char *methods = NULL;
    int rc = ask_methods(&auth, &methods, err);

    if (rc == 0) {
        enum attempt attempt = try_everything(&auth, methods, err);

        rc = attempt == ATTEMPT_REFUSED ? refuse(&auth, "", err) : (int)attempt;
    }
    if (auth.agent != NULL)
        libssh2_agent_free(auth.agent);
    g_ptr_array_unref(auth.identities);
    g_string_free(auth.tried, TRUE);
    return rc < 0 ? -1 : 0;
}
