/* The node that the build made, put on this machine both ways: it starts, can be reached, and
 * ends. */
#include "orchestrator/deploy.h"
#include "proto/link.h"
#include "sync/stream.h"
#include "tests/integration/deploy_bed.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct bed *bed;
static struct machine here = {.name = (char *)"a", .is_local = true};
static struct machine host = {.name = (char *)"host2", .host = (char *)"127.0.0.1"};
static const struct deploy_options options = {.command_hint = "vtmh"};

static void set_up(void)
{
    bed = bed_start();
    bed_trust(bed);
    g_setenv("VTMH_EXEC_PATH", VTMH_BUILD_DIR, TRUE);
    host.port = bed->port;
}

static void tear_down(void)
{
    bed_stop(bed);
}

TestSuite(deploy_node, .init = set_up, .fini = tear_down);

/* Only a node that got our key can open this, and answer. */
static int greet(const struct deployed *deployed, int64_t deadline, GError **err)
{
    struct link *link = link_connect(deployed->link_address, deployed->key, err);
    Vtmh__Hello hello = VTMH__HELLO__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Envelope *answer = NULL;

    if (link == NULL)
        return -1;
    hello.protocol = LINK_PROTOCOL_VERSION;
    hello.version = deployed->version;
    hello.job = (char *)"test";
    hello.node_name = deployed->machine->name;
    envelope.body_case = VTMH__ENVELOPE__BODY_HELLO;
    envelope.hello = &hello;
    if (link_send(link, &envelope, err) == 0)
        answer = link_receive(link, deadline, err);
    link_close(link);
    if (answer == NULL)
        return -1;
    vtmh_envelope_free(answer);
    return 0;
}

/* A zombie has ended: who reaps it, and when, is init's business. */
static bool is_running(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *stat = NULL;

    return g_file_get_contents(path, &stat, NULL, NULL) && strstr(stat, ") Z ") == NULL;
}

static int start_and_end(void *arg, GError **err)
{
    struct deployed *deployed = deploy_node(arg, &options, deadline_in(30000), err);
    int result;

    if (deployed == NULL)
        return -1;
    result = greet(deployed, deadline_in(10000), err);
    if (deploy_clean_up(deployed, &options, deadline_in(10000), result == 0 ? err : NULL) < 0)
        result = -1;
    if (g_str_has_prefix(deployed->link_address, "ipc://")) {
        const char *path = deployed->link_address + strlen("ipc://");
        g_autofree char *folder = g_path_get_dirname(path);

        cr_expect_neq(access(path, F_OK), 0, "the socket %s is left behind", path);
        cr_expect_neq(access(folder, F_OK), 0, "the folder %s is left behind", folder);
    }
    if (is_running(deployed->pid)) {
        kill(deployed->pid, SIGKILL);
        if (result == 0)
            g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START, "the node still runs");
        result = -1;
    }
    deployed_free(deployed);
    return result;
}

Test(deploy_node, runs_here_as_a_child_process)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(start_and_end, &here, &err), 0, "%s", err != NULL ? err->message : "");
}

Test(deploy_node, runs_from_its_bundle_over_ssh)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(start_and_end, &host, &err), 0, "%s", err != NULL ? err->message : "");
}

/* The folder of the node's ledger. Transfer full. */
static char *find_folder(pid_t pid)
{
    g_autofree char *base = geteuid() == 0 ? g_strdup("/run/vtmh")
                                           : g_strdup_printf("/tmp/vtmh-%u", (unsigned)geteuid());
    g_autofree char *begin = g_strdup_printf("node %d ", (int)pid);
    g_autoptr(GDir) dir = g_dir_open(base, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(base, name, NULL);
        g_autofree char *path = g_build_filename(folder, "ledger", NULL);
        g_autofree char *text = NULL;

        if (g_file_get_contents(path, &text, NULL, NULL) && g_str_has_prefix(text, begin))
            return g_steal_pointer(&folder);
    }
    cr_assert_fail("node %d keeps no ledger", (int)pid);
    return NULL;
}

static bool purge_names_live(const struct machine *machine, const char *node, GError **err)
{
    g_autoptr(purged) purged = deploy_purge(machine, &options, false, deadline_in(30000), err);

    cr_assert_not_null(purged, "%s", err != NULL && *err != NULL ? (*err)->message : "");
    for (unsigned i = 0; i < purged->live->len; i++)
        if (strcmp(g_ptr_array_index(purged->live, i), node) == 0)
            return true;
    return false;
}

static void kill_and_await(pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    g_autoptr(stream) ended = stream_new(pidfd, NULL);

    cr_assert_not_null(ended);
    kill(pid, SIGKILL);
    cr_assert_eq(stream_await(ended, UV_READABLE, deadline_in(10000), NULL), 0);
}

static int start_kill_and_purge(void *arg, GError **err)
{
    struct deployed *deployed = deploy_node(arg, &options, deadline_in(30000), err);
    g_autofree char *folder = NULL, *node = NULL;

    if (deployed == NULL)
        return -1;
    node = g_strdup_printf("node %d (%s)", (int)deployed->pid, deployed->machine->name);
    folder = find_folder(deployed->pid);
    cr_expect(purge_names_live(arg, node, err));
    cr_expect(is_running(deployed->pid), "a clean-up ended a node that lived");
    kill_and_await(deployed->pid);
    cr_expect_not(purge_names_live(arg, node, err));
    cr_expect_neq(access(folder, F_OK), 0, "%s is left", folder);
    deployed_free(deployed);
    return 0;
}

Test(deploy_node, is_cleaned_up_after_only_when_it_is_dead)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(start_kill_and_purge, &host, &err), 0, "%s",
                 err != NULL ? err->message : "");
}

Test(deploy_node, is_cleaned_up_after_here_only_when_it_is_dead)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(start_kill_and_purge, &here, &err), 0, "%s",
                 err != NULL ? err->message : "");
}

int main(int argc, char **argv)
{
    return runner_main_unless(bed_missing(), argc, argv);
}
