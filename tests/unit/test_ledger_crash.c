/*
 * The ledger and what is cleaned up after a node that is dead. The nodes here are children of the
 * test, which own a process and a folder and are then killed.
 */
#include "node/ledger.h"

#include "node/owned.h"
#include "node/process.h"
#include "node/remove.h"
#include "tests/unit/idle.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[] = "/tmp/test_ledger_crash-XXXXXX";

static void make_base(void)
{
    cr_assert_not_null(mkdtemp(base));
    /* Children of dead nodes become ours, so that nothing outlives the test as a zombie. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void remove_base(void)
{
    remove_tree(base);
}

TestSuite(ledger_crash, .init = make_base, .fini = remove_base);

static char *in_base(const char *name)
{
    return g_build_filename(base, name, NULL);
}

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static void write_file(const char *path, const char *text)
{
    cr_assert(g_file_set_contents(path, text, -1, NULL), "%s", path);
}

static struct ledger *open_ledger(void)
{
    g_autoptr(GError) error = NULL;
    struct ledger *ledger = ledger_open(base, "host1", &error);
    cr_assert_not_null(ledger, "%s", error != NULL ? error->message : "");
    return ledger;
}

static void own(struct ledger *ledger, enum owned_kind kind, const char *what)
{
    g_autoptr(GError) error = NULL;
    cr_assert_eq(ledger_own(ledger, kind, what, &error), 0, "%s",
                 error != NULL ? error->message : "");
}

static void own_process(struct ledger *ledger, pid_t pid)
{
    g_autofree char *text = g_strdup_printf("%d", (int)pid);
    own(ledger, OWNED_PROCESS, text);
}

static bool runs(pid_t pid)
{
    return process_runs(pid, process_start_time(pid));
}

struct reap_call {
    pid_t pid;
    struct reaping reaping;
    GError *error;
};

static int reap_in_fiber(void *arg, GError **err)
{
    struct reap_call *call = arg;
    (void)err;
    ledger_reap(base, call->pid, false, &call->reaping, &call->error);
    return 0;
}

static struct reap_call *reap(pid_t pid)
{
    struct reap_call *call = g_new0(struct reap_call, 1);
    call->pid = pid;
    reaping_init(&call->reaping);
    cr_assert_eq(fiber_run(reap_in_fiber, call, NULL), 0);
    return call;
}

static void reap_call_free(struct reap_call *call)
{
    reaping_clear(&call->reaping);
    g_clear_error(&call->error);
    g_free(call);
}

AUTOPTR_STRUCT(reap_call, reap_call_free);

static bool lists(const GPtrArray *list, const char *part)
{
    for (unsigned i = 0; i < list->len; i++)
        if (strstr(g_ptr_array_index(list, i), part) != NULL)
            return true;
    return false;
}

/* A node in a process of its own, with what it owned. */
struct fake_node {
    pid_t pid;
    char dir[128];
    pid_t owned; /* a process it started */
};

/* Runs in the child: owns a process and a folder, says so, and waits to be killed. */
static void be_node(int out, const char *path)
{
    struct fake_node self = {.pid = getpid()};
    struct ledger *ledger = ledger_open(base, "host1", NULL);
    if (ledger == NULL)
        _exit(1);
    g_strlcpy(self.dir, ledger_dir(ledger), sizeof(self.dir));
    self.owned = fork();
    if (self.owned == 0) {
        close(out);
        for (;;)
            pause();
    }
    g_autofree char *pid = g_strdup_printf("%d", (int)self.owned);
    if (ledger_own(ledger, OWNED_PROCESS, pid, NULL) < 0 ||
        (path != NULL && ledger_own(ledger, OWNED_PATH, path, NULL) < 0) ||
        ledger_own(ledger, OWNED_GUEST, "vm1", NULL) < 0 ||
        write(out, &self, sizeof(self)) != sizeof(self))
        _exit(1);
    for (;;)
        pause();
}

static struct fake_node start_node(const char *path)
{
    int pipe_fds[2];
    struct fake_node node;
    cr_assert_eq(pipe(pipe_fds), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        close(pipe_fds[0]);
        be_node(pipe_fds[1], path);
    }
    close(pipe_fds[1]);
    cr_assert_eq(read(pipe_fds[0], &node, sizeof(node)), (ssize_t)sizeof(node));
    close(pipe_fds[0]);
    return node;
}

Test(ledger_crash, lists_what_is_owned_and_there)
{
    struct ledger *ledger = open_ledger();
    g_autofree char *file = in_base("file");
    g_autofree char *absent = in_base("absent");
    pid_t pid = idle_start();
    write_file(file, "");
    own(ledger, OWNED_PATH, file);
    own(ledger, OWNED_PATH, absent);
    own(ledger, OWNED_GUEST, "vm1");
    own_process(ledger, pid);
    g_autoptr(GPtrArray) list = ledger_list(ledger);
    cr_expect_eq(list->len, 2, "neither what is not there nor a guest, which is a thought");
    cr_expect(lists(list, file));
    cr_expect(lists(list, "process"));

    ledger_disown(ledger, OWNED_PATH, file);
    idle_end(pid);
    g_autoptr(GPtrArray) rest = ledger_list(ledger);
    cr_expect_eq(rest->len, 0);
    ledger_close(ledger, true);
}

Test(ledger_crash, a_link_that_leads_nowhere_is_there)
{
    struct ledger *ledger = open_ledger();
    g_autofree char *path = in_base("link");
    cr_assert_eq(symlink("/nonexistent", path), 0);
    own(ledger, OWNED_PATH, path);
    g_autoptr(GPtrArray) list = ledger_list(ledger);
    cr_expect_eq(list->len, 1);
    ledger_disown(ledger, OWNED_PATH, path);
    ledger_close(ledger, true);
}

static int clear_in_fiber(void *arg, GError **err)
{
    (void)err;
    g_autoptr(GPtrArray) leaks = g_ptr_array_new_with_free_func(g_free);
    ledger_clear(arg, leaks);
    return (int)leaks->len;
}

Test(ledger_crash, clearing_ends_and_removes_everything)
{
    struct ledger *ledger = open_ledger();
    g_autofree char *folder = in_base("folder");
    g_autofree char *file = g_build_filename(folder, "deep", "file", NULL);
    g_autofree char *deep = g_path_get_dirname(file);
    g_mkdir_with_parents(deep, 0700);
    write_file(file, "");
    pid_t pid = idle_start();
    own(ledger, OWNED_PATH, folder);
    own_process(ledger, pid);
    cr_expect_eq(fiber_run(clear_in_fiber, ledger, NULL), 0, "nothing is left");
    cr_expect_not(exists(folder));
    cr_expect_not(runs(pid));
    waitpid(pid, NULL, 0);

    g_autofree char *dir = g_strdup(ledger_dir(ledger));
    ledger_close(ledger, true);
    cr_expect_not(exists(dir));
}

Test(ledger_crash, stays_on_disk_as_long_as_something_is_owned_and_there)
{
    struct ledger *ledger = open_ledger();
    g_autofree char *dir = g_strdup(ledger_dir(ledger));
    g_autofree char *file = in_base("file");
    write_file(file, "");
    own(ledger, OWNED_PATH, file);
    ledger_close(ledger, true);
    cr_expect(exists(dir), "who comes next must know of the file");
}

/* They are only ever refused: nothing here may be a path that exists. */
Test(ledger_crash, refuses_names_that_could_lead_to_something_else)
{
    static const char *const refused[] = {
        "/no-such-a/b\n+ path /no-such-c/d",
        "/no-such",
        "//no-such/",
        "/no-such/.",
        "",
        "no-such/relative",
        "/no-such/a/../b",
    };
    struct ledger *ledger = open_ledger();
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        cr_expect_eq(ledger_own(ledger, OWNED_PATH, refused[i], &error), -1, "%s", refused[i]);
        cr_expect_not_null(error);
    }
    g_autoptr(GPtrArray) list = ledger_list(ledger);
    cr_expect_eq(list->len, 0);
    ledger_close(ledger, true);
}

/* A stream may lie anywhere, so its name is what protects all other files. */
Test(ledger_crash, takes_no_file_for_a_stream_that_is_not_named_as_one)
{
    static const char *const streams[] = {"/no-such/vtmh-1.migration", "/vtmh-.migration"};
    static const char *const others[] = {
        "/no-such/vtmh-1",
        "/no-such/1.migration",
        "/no-such/vtmh-1.migration/x",
        "/no-such/vtmh-1.migration/",
        "/no-such/../vtmh-1.migration",
        "no-such/vtmh-1.migration",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(streams); i++) {
        cr_expect(owned_may_be("/base", OWNED_STREAM, streams[i]), "%s", streams[i]);
        cr_expect_not(owned_may_be("/base", OWNED_PATH, streams[i]), "%s", streams[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        cr_expect_not(owned_may_be("/base", OWNED_STREAM, others[i]), "%s", others[i]);
}

/* Likewise what is made beside images. */
Test(ledger_crash, takes_no_file_beside_images_for_its_own_that_is_not_named_so)
{
    static const char *const ours[] = {"/no-such/.vtmh-1.part", "/.vtmh-.part"};
    static const char *const others[] = {"/no-such/vtmh-1.part", "/no-such/.vtmh-1",
                                         "/no-such/debian.qcow2", "/no-such/../.vtmh-1.part",
                                         "no-such/.vtmh-1.part"};
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        cr_expect(owned_may_be("/base", OWNED_BESIDE, ours[i]), "%s", ours[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        cr_expect_not(owned_may_be("/base", OWNED_BESIDE, others[i]), "%s", others[i]);
}

/* What the ledger calls the image at that path. Transfer full. */
static char *image_at(const char *path)
{
    struct stat info;
    cr_assert_eq(stat(path, &info), 0);
    return g_strdup_printf("%lu:%lu %s", (unsigned long)info.st_dev, (unsigned long)info.st_ino,
                           path);
}

Test(ledger_crash, removes_an_image_that_was_made_and_no_other_that_lies_there)
{
    struct ledger *ledger = open_ledger();
    g_autofree char *made = in_base("made one.qcow2"), *other = in_base("other.qcow2");
    g_autofree char *dir = g_strdup(ledger_dir(ledger));
    write_file(made, "");
    write_file(other, "");
    g_autofree char *image = image_at(made), *gone = image_at(other);
    own(ledger, OWNED_IMAGE, image);
    own(ledger, OWNED_IMAGE, gone);
    g_autofree char *kept = in_base("kept.qcow2");
    cr_assert_eq(rename(other, kept), 0); /* so that its inode is not given to the next */
    write_file(other, "somebody's");
    g_autoptr(GPtrArray) list = ledger_list(ledger);
    cr_expect_eq(list->len, 1);
    cr_expect(lists(list, "image /tmp/"));

    /* As one of a node that is dead. */
    g_autofree char *path = g_build_filename(dir, "ledger", NULL);
    g_autofree char *text = NULL;
    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    g_autofree char *dead = g_strdup_printf("node 999999999 1 host1\n%s", strchr(text, '\n') + 1);
    write_file(path, dead);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_eq(call->reaping.left->len, 0);
    cr_expect(lists(call->reaping.removed, made));
    cr_expect_not(exists(made));
    cr_expect(exists(other));
    cr_expect(exists(kept));
    ledger_close(ledger, false);
}

Test(ledger_crash, takes_nothing_for_an_image_that_does_not_say_which_file)
{
    static const char *const others[] = {"/no-such/a.qcow2",
                                         "1 /no-such/a.qcow2",
                                         "1:2",
                                         "1:2 ",
                                         "1:2 no-such/a",
                                         "1:2 /no-such/../a",
                                         "1:2 //no-such/a",
                                         "-1:2 /no-such/a",
                                         "1: /no-such/a",
                                         "1:2/no-such/a"};
    cr_expect(owned_may_be("/base", OWNED_IMAGE, "1:2 /no-such/a.qcow2"));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        cr_expect_not(owned_may_be("/base", OWNED_IMAGE, others[i]), "%s", others[i]);
}

Test(ledger_crash, makes_its_base_for_the_user_alone)
{
    g_autofree char *path = in_base("base");
    struct stat info;
    cr_expect_eq(ledger_prepare_base(path, NULL), 0);
    cr_expect_eq(ledger_prepare_base(path, NULL), 0, "twice is fine");
    cr_assert_eq(stat(path, &info), 0);
    cr_expect_eq(info.st_mode & 07777, 0700);
}

static void expect_refused(const char *path)
{
    g_autoptr(GError) error = NULL;
    cr_expect_eq(ledger_prepare_base(path, &error), -1, "%s", path);
    cr_expect(error != NULL && strstr(error->message, path) != NULL);
}

Test(ledger_crash, refuses_a_base_that_others_may_enter_or_that_is_no_folder)
{
    g_autofree char *open_to_all = in_base("open");
    g_autofree char *file = in_base("file");
    g_autofree char *target = in_base("target");
    g_autofree char *link_path = in_base("link");
    mkdir(open_to_all, 0700);
    chmod(open_to_all, 0755);
    write_file(file, "");
    mkdir(target, 0700);
    cr_assert_eq(symlink(target, link_path), 0);
    expect_refused(open_to_all);
    expect_refused(file);
    expect_refused(link_path);
}

Test(ledger_crash, refuses_a_base_of_another_user)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give a folder away");
    g_autofree char *path = in_base("theirs");
    mkdir(path, 0700);
    cr_assert_eq(chown(path, 65534, 65534), 0);
    expect_refused(path);
}

Test(ledger_crash, removes_what_a_killed_node_left)
{
    g_autofree char *folder = in_base("left");
    g_autofree char *file = g_build_filename(folder, "with a blank", NULL);
    mkdir(folder, 0700);
    write_file(file, "");
    struct fake_node node = start_node(folder);
    idle_end(node.pid);
    cr_assert(runs(node.owned), "its process lives on");

    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect_not(runs(node.owned));
    cr_expect_not(exists(folder));
    cr_expect_not(exists(node.dir));
    cr_expect(lists(call->reaping.removed, folder));
    cr_expect_eq(call->reaping.live->len, 0);
    waitpid(node.owned, NULL, 0);
}

Test(ledger_crash, does_not_touch_a_node_that_lives)
{
    g_autofree char *folder = in_base("used");
    mkdir(folder, 0700);
    struct fake_node node = start_node(folder);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect(runs(node.pid));
    cr_expect(runs(node.owned));
    cr_expect(exists(folder));
    cr_expect(exists(node.dir));
    cr_expect_eq(call->reaping.removed->len, 0);
    cr_expect(lists(call->reaping.live, "host1"), "but names it");
    idle_end(node.pid);
    idle_end(node.owned);
}

Test(ledger_crash, ends_the_living_node_that_is_asked_for_and_no_other)
{
    g_autofree char *folder = in_base("used");
    mkdir(folder, 0700);
    struct fake_node asked = start_node(folder);
    struct fake_node other = start_node(NULL);
    g_autoptr(reap_call) call = reap(asked.pid);
    cr_expect_null(call->error);
    cr_expect_not(runs(asked.pid));
    cr_expect_not(runs(asked.owned));
    cr_expect_not(exists(folder));
    cr_expect_not(exists(asked.dir));
    cr_expect(runs(other.pid));
    cr_expect(runs(other.owned));
    cr_expect(exists(other.dir));
    waitpid(asked.pid, NULL, 0);
    waitpid(asked.owned, NULL, 0);
    idle_end(other.pid);
    idle_end(other.owned);
}

/* A ledger as a dead node would have left it, with these lines. Transfer full. */
static char *leave_ledger(const char *name, const char *lines)
{
    g_autofree char *dir = in_base(name);
    g_autofree char *path = g_build_filename(dir, "ledger", NULL);
    /* Pid 1 runs, but began at another time. */
    g_autofree char *text = g_strdup_printf("node 1 1 host1\n%s", lines);
    mkdir(dir, 0700);
    write_file(path, text);
    return g_steal_pointer(&dir);
}

Test(ledger_crash, does_not_hit_a_process_that_has_got_a_recycled_pid)
{
    pid_t pid = idle_start();
    g_autofree char *lines = g_strdup_printf("+ process %d %" G_GUINT64_FORMAT "\n", (int)pid,
                                             process_start_time(pid) + 1);
    g_autofree char *dir = leave_ledger("node-a", lines);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect(runs(pid));
    cr_expect_not(exists(dir));
    idle_end(pid);
}

Test(ledger_crash, does_not_end_a_process_that_has_got_the_pid_of_the_node_asked_for)
{
    pid_t pid = idle_start();
    g_autofree char *dir = in_base("node-a");
    g_autofree char *path = g_build_filename(dir, "ledger", NULL);
    g_autofree char *text = g_strdup_printf("node %d %" G_GUINT64_FORMAT " host1\n", (int)pid,
                                            process_start_time(pid) + 1);
    mkdir(dir, 0700);
    write_file(path, text);
    g_autoptr(reap_call) call = reap(pid);
    cr_expect_null(call->error);
    cr_expect(runs(pid));
    cr_expect_not(exists(dir), "the node itself is dead");
    idle_end(pid);
}

Test(ledger_crash, leaves_what_was_struck_out)
{
    g_autofree char *kept = in_base("kept");
    g_autofree char *left = in_base("left");
    mkdir(kept, 0700);
    mkdir(left, 0700);
    g_autofree char *lines = g_strdup_printf("+ path %s\n+ path %s\n- path %s\n", kept, left, kept);
    g_autofree char *dir = leave_ledger("node-a", lines);
    g_autoptr(reap_call) call = reap(0);
    cr_expect(exists(kept));
    cr_expect_not(exists(left));
    cr_expect_not(exists(dir));
}

Test(ledger_crash, does_not_act_on_a_last_line_that_was_cut_short)
{
    g_autofree char *kept = in_base("kept");
    g_autofree char *left = in_base("left");
    mkdir(kept, 0700);
    mkdir(left, 0700);
    /* The line that was being written was to go on: "+ path …/kept/socket". */
    g_autofree char *lines = g_strdup_printf("+ path %s\n+ path %s", left, kept);
    g_autofree char *dir = leave_ledger("node-a", lines);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect(exists(kept));
    cr_expect_not(exists(left));
    cr_expect_not(exists(dir));
}

Test(ledger_crash, survives_lines_that_make_no_sense_and_does_not_act_on_them)
{
    g_autofree char *left = in_base("left");
    g_autofree char *kept = in_base("kept");
    mkdir(left, 0700);
    mkdir(kept, 0700);
    g_autofree char *lines =
        g_strdup_printf("\n+\n+ \n+ process\n+ process 12\n+ process x y\n+ thing a\n"
                        "- path /no-such/path\n? path %s\npath %s\n+path %s\n"
                        "+ path %s/../kept\n+ path %s\n",
                        kept, kept, kept, left, left);
    g_autofree char *dir = leave_ledger("node-a", lines);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect_not(exists(left));
    cr_expect(exists(kept), "only what begins with + is owned");
    cr_expect_not(exists(dir));
}

Test(ledger_crash, does_not_take_a_folder_for_its_own_that_is_just_being_made)
{
    g_autofree char *dir = in_base("new-abcdef");
    mkdir(dir, 0700);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect(exists(dir), "its node has not yet written whose it is");
}

/* A folder that cannot be removed: a mount point of this process alone, or, without root, a closed
 * one. */
static void make_stuck(const char *path)
{
    g_autofree char *file = g_build_filename(path, "file", NULL);
    cr_assert_eq(mkdir(path, 0700), 0);
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("none", path, "tmpfs", 0, NULL) == 0)
        return;
    write_file(file, "");
    cr_assert_eq(chmod(path, 0500), 0);
}

static void make_loose(const char *path)
{
    umount(path);
    chmod(path, 0700);
}

Test(ledger_crash, says_what_it_cannot_remove_and_keeps_the_ledger_for_the_next_try)
{
    g_autofree char *stuck = in_base("stuck");
    make_stuck(stuck);
    g_autofree char *line = g_strdup_printf("+ path %s\n", stuck);
    g_autofree char *dir = leave_ledger("node-a", line);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_not_null(call->error);
    cr_expect(lists(call->reaping.left, stuck));
    cr_expect(exists(dir));
    make_loose(stuck);
}

Test(ledger_crash, never_removes_what_does_not_lie_below_the_base)
{
    g_autofree char *outside = g_dir_make_tmp("vtmh-outside-XXXXXX", NULL);
    g_autofree char *beside = g_strdup_printf("%s-beside", base);
    mkdir(beside, 0700);
    g_autofree char *lines = g_strdup_printf("+ path %s\n+ path %s\n+ path %s\n+ path %s/..\n",
                                             outside, beside, base, base);
    g_autofree char *dir = leave_ledger("node-a", lines);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect(exists(outside));
    cr_expect(exists(beside));
    cr_expect(exists(base));
    cr_expect_not(exists(dir));
    rmdir(outside);
    rmdir(beside);
}

Test(ledger_crash, a_base_that_does_not_exist_holds_nothing)
{
    remove_tree(base);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect_eq(call->reaping.removed->len, 0);
}

Test(ledger_crash, ends_processes_that_never_reached_the_ledger)
{
    g_autofree char *dir = leave_ledger("node-a", "");
    int input;
    pid_t pid = idle_start_marked(NODE_VARIABLE, dir, &input);
    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error);
    cr_expect_not(runs(pid));
    cr_expect(lists(call->reaping.removed, "cat"));
    waitpid(pid, NULL, 0);
    close(input);
}

/* What a clone's command makes, step by step. */
static pid_t make_again_and_again(const char *path, const char *node_dir)
{
    g_autofree char *mark = g_strconcat(NODE_VARIABLE "=", node_dir, NULL);
    char *const argv[] = {(char *)"sh", (char *)"-c", (char *)"while :; do : >\"$0\"; done",
                          (char *)path, NULL};
    char *const env[] = {mark, NULL};
    pid_t pid = fork();
    if (pid == 0) {
        execve("/bin/sh", argv, env);
        _exit(127);
    }
    while (!exists(path))
        sched_yield();
    return pid;
}

Test(ledger_crash, what_a_child_of_a_dead_node_makes_anew_is_removed_behind_it)
{
    struct fake_node node = start_node(NULL);
    g_autofree char *ledger = g_build_filename(node.dir, "ledger", NULL);
    g_autofree char *part = in_base(".vtmh-1.part");
    g_autofree char *line = g_strdup_printf("+ beside %s\n", part);
    kill(node.pid, SIGKILL);
    waitpid(node.pid, NULL, 0);
    FILE *file = fopen(ledger, "a");
    cr_assert_not_null(file);
    fputs(line, file);
    fclose(file);
    pid_t maker = make_again_and_again(part, node.dir);

    g_autoptr(reap_call) call = reap(0);
    cr_expect_null(call->error, "%s", call->error != NULL ? call->error->message : "");
    cr_expect_not(exists(part));
    waitpid(maker, NULL, 0);
    waitpid(node.owned, NULL, 0);
}
