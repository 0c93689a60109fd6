/*
 * Deploying over a real sshd. The node is a shell script in a bundle of the test's own making; what
 * it was given it writes into $VTMH_TEST.
 */
#include "orchestrator/deploy.h"
#include "orchestrator/ssh_config.h"
#include "proto/ssh.h"
#include "tests/integration/deploy_bed.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/utsname.h>

#define ANSWER                                                                                     \
    "echo "                                                                                        \
    "'{\"version\":\"0.1.0\",\"protocol\":3,\"address\":\"tcp://127.0.0.1:4711\",\"pid\":55}'\n"
#define GOOD_NODE "cat >\"$VTMH_TEST/key\"\necho \"$@\" >\"$VTMH_TEST/args\"\n" ANSWER

static struct bed *bed;
static GString *states;
static struct machine machine = {.name = (char *)"host2", .host = (char *)"127.0.0.1"};
static const char *const guests[] = {"tick", NULL};

static void note_state(const struct machine *of, const char *state, void *arg)
{
    (void)of;
    (void)arg;
    g_string_append_printf(states, "%s;", state != NULL ? state : "ready");
}

static struct deploy_options options = {
    .guests = guests, .progress = note_state, .command_hint = "vtmh -m host2 a.cfg"};

static char *file_sum(const char *name)
{
    g_autofree char *path = g_build_filename(bed->folder, name, NULL);
    char *data;
    gsize size;
    char *sum;

    cr_assert(g_file_get_contents(path, &data, &size, NULL));
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)data, size);
    g_free(data);
    return sum;
}

static void describe_bundle(const char *arch, const char *glibc)
{
    g_autofree char *tar = file_sum("exec/vtmh-node.bundle.tar");
    g_autofree char *node = file_sum("pack/vtmh-node");
    g_autofree char *json = g_strdup_printf(
        "{\"version\": \"0.1.0\", \"arch\": \"%s\", \"glibc\": \"%s\", \"sha256\": \"%s\","
        " \"files\": [{\"name\": \"vtmh-node\", \"sha256\": \"%s\"}]}",
        arch, glibc, tar, node);

    bed_make_file(bed, "exec/vtmh-node.bundle.json", json, 0644);
}

static void make_node(const char *body)
{
    g_autofree char *script = g_strdup_printf("#!/bin/sh\n%s\n", body);
    struct utsname system;

    uname(&system);
    bed_make_file(bed, "pack/vtmh-node", script, 0755);
    bed_shell(bed, "mkdir -p exec; tar -C pack -cf exec/vtmh-node.bundle.tar .");
    describe_bundle(system.machine, "2.2.5");
}

static void set_up(void)
{
    g_autofree char *programs = NULL;
    g_autofree char *cache = NULL;

    bed = bed_start();
    states = g_string_new(NULL);
    programs = g_build_filename(bed->folder, "exec", NULL);
    cache = g_build_filename(bed->folder, "our-cache", NULL);
    g_setenv("VTMH_EXEC_PATH", programs, TRUE);
    g_setenv("XDG_CACHE_HOME", cache, TRUE);
    machine.port = bed->port;
    bed_make_file(bed, "our-cache/vtmh/guests/tick/VERSION", "1\n", 0644);
    bed_make_file(bed, "our-cache/vtmh/guests/tick/tick.rom", "rom", 0644);
    make_node(GOOD_NODE);
    bed_trust(bed);
}

static void tear_down(void)
{
    bed_stop(bed);
    g_string_free(states, TRUE);
}

TestSuite(deploy_ssh, .init = set_up, .fini = tear_down);

static int64_t time_limit_ms = 60000;

static int run_deploy(void *arg, GError **err)
{
    struct deployed **deployed = arg;

    *deployed = deploy_node(&machine, &options, deadline_in(time_limit_ms), err);
    return *deployed != NULL ? 0 : -1;
}

static struct deployed *deploy(void)
{
    struct deployed *deployed = NULL;
    g_autoptr(GError) err = NULL;

    g_string_truncate(states, 0);
    cr_assert_eq(fiber_run(run_deploy, &deployed, &err), 0, "%s", err != NULL ? err->message : "");
    return deployed;
}

static void assert_fails(GQuark domain, int code, const char *const *messages)
{
    struct deployed *deployed = NULL;
    g_autoptr(GError) err = NULL;

    g_string_truncate(states, 0);
    cr_assert_eq(fiber_run(run_deploy, &deployed, &err), -1);
    cr_assert(g_error_matches(err, domain, code), "%s %d: %s", g_quark_to_string(err->domain),
              err->code, err->message);
    cr_assert(g_str_has_prefix(err->message, "host2: "), "%s", err->message);
    cr_assert_null(strstr(err->message + 1, "host2: "), "the name is said twice: %s", err->message);
    for (; *messages != NULL; messages++)
        cr_assert_not_null(strstr(err->message, *messages), "%s: %s", *messages, err->message);
    cr_assert_null(strstr(states->str, "ready"));
}

#define MESSAGES(...) ((const char *const[]){__VA_ARGS__, NULL})

static unsigned count_in_cache(const char *prefix)
{
    g_autofree char *path = g_build_filename(bed->cache, "vtmh", NULL);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    unsigned n = 0;

    cr_assert_not_null(dir);
    while ((name = g_dir_read_name(dir)) != NULL)
        n += g_str_has_prefix(name, prefix);
    g_dir_close(dir);
    return n;
}

Test(deploy_ssh, starts_a_node_with_its_key_on_stdin_only)
{
    struct deployed *deployed = deploy();
    g_autofree char *key = seal_key_to_hex(deployed->key);
    g_autofree char *line = g_strdup_printf("%s\n", key);
    g_autofree char *sent = bed_read_file(bed, "key");
    g_autofree char *args = bed_read_file(bed, "args");
    g_autofree char *want = g_strdup_printf(
        "serve --name host2 --listen tcp://127.0.0.1:0 --guests %s/vtmh/guests-", bed->cache);

    cr_assert_str_eq(deployed->address, "127.0.0.1");
    cr_assert_str_eq(deployed->link_address, "tcp://127.0.0.1:4711");
    cr_assert_str_eq(deployed->version, "0.1.0");
    cr_assert_eq(deployed->pid, 55);
    cr_assert_str_eq(sent, line);
    cr_assert(g_str_has_prefix(args, want), "%s", args);
    cr_assert(g_str_has_suffix(args, " --address 127.0.0.1\n"), "%s", args);
    cr_assert_null(strstr(args, key));
    deployed_free(deployed);
}

Test(deploy_ssh, uploads_once_and_then_uses_what_is_there)
{
    deployed_free(deploy());
    cr_assert(g_str_has_prefix(states->str, "connecting;checking;uploading "), "%s", states->str);
    cr_assert(g_str_has_suffix(states->str, "%;starting;ready;"), "%s", states->str);
    cr_assert_eq(count_in_cache("node-"), 1);
    cr_assert_eq(count_in_cache("guests-"), 1);
    cr_assert_eq(count_in_cache(".new-"), 0);

    deployed_free(deploy());
    cr_assert_str_eq(states->str, "connecting;checking;ready;");
}

Test(deploy_ssh, uploads_a_changed_node_beside_the_old_one)
{
    deployed_free(deploy());
    make_node("# changed\n" GOOD_NODE);
    deployed_free(deploy());
    cr_assert_not_null(strstr(states->str, "uploading"), "%s", states->str);
    cr_assert_eq(count_in_cache("node-"), 2);
    cr_assert_eq(count_in_cache("guests-"), 1);
}

Test(deploy_ssh, replaces_a_damaged_bundle)
{
    deployed_free(deploy());
    bed_shell(bed, "for f in cache/vtmh/node-*/vtmh-node; do echo 'exit 1' >$f; done");
    deployed_free(deploy());
    cr_assert_not_null(strstr(states->str, "uploading"), "%s", states->str);
    cr_assert_eq(count_in_cache("node-"), 1);
    cr_assert_eq(count_in_cache(".new-"), 0);
}

Test(deploy_ssh, replaces_a_damaged_guest)
{
    deployed_free(deploy());
    bed_shell(bed, "for f in cache/vtmh/guests-*/tick/tick.rom; do printf roM >$f; done");
    deployed_free(deploy());
    bed_shell(bed, "cmp our-cache/vtmh/guests/tick/tick.rom cache/vtmh/guests-*/tick/tick.rom");
}

Test(deploy_ssh, refuses_an_upload_that_is_not_what_the_build_made)
{
    bed_shell(bed, "echo changed >>pack/vtmh-node; tar -C pack -cf exec/vtmh-node.bundle.tar .");
    assert_fails(DEPLOY_ERROR, DEPLOY_ERROR_UPLOAD, MESSAGES("did not verify", "vtmh-node"));
    cr_assert_eq(count_in_cache("node-"), 0);
}

static int run_two(void *arg, GError **err)
{
    struct deployed *deployed[2] = {NULL, NULL};
    g_autoptr(scope) scope = scope_open("two at once");

    (void)arg;
    scope_spawn(scope, "first", run_deploy, &deployed[0]);
    scope_spawn(scope, "second", run_deploy, &deployed[1]);
    if (scope_close(g_steal_pointer(&scope), err) < 0)
        return -1;
    deployed_free(deployed[0]);
    deployed_free(deployed[1]);
    return 0;
}

Test(deploy_ssh, lets_two_upload_the_same_at_once)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(run_two, NULL, &err), 0, "%s", err != NULL ? err->message : "");
    cr_assert_eq(count_in_cache("node-"), 1);
    cr_assert_eq(count_in_cache("guests-"), 1);
    cr_assert_eq(count_in_cache(".new-"), 0);
}

Test(deploy_ssh, repeats_why_the_node_did_not_start)
{
    make_node("cat >/dev/null; echo '{\"error\":\"cannot listen: in use\"}'; exit 1");
    assert_fails(DEPLOY_ERROR, DEPLOY_ERROR_START,
                 MESSAGES("host2: the node did not start: cannot listen: in use"));
}

Test(deploy_ssh, repeats_the_words_of_a_node_that_cannot_run)
{
    make_node("echo 'libfoo.so.1: cannot open shared object file' >&2; exit 127");
    assert_fails(DEPLOY_ERROR, DEPLOY_ERROR_START,
                 MESSAGES("exit status 127: libfoo.so.1: cannot open shared object file"));
}

Test(deploy_ssh, gives_up_on_a_node_that_never_answers)
{
    g_autofree char *pid = NULL;
    int64_t began_us = g_get_monotonic_time();

    /* However slow this computer is, a few times as long is enough to start a node. */
    deployed_free(deploy());
    time_limit_ms = 2000 + 3 * (g_get_monotonic_time() - began_us) / 1000;
    make_node("echo $$ >\"$VTMH_TEST/pid\"; exec sleep 1000");
    assert_fails(SYNC_ERROR, SYNC_ERROR_TIMEOUT, MESSAGES("host2: starting its node: "));
    pid = bed_read_file(bed, "pid");
    kill(atoi(pid), SIGKILL);
}

Test(deploy_ssh, refuses_an_unknown_host_key_and_says_how_to_accept_it)
{
    bed_shell(bed, "ssh-keygen -lf host_key.pub | cut -d' ' -f2 >fingerprint; rm known_hosts");

    g_autofree char *line = bed_read_file(bed, "fingerprint");
    const char *fingerprint = g_strchomp(line);

    assert_fails(SSH_ERROR, SSH_ERROR_HOST_KEY,
                 MESSAGES(fingerprint, "vtmh -m host2 a.cfg --accept-new-host-keys"));
}

Test(deploy_ssh, remembers_a_new_host_key_that_it_was_told_to_accept)
{
    bed_shell(bed, "rm known_hosts");
    options.accept_new_host_keys = true;
    deployed_free(deploy());
    options.accept_new_host_keys = false;
    deployed_free(deploy());
}

Test(deploy_ssh, never_accepts_a_changed_host_key)
{
    bed_shell(bed, "ssh-keygen -q -t ed25519 -N '' -f other; mv other.pub host_key.pub");
    bed_trust(bed);
    options.accept_new_host_keys = true;
    assert_fails(SSH_ERROR, SSH_ERROR_HOST_KEY, MESSAGES("SHA256:"));
}

Test(deploy_ssh, says_that_no_key_was_accepted)
{
    bed_shell(bed, "rm user_key user_key.pub; ssh-keygen -q -t ed25519 -N '' -f user_key;"
                   "echo >user_key.pub");
    assert_fails(SSH_ERROR, SSH_ERROR_AUTH, MESSAGES("user_key"));
}

Test(deploy_ssh, tells_a_refused_connection_with_address_and_port)
{
    g_autofree char *where = g_strdup_printf("127.0.0.1:%u", bed->port);

    bed_end_sshd(bed);
    assert_fails(SSH_ERROR, SSH_ERROR_CONNECT, MESSAGES("refused", where));
}

Test(deploy_ssh, tells_a_name_that_does_not_resolve)
{
    machine.host = (char *)"no-such-host.invalid";
    assert_fails(SSH_ERROR, SSH_ERROR_RESOLVE, MESSAGES("no-such-host.invalid"));
}

Test(deploy_ssh, tells_a_host_that_its_libc_is_too_old)
{
    struct utsname system;

    uname(&system);
    describe_bundle(system.machine, "9.99");
    assert_fails(DEPLOY_ERROR, DEPLOY_ERROR_HOST, MESSAGES("libc is too old", "glibc 9.99"));
    cr_assert_eq(count_in_cache("node-"), 0);
}

Test(deploy_ssh, tells_a_host_that_its_architecture_differs)
{
    describe_bundle("pdp11", "2.2.5");
    assert_fails(DEPLOY_ERROR, DEPLOY_ERROR_HOST, MESSAGES("architecture", "pdp11"));
}

Test(deploy_ssh, goes_through_a_jump_host)
{
    g_autofree char *config = bed_read_file(bed, "ssh_config");
    g_autofree char *more = g_strdup_printf("Host gate\nHostName 127.0.0.1\nPort %u\n"
                                            "HostKeyAlias [127.0.0.1]:%u\n"
                                            "Host jumped\nHostName 127.0.0.1\nProxyJump gate\n"
                                            "Host *\n%s",
                                            bed->port, bed->port, config);

    bed_make_file(bed, "ssh_config", more, 0600);
    machine.host = (char *)"jumped";

    struct deployed *deployed = deploy();

    cr_assert_str_eq(deployed->address, "127.0.0.1");
    deployed_free(deployed);
}

static int run_clean_up(void *arg, GError **err)
{
    const struct deployed deployed = {.machine = &machine, .pid = 4321};

    (void)arg;
    return deploy_clean_up(&deployed, &options, deadline_in(time_limit_ms), err);
}

Test(deploy_ssh, cleans_up_the_node_by_its_pid)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *args = NULL;

    deployed_free(deploy());
    cr_assert_eq(fiber_run(run_clean_up, NULL, &err), 0, "%s", err != NULL ? err->message : "");
    args = bed_read_file(bed, "args");
    cr_assert_str_eq(args, "cleanup --pid 4321\n");
}

Test(deploy_ssh, tells_when_cleaning_up_failed)
{
    g_autoptr(GError) err = NULL;

    make_node("[ \"$1\" != cleanup ] || { echo 'cannot remove tap0' >&2; exit 1; }\n" GOOD_NODE);
    deployed_free(deploy());
    cr_assert_eq(fiber_run(run_clean_up, NULL, &err), -1);
    cr_assert_str_eq(err->message, "host2: cleaning up: exit status 1: cannot remove tap0");
}

int main(int argc, char **argv)
{
    return runner_main_unless(bed_missing(), argc, argv);
}
