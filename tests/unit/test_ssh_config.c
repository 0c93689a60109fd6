#include "orchestrator/ssh_config.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct ssh_config_query query = {.host = "jumpy"};

static struct ssh_config *parse(const char *text)
{
    g_autoptr(GError) err = NULL;
    struct ssh_config *config = ssh_config_parse(text, &query, "/home/bob", &err);

    cr_assert_not_null(config, "%s", err != NULL ? err->message : "");
    return config;
}

Test(ssh_config, reads_what_ssh_prints)
{
    g_autoptr(ssh_config) config = parse("host jumpy\n"
                                         "user bob\n"
                                         "hostname 10.0.0.9\n"
                                         "port 99\n"
                                         "addressfamily inet6\n"
                                         "identitiesonly yes\n"
                                         "stricthostkeychecking accept-new\n"
                                         "hostkeyalias the-alias\n"
                                         "connecttimeout 7\n");

    cr_assert_str_eq(config->hostname, "10.0.0.9");
    cr_assert_str_eq(config->user, "bob");
    cr_assert_eq(config->port, 99);
    cr_assert_eq(config->address_family, AF_INET6);
    cr_assert(config->identities_only);
    cr_assert_eq(config->host_key_mode, KNOWN_HOSTS_ACCEPT_NEW);
    cr_assert_str_eq(config->host_key_name, "the-alias");
    cr_assert_eq(config->connect_timeout_ms, 7000);
}

Test(ssh_config, has_the_defaults_of_ssh)
{
    g_autoptr(ssh_config) config = parse("");

    cr_assert_str_eq(config->hostname, "jumpy");
    cr_assert_str_eq(config->host_key_name, "jumpy");
    cr_assert_str_eq(config->user, g_get_user_name());
    cr_assert_eq(config->port, 22);
    cr_assert_eq(config->address_family, AF_UNSPEC);
    cr_assert_not(config->identities_only);
    cr_assert(config->use_agent);
    cr_assert_null(config->agent_socket);
    cr_assert_eq(config->host_key_mode, KNOWN_HOSTS_STRICT);
    cr_assert_null(config->proxy_command);
    cr_assert_eq(config->connect_timeout_ms, 0);
    cr_assert_null(config->identity_files[0]);
    cr_assert_null(config->known_hosts_files[0]);
}

Test(ssh_config, expands_identity_files_in_order)
{
    g_setenv("VTMH_TEST_KEYS", "/keys", TRUE);

    g_autoptr(ssh_config) config = parse("hostname 10.0.0.9\n"
                                         "user bob\n"
                                         "port 23\n"
                                         "identityfile ~/.ssh/id_%h_%r\n"
                                         "identityfile %d/.ssh/%n:%p\n"
                                         "identityfile none\n"
                                         "identityfile ${VTMH_TEST_KEYS}/100%%\n"
                                         "identityfile /x/%Z\n");

    cr_assert_str_eq(config->identity_files[0], "/home/bob/.ssh/id_10.0.0.9_bob");
    cr_assert_str_eq(config->identity_files[1], "/home/bob/.ssh/jumpy:23");
    cr_assert_str_eq(config->identity_files[2], "/keys/100%");
    cr_assert_str_eq(config->identity_files[3], "/x/%Z");
    cr_assert_null(config->identity_files[4]);
}

Test(ssh_config, lists_the_users_known_hosts_before_the_machines)
{
    g_autoptr(ssh_config) config =
        parse("globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2\n"
              "userknownhostsfile ~/.ssh/known_hosts /with two blanks/kh\n");

    cr_assert_str_eq(config->known_hosts_files[0], "/home/bob/.ssh/known_hosts");
    cr_assert_str_eq(config->known_hosts_files[1], "/with two blanks/kh");
    cr_assert_str_eq(config->known_hosts_files[2], "/etc/ssh/ssh_known_hosts");
    cr_assert_str_eq(config->known_hosts_files[3], "/etc/ssh/ssh_known_hosts2");
    cr_assert_null(config->known_hosts_files[4]);
}

Test(ssh_config, takes_all_ways_to_name_the_agent)
{
    g_setenv("VTMH_TEST_AGENT", "/other/agent", TRUE);

    g_autoptr(ssh_config) none = parse("identityagent none\n");
    g_autoptr(ssh_config) standard = parse("identityagent SSH_AUTH_SOCK\n");
    g_autoptr(ssh_config) variable = parse("identityagent $VTMH_TEST_AGENT\n");
    g_autoptr(ssh_config) path = parse("identityagent ~/agent\n");

    cr_assert_not(none->use_agent);
    cr_assert(standard->use_agent);
    cr_assert_null(standard->agent_socket);
    cr_assert_str_eq(variable->agent_socket, "/other/agent");
    cr_assert_str_eq(path->agent_socket, "/home/bob/agent");
}

Test(ssh_config, maps_every_strictness)
{
    static const struct {
        const char *text;
        enum known_hosts_mode mode;
    } rows[] = {
        {"stricthostkeychecking ask\n", KNOWN_HOSTS_STRICT},
        {"stricthostkeychecking true\n", KNOWN_HOSTS_STRICT},
        {"stricthostkeychecking yes\n", KNOWN_HOSTS_STRICT},
        {"stricthostkeychecking accept-new\n", KNOWN_HOSTS_ACCEPT_NEW},
        {"stricthostkeychecking false\n", KNOWN_HOSTS_ACCEPT_NEW},
        {"stricthostkeychecking no\n", KNOWN_HOSTS_ACCEPT_NEW},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ssh_config) config = parse(rows[i].text);

        cr_assert_eq(config->host_key_mode, rows[i].mode, "%s", rows[i].text);
    }
}

Test(ssh_config, expands_a_proxy_command)
{
    g_autoptr(ssh_config) config = parse("hostname 10.0.0.9\n"
                                         "user bob\n"
                                         "port 23\n"
                                         "proxycommand nc -X %h %p %r %n %%h\n");

    cr_assert_str_eq(config->proxy_command, "nc -X 10.0.0.9 23 bob jumpy %h");
}

Test(ssh_config, turns_a_jump_host_into_a_proxy_command)
{
    g_autoptr(ssh_config) config = parse("hostname fe80::9\n"
                                         "proxyjump b@gate:2222\n");

    cr_assert_str_eq(config->proxy_command,
                     "exec ssh -o BatchMode=yes -W '[fe80::9]:22' -- 'ssh://b@gate:2222'");
}

Test(ssh_config, jumps_through_several_hosts)
{
    struct ssh_config_query accepting = query;

    accepting.accept_new_keys = true;

    g_autoptr(ssh_config) config =
        ssh_config_parse("hostname h\nproxyjump a,b@c:1,ssh://d\n", &accepting, "/", NULL);

    cr_assert_eq(config->host_key_mode, KNOWN_HOSTS_ACCEPT_NEW);
    cr_assert_str_eq(config->proxy_command,
                     "exec ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new"
                     " -J 'a,b@c:1' -W '[h]:22' -- 'ssh://d'");
}

Test(ssh_config, lets_no_host_name_become_shell_text)
{
    g_autoptr(GError) err = NULL;

    cr_assert_null(
        ssh_config_parse("hostname a;reboot\nproxycommand nc %h %p\n", &query, "/", &err));
    cr_assert(g_error_matches(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_REFUSED));
    cr_assert_not_null(strstr(err->message, "a;reboot"), "%s", err->message);
}

/* The rest runs programs: OpenSSH's own ssh, or what a test puts in its place. */

static struct ssh_config *resolved;

static int resolve(void *arg, GError **err)
{
    resolved = ssh_config_resolve(arg, deadline_in(10000), err);
    return resolved != NULL ? 0 : -1;
}

static char *folder_with_ssh(const char *script)
{
    char *folder = g_dir_make_tmp("vtmh-ssh-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "ssh", NULL);
    g_autofree char *search = g_strdup_printf("%s:%s", folder, g_getenv("PATH"));

    cr_assert(g_file_set_contents(path, script, -1, NULL));
    cr_assert_eq(g_chmod(path, 0755), 0);
    g_setenv("PATH", search, TRUE);
    return folder;
}

static void remove_folder_with_ssh(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "ssh", NULL);

    g_remove(path);
    g_rmdir(folder);
}

Test(ssh_config, asks_ssh_with_user_and_port)
{
    struct ssh_config_query full = {.host = "h1", .user = "bob", .port = 2222};
    g_autofree char *folder = folder_with_ssh("#!/bin/sh\necho hostname \"$@\"\n");
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(resolve, &full, &err), 0, "%s", err != NULL ? err->message : "");
    cr_assert_str_eq(resolved->hostname, "-G -p 2222 -l bob -- h1");
    ssh_config_free(resolved);
    remove_folder_with_ssh(folder);
}

Test(ssh_config, takes_an_address_of_the_family_that_is_asked_for)
{
    struct ssh_config_query plain = {.host = "h1"};
    g_autofree char *folder =
        folder_with_ssh("#!/bin/sh\necho hostname localhost; echo addressfamily inet\n");
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(resolve, &plain, &err), 0, "%s", err != NULL ? err->message : "");
    cr_assert_str_eq(resolved->hostname, "127.0.0.1");
    cr_assert_str_eq(resolved->host_key_name, "localhost");
    ssh_config_free(resolved);
    remove_folder_with_ssh(folder);
}

Test(ssh_config, says_that_a_host_has_no_address_of_that_family)
{
    struct ssh_config_query plain = {.host = "h1"};
    g_autofree char *folder =
        folder_with_ssh("#!/bin/sh\necho hostname 127.0.0.1; echo addressfamily inet6\n");
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(resolve, &plain, &err), -1);
    cr_assert(g_error_matches(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_NO_ADDRESS));
    cr_assert_not_null(strstr(err->message, "127.0.0.1 has no IPv6 address"), "%s", err->message);
    remove_folder_with_ssh(folder);
}

Test(ssh_config, repeats_why_ssh_refuses)
{
    struct ssh_config_query plain = {.host = "h1"};
    g_autofree char *folder =
        folder_with_ssh("#!/bin/sh\necho 'config line 3: Bad option' >&2\nexit 255\n");
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(resolve, &plain, &err), -1);
    cr_assert(g_error_matches(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_REFUSED));
    cr_assert_str_eq(err->message, "ssh refuses its configuration: config line 3: Bad option");
    remove_folder_with_ssh(folder);
}

Test(ssh_config, names_the_package_when_ssh_is_missing)
{
    struct ssh_config_query plain = {.host = "h1"};
    g_autoptr(GError) err = NULL;

    g_setenv("PATH", "/nonexistent", TRUE);
    cr_assert_eq(fiber_run(resolve, &plain, &err), -1);
    cr_assert(g_error_matches(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_NO_SSH));
    cr_assert_not_null(strstr(err->message, "apt install openssh-client"), "%s", err->message);
}

Test(ssh_config, understands_the_ssh_that_is_installed)
{
    struct ssh_config_query full = {.host = "192.0.2.7", .user = "bob", .port = 2222};
    g_autoptr(GError) err = NULL;
    g_autofree char *program = g_find_program_in_path("ssh");

    if (program == NULL)
        cr_skip_test("ssh is not installed");
    cr_assert_eq(fiber_run(resolve, &full, &err), 0, "%s", err != NULL ? err->message : "");
    cr_assert_str_eq(resolved->hostname, "192.0.2.7");
    cr_assert_str_eq(resolved->user, "bob");
    cr_assert_eq(resolved->port, 2222);
    cr_assert_not_null(resolved->known_hosts_files[0]);
    ssh_config_free(resolved);
}
