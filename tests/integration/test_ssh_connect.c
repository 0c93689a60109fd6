/* Who may answer, who may log in, and the way there, against a real OpenSSH server. */
#include "ssh_bed.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

static int unknown_key(void *arg, GError **err)
{
    g_autofree char *listed = ssh_server_tool("ssh-keygen -l -f %s/host_ed25519", server->folder);
    g_auto(GStrv) words = g_strsplit(listed, " ", 3);

    (void)arg;
    (void)err;
    assert_refused(SSH_ERROR_HOST_KEY, words[1]);
    assert_refused(SSH_ERROR_HOST_KEY, HINT);
    cr_assert_not(g_file_test(server->known_hosts, G_FILE_TEST_EXISTS));
    return 0;
}

Test(ssh_connect, refuses_an_unknown_host_key_with_its_fingerprint_and_what_would_accept_it)
{
    run(unknown_key, false);
}

static int changed_key(void *arg, GError **err)
{
    g_autofree char *line = NULL, *name = g_strdup_printf("-R '[127.0.0.1]:%u'", target.port);
    g_autofree char *key = NULL, *where = g_strdup_printf("%s:2", server->known_hosts);
    g_autofree char *pub = g_strconcat(server->user_key, ".pub", NULL);

    (void)arg;
    (void)err;
    cr_assert(g_file_get_contents(pub, &key, NULL, NULL));
    line = g_strdup_printf("# the old one\n[127.0.0.1]:%u %s", target.port, key);
    cr_assert(g_file_set_contents(server->known_hosts, line, -1, NULL));
    assert_refused(SSH_ERROR_HOST_KEY, where);
    assert_refused(SSH_ERROR_HOST_KEY, name);
    policy.mode = KNOWN_HOSTS_ACCEPT_NEW;
    assert_refused(SSH_ERROR_HOST_KEY, "has changed");
    return 0;
}

Test(ssh_connect, refuses_a_changed_host_key_and_names_the_old_one, .timeout = 60)
{
    run(changed_key, false);
}

static int accept_new(void *arg, GError **err)
{
    g_autofree char *found = NULL;

    policy.mode = KNOWN_HOSTS_ACCEPT_NEW;
    if (whoami(arg, err) < 0)
        return -1;
    found = ssh_server_tool("ssh-keygen -F [127.0.0.1]:%u -f %s", target.port, server->known_hosts);
    cr_assert_not_null(strstr(found, "ssh-ed25519"), "%s", found);
    policy.mode = KNOWN_HOSTS_STRICT;
    return whoami(arg, err);
}

Test(ssh_connect, remembers_a_new_host_key_when_asked_to)
{
    run(accept_new, false);
}

static int revoked_key(void *arg, GError **err)
{
    g_autofree char *text = NULL, *more = NULL, *key = NULL;
    g_autofree char *pub = ssh_server_path(server, "host_ed25519.pub");

    (void)arg;
    (void)err;
    cr_assert(g_file_get_contents(server->known_hosts, &text, NULL, NULL));
    cr_assert(g_file_get_contents(pub, &key, NULL, NULL));
    more = g_strdup_printf("%s@revoked * %s", text, key);
    cr_assert(g_file_set_contents(server->known_hosts, more, -1, NULL));
    assert_refused(SSH_ERROR_HOST_KEY, "revoked");
    policy.mode = KNOWN_HOSTS_ACCEPT_NEW;
    assert_refused(SSH_ERROR_HOST_KEY, "revoked");
    return 0;
}

Test(ssh_connect, refuses_a_revoked_host_key_though_it_is_known)
{
    run(revoked_key, true);
}

static int only_ecdsa_known(void *arg, GError **err)
{
    ssh_server_make_known(server, "ecdsa", NULL);
    return whoami(arg, err);
}

Test(ssh_connect, asks_for_the_kind_of_host_key_that_is_known)
{
    run(only_ecdsa_known, false);
}

static int pinned(void *arg, GError **err)
{
    g_autofree char *ecdsa = NULL, *wrong = NULL;
    g_autofree char *pub = ssh_server_path(server, "host_ecdsa.pub");
    g_autofree char *user_pub = g_strconcat(server->user_key, ".pub", NULL);

    cr_assert(g_file_get_contents(pub, &ecdsa, NULL, NULL));
    cr_assert(g_file_get_contents(user_pub, &wrong, NULL, NULL));
    policy = (struct known_hosts_policy){.mode = KNOWN_HOSTS_PINNED, .pinned = ecdsa};
    if (whoami(arg, err) < 0)
        return -1;
    policy.pinned = wrong;
    assert_refused(SSH_ERROR_HOST_KEY, "expected ssh-ed25519 SHA256:");
    return 0;
}

Test(ssh_connect, takes_only_the_pinned_key_when_one_is_given)
{
    run(pinned, false);
}

static int wrong_key(void *arg, GError **err)
{
    g_autofree char *other = ssh_server_path(server, "other");

    (void)arg;
    (void)err;
    g_free(ssh_server_tool("ssh-keygen -q -N '' -t ed25519 -f %s", other));
    identities[0] = other;
    assert_refused(SSH_ERROR_AUTH, other);
    identities[0] = "/no/such/key";
    assert_refused(SSH_ERROR_AUTH, "no key was found");
    return 0;
}

Test(ssh_connect, names_the_keys_that_were_refused)
{
    run(wrong_key, true);
}

static int locked_key(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    g_free(ssh_server_tool("ssh-keygen -q -p -N secret -f %s", server->user_key));
    assert_refused(SSH_ERROR_AUTH, "ssh-add");
    return 0;
}

Test(ssh_connect, says_that_a_locked_key_belongs_into_the_agent)
{
    run(locked_key, true);
}

static int rsa_key(void *arg, GError **err)
{
    g_autofree char *rsa = ssh_server_path(server, "rsa");

    (void)arg;
    (void)err;
    g_free(ssh_server_tool("ssh-keygen -q -N '' -t rsa -b 2048 -f %s", rsa));
    g_free(ssh_server_tool("cp %s.pub %s/authorized_keys", rsa, server->folder));
    identities[0] = rsa;
    assert_refused(SSH_ERROR_AUTH, "SHA-1");
    return 0;
}

Test(ssh_connect, says_why_an_rsa_key_is_refused)
{
    run(rsa_key, true);
}

static int second_key(void *arg, GError **err)
{
    g_autofree char *other = ssh_server_path(server, "other");
    g_autofree char *ecdsa = ssh_server_path(server, "pem");

    g_free(ssh_server_tool("ssh-keygen -q -N '' -t ed25519 -f %s", other));
    g_free(ssh_server_tool("ssh-keygen -q -N '' -t ecdsa -m PEM -f %s", ecdsa));
    g_free(ssh_server_tool("cp %s.pub %s/authorized_keys", ecdsa, server->folder));
    g_free(ssh_server_tool("rm %s.pub", ecdsa));
    identities[0] = "/no/such/key";
    identities[1] = other;
    identities[2] = ecdsa;
    return whoami(arg, err);
}

Test(ssh_connect, tries_each_key_also_one_without_its_public_half)
{
    run(second_key, true);
}

/* Starts an agent that holds the user's key. It ends soon after the command it was started with,
 * which reads from a pipe of ours, so not later than this test. */
static struct child *start_agent(GError **err)
{
    g_autofree char *socket = ssh_server_path(server, "agent");
    const char *const argv[] = {"ssh-agent", "-a", socket, "sh", "-c", "echo; exec cat", NULL};
    g_autofree char *line = NULL;
    g_autoptr(stream) out = NULL;
    struct child *agent;
    int in_ends[2], out_ends[2];

    cr_assert_eq(pipe2(in_ends, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(out_ends, O_CLOEXEC), 0);
    {
        const struct child_fd fds[] = {{in_ends[0], 0}, {out_ends[1], 1}, {.fd = -1}};
        const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};

        agent = child_start(&spec, err);
    }
    close(in_ends[0]);
    close(out_ends[1]);
    out = stream_new(out_ends[0], err);
    line = agent != NULL ? stream_read_line(out, 4096, soon(), err) : NULL;
    if (line == NULL)
        return NULL;
    g_setenv("SSH_AUTH_SOCK", socket, TRUE);
    g_free(ssh_server_tool("ssh-add -q %s", server->user_key));
    return agent;
}

static int by_agent(void *arg, GError **err)
{
    g_autoptr(child) agent = start_agent(err);
    g_autofree char *pub = g_strconcat(server->user_key, ".pub", NULL);
    int rc;

    if (agent == NULL)
        return -1;
    g_remove(server->user_key);
    target.use_agent = true;
    rc = whoami(arg, err);
    if (rc == 0) {
        target.identities_only = true;
        rc = whoami(arg, err);
    }
    /* With identities_only, a key in no identity file is not offered. */
    identities[0] = "/no/such/key";
    if (rc == 0)
        assert_refused(SSH_ERROR_AUTH, "no key was found");
    identities[0] = pub;
    if (rc == 0)
        rc = whoami(arg, err);
    return rc;
}

Test(ssh_connect, logs_in_by_the_agent)
{
    run(by_agent, true);
}

static int by_named_agent(void *arg, GError **err)
{
    g_autofree char *socket = ssh_server_path(server, "agent");
    g_autoptr(child) agent = start_agent(err);

    if (agent == NULL)
        return -1;
    g_remove(server->user_key);
    g_setenv("SSH_AUTH_SOCK", "/no/such/socket", TRUE);
    target.use_agent = true;
    assert_refused(SSH_ERROR_AUTH, "agent: does not answer");
    target.agent_socket = socket;
    if (whoami(arg, err) < 0)
        return -1;
    g_unsetenv("SSH_AUTH_SOCK");
    if (whoami(arg, err) < 0)
        return -1;
    target.use_agent = false;
    assert_refused(SSH_ERROR_AUTH, "no key was found");
    return 0;
}

Test(ssh_connect, logs_in_by_the_agent_at_a_path_of_its_own)
{
    run(by_named_agent, true);
}

static int no_agent(void *arg, GError **err)
{
    g_setenv("SSH_AUTH_SOCK", "/no/such/socket", TRUE);
    target.use_agent = true;
    return whoami(arg, err);
}

Test(ssh_connect, goes_on_with_files_when_the_agent_does_not_answer)
{
    run(no_agent, true);
}

static int refused_port(void *arg, GError **err)
{
    g_autofree char *where = g_strdup_printf("127.0.0.1:%u", target.port);

    (void)arg;
    (void)err;
    child_signal(server->child, SIGTERM);
    if (child_await(server->child, soon(), NULL, err) < 0)
        return -1;
    assert_refused(SSH_ERROR_CONNECT, where);
    return 0;
}

Test(ssh_connect, says_which_address_refused_it)
{
    run(refused_port, true);
}

static int unresolvable(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    target.hostname = "host2.invalid";
    assert_refused(SSH_ERROR_RESOLVE, "host2.invalid");
    return 0;
}

Test(ssh_connect, says_which_name_does_not_resolve)
{
    run(unresolvable, true);
}

static int by_proxy(void *arg, GError **err)
{
    g_autofree char *command = g_strdup_printf(SSH_SERVER_PROGRAM " -i -f %s", server->config);

    target.proxy_command = command;
    return whoami(arg, err);
}

Test(ssh_connect, connects_through_a_proxy_command)
{
    run(by_proxy, true);
}

static int broken_proxy(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    target.proxy_command = "echo 'no route to jump host' >&2; exit 1";
    assert_refused(SSH_ERROR_HANDSHAKE, "no route to jump host");
    return 0;
}

Test(ssh_connect, repeats_what_a_failing_proxy_command_says)
{
    run(broken_proxy, true);
}

static int nothing_in_common(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    assert_refused(SSH_ERROR_HANDSHAKE, "sntrup761x25519-sha512@openssh.com");
    assert_refused(SSH_ERROR_HANDSHAKE, "this libssh2 speaks");
    return 0;
}

Test(ssh_connect, says_what_a_host_offers_that_has_nothing_in_common_with_us)
{
    prepare("KexAlgorithms sntrup761x25519-sha512@openssh.com");
    run(nothing_in_common, true);
}

static int etm_only(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    assert_refused(SSH_ERROR_HANDSHAKE, "hmac-sha2-256-etm@openssh.com");
    return 0;
}

Test(ssh_connect, says_so_when_only_the_message_codes_differ)
{
    prepare("MACs hmac-sha2-256-etm@openssh.com\nCiphers aes256-ctr");
    run(etm_only, true);
}

static int not_ssh(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    target.proxy_command = "printf 'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'";
    assert_refused(SSH_ERROR_HANDSHAKE, "no SSH server");
    return 0;
}

Test(ssh_connect, says_so_when_another_service_answers)
{
    run(not_ssh, true);
}

int main(int argc, char **argv)
{
    return run_tests(argc, argv);
}
