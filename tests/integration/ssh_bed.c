#include "ssh_bed.h"

#include <stdio.h>

#define PATIENCE_MS 30000

struct ssh_server *server;
const char *identities[4];
static const char *files[2];
struct known_hosts_policy policy;
struct ssh_target target;

int64_t soon(void)
{
    return deadline_in(PATIENCE_MS);
}

void prepare(const char *extra)
{
    server = ssh_server_prepare(extra);
    identities[0] = server->user_key;
    files[0] = server->known_hosts;
    policy = (struct known_hosts_policy){
        .mode = KNOWN_HOSTS_STRICT, .files = files, .accept_hint = HINT};
    target = (struct ssh_target){.name = "host2",
                                 .hostname = "127.0.0.1",
                                 .user = g_get_user_name(),
                                 .host_key_name = "127.0.0.1",
                                 .identity_files = identities,
                                 .host_keys = &policy};
}

struct body {
    fiber_fn fn;
    void *arg;
    bool known;
};

static int run_body(void *arg, GError **err)
{
    struct body *body = arg;
    int rc;

    ssh_server_start(server);
    target.port = server->port;
    if (body->known)
        ssh_server_make_known(server, "ed25519", "ecdsa", NULL);
    rc = body->fn(body->arg, err);
    ssh_server_free(server);
    return rc;
}

void run(fiber_fn fn, bool known)
{
    struct body body = {fn, NULL, known};
    GError *err = NULL;
    int rc;

    if (server == NULL)
        prepare(NULL);
    rc = fiber_run(run_body, &body, &err);
    cr_assert_eq(rc, 0, "%s", err != NULL ? err->message : "no reason given");
}

void assert_error(const GError *err, GQuark domain, int code, const char *part)
{
    cr_assert_not_null(err, "it succeeded");
    cr_assert(g_error_matches(err, domain, code), "%s %d: %s", g_quark_to_string(err->domain),
              err->code, err->message);
    cr_assert_not_null(strstr(err->message, part), "no \"%s\" in: %s", part, err->message);
}

void assert_refused(int code, const char *part)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), &why);

    cr_assert_null(ssh, "it connected");
    assert_error(why, SSH_ERROR, code, part);
    cr_assert(g_str_has_prefix(why->message, "host2: "), "%s", why->message);
}

int whoami(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_auto(ssh_result) result = {0};

    (void)arg;
    if (ssh == NULL || ssh_run(ssh, "id -un", NULL, 0, soon(), &result, err) < 0)
        return -1;
    g_strchomp(result.out);
    cr_assert_str_eq(result.out, target.user);
    cr_assert_str_eq(result.err, "");
    cr_assert_eq(result.status, 0);
    if (target.proxy_command == NULL) {
        cr_assert_str_eq(ssh_peer_address(ssh), "127.0.0.1");
        cr_assert_str_eq(ssh_local_address(ssh), "127.0.0.1");
    } else {
        cr_assert_str_eq(ssh_peer_address(ssh), "");
    }
    return 0;
}

int run_tests(int argc, char **argv)
{
    const char *missing = ssh_server_missing();
    struct criterion_test_set *tests;
    int result = 0;

    if (missing != NULL) {
        fprintf(stderr, "skipped: %s\n", missing);
        return 77;
    }
    tests = criterion_initialize();
    if (criterion_handle_args(argc, argv, true))
        result = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return result;
}
