/*
 * `vtmh cleanup` over a real sshd and on this computer. The nodes in the caches are shell scripts,
 * so that nothing of this machine is touched.
 */
#include "orchestrator/command/cleanup.h"
#include "tests/integration/deploy_bed.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#define NODE "node-00000000000000aa"
#define GUESTS "guests-00000000000000bb"

static struct bed *bed;

static void make_node(const char *path, const char *clean_up)
{
    g_autofree char *text =
        g_strdup_printf("#!/bin/sh\n[ \"$1\" != --version ] || exit 0\n%s\n", clean_up);

    bed_make_file(bed, path, text, 0755);
}

/* "one" and "two" are the bed's machine by two names. */
static void make_config(void)
{
    g_autofree char *config = bed_read_file(bed, "ssh_config");
    g_autofree char *more = g_strdup_printf("Host one two\nHostName 127.0.0.1\nPort %u\n"
                                            "HostKeyAlias [127.0.0.1]:%u\nHost *\n%s",
                                            bed->port, bed->port, config);

    bed_make_file(bed, "ssh_config", more, 0600);
}

static void set_up(void)
{
    g_autofree char *programs = NULL, *cache = NULL;

    bed = bed_start();
    bed_trust(bed);
    make_config();
    programs = g_build_filename(bed->folder, "exec", NULL);
    cache = g_build_filename(bed->folder, "our-cache", NULL);
    g_setenv("VTMH_EXEC_PATH", programs, TRUE);
    g_setenv("XDG_CACHE_HOME", cache, TRUE);
}

static void tear_down(void)
{
    bed_stop(bed);
}

TestSuite(cleanup, .init = set_up, .fini = tear_down);

static int divert(int fd, const char *name)
{
    g_autofree char *path = g_build_filename(bed->folder, name, NULL);
    int kept = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    cr_assert_geq(file, 0);
    dup2(file, fd);
    close(file);
    return kept;
}

static void restore(int fd, int kept)
{
    dup2(kept, fd);
    close(kept);
}

/* Runs the command; its output is then in the files "out" and "err". Words are split at blanks. */
static int call(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    int out, err, status;

    fflush(NULL);
    out = divert(STDOUT_FILENO, "out");
    err = divert(STDERR_FILENO, "err");
    status = command_cleanup((int)g_strv_length(words), words);
    fflush(NULL);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, err);
    return status;
}

static void assert_file(const char *name, const char *wanted)
{
    g_autofree char *text = bed_read_file(bed, name);

    cr_assert_str_eq(text, wanted);
}

static void assert_has(const char *name, const char *wanted)
{
    g_autofree char *text = bed_read_file(bed, name);

    cr_assert_not_null(strstr(text, wanted), "%s: %s", name, text);
}

static bool exists(const char *name)
{
    g_autofree char *path = g_build_filename(bed->folder, name, NULL);

    return access(path, F_OK) == 0;
}

Test(cleanup, finds_nothing_on_a_machine_that_never_had_a_node)
{
    cr_expect_eq(call("-m one"), 0);
    assert_file("out", "one: nothing to clean\n");
    assert_file("err", "");
}

Test(cleanup, says_for_each_machine_what_was_removed_and_what_lives)
{
    make_node("cache/vtmh/" NODE "/vtmh-node",
              "echo 'removed process 12 (qemu)'; echo 'removed path /x'; echo 'live node 7 (h)'");
    cr_expect_eq(call("-m one,two"), 0);
    assert_file("out", "one: removed process 12 (qemu)\n"
                       "one: removed path /x\n"
                       "one: node 7 (h) runs; not touched\n"
                       "two: removed process 12 (qemu)\n"
                       "two: removed path /x\n"
                       "two: node 7 (h) runs; not touched\n");
    assert_file("err", "");
}

Test(cleanup, is_on_all_machines_at_once)
{
    /* Each waits until the other has begun. */
    make_node("cache/vtmh/" NODE "/vtmh-node",
              "cd \"$VTMH_TEST\"; mkfifo gate 2>/dev/null\n"
              "if mkdir first 2>/dev/null; then read x <gate; else echo go >gate; fi\n"
              "echo removed it");
    cr_expect_eq(call("-m one,two"), 0);
    assert_file("out", "one: removed it\ntwo: removed it\n");
}

Test(cleanup, fails_for_a_machine_that_cannot_be_reached_and_cleans_the_others)
{
    make_node("cache/vtmh/" NODE "/vtmh-node", "echo 'removed path /x'");
    cr_expect_eq(call("-m nowhere.invalid,one"), 2);
    assert_file("out", "one: removed path /x\n");
    assert_has("err", "vtmh: nowhere.invalid: ");
}

Test(cleanup, names_what_could_not_be_removed)
{
    make_node("cache/vtmh/" NODE "/vtmh-node",
              "echo 'removed path /x'; echo 'left process 9 (qemu)'; exit 1");
    cr_expect_eq(call("-m one --cache"), 2);
    assert_file("out", "one: removed path /x\n");
    assert_has("err", "vtmh: one: could not remove process 9 (qemu)\n");
    assert_has("err", "something is left to remove\n");
    cr_expect(exists("cache/vtmh/" NODE), "it is needed for the next try");
}

Test(cleanup, removes_the_cache_when_asked_to)
{
    g_autofree char *wanted =
        g_strdup_printf("one: removed path /x\none: removed cache %s/vtmh/" NODE
                        "\none: removed cache %s/vtmh/" GUESTS "\n",
                        bed->cache, bed->cache);

    make_node("cache/vtmh/" NODE "/vtmh-node", "echo 'removed path /x'");
    bed_make_file(bed, "cache/vtmh/" GUESTS "/tick/tick.rom", "rom", 0600);
    bed_make_file(bed, "cache/vtmh/guests/tick/tick.rom", "rom", 0600);
    cr_expect_eq(call("-m one --cache"), 0);
    assert_file("out", wanted);
    cr_expect_not(exists("cache/vtmh/" NODE));
    cr_expect_not(exists("cache/vtmh/" GUESTS));
    cr_expect(exists("cache/vtmh/guests/tick/tick.rom"), "the machine's own guests");
    cr_expect_eq(call("-m one"), 0);
    assert_file("out", "one: nothing to clean\n");
}

Test(cleanup, keeps_the_cache_under_a_job_in_progress)
{
    make_node("cache/vtmh/" NODE "/vtmh-node", "echo 'live node 7 (h)'");
    cr_expect_eq(call("-m one --cache"), 2);
    assert_file("out", "one: node 7 (h) runs; not touched\n");
    assert_has("err", NODE ": a node runs\n");
    cr_expect(exists("cache/vtmh/" NODE));
}

Test(cleanup, cleans_this_computer_once_and_never_its_own_guests)
{
    g_autofree char *wanted = g_strdup_printf(
        "a, b: removed path /x\na, b: removed cache %s/our-cache/vtmh/" GUESTS "\n", bed->folder);

    make_node("exec/vtmh-node", "echo 'removed path /x'");
    bed_make_file(bed, "our-cache/vtmh/" GUESTS "/tick/tick.rom", "rom", 0600);
    bed_make_file(bed, "our-cache/vtmh/guests/tick/tick.rom", "rom", 0600);
    cr_expect_eq(call("-m local:a,local:b --cache"), 0);
    assert_file("out", wanted);
    cr_expect(exists("our-cache/vtmh/guests/tick/tick.rom"));
}

Test(cleanup, refuses_an_unknown_host_key_and_says_how_to_accept_it)
{
    bed_shell(bed, "rm known_hosts");
    cr_expect_eq(call("-m one"), 2);
    assert_has("err", "vtmh cleanup -m one --accept-new-host-keys");
    assert_file("out", "");
    cr_expect_eq(call("-m one --accept-new-host-keys"), 0);
    cr_expect_eq(call("-m one"), 0);
}

Test(cleanup, prints_nothing_that_could_move_a_cursor)
{
    make_node("cache/vtmh/" NODE "/vtmh-node", "printf 'removed path /\\033[2J\\n'");
    cr_expect_eq(call("-m one"), 0);
    assert_file("out", "one: removed path /\\x1b[2J\n");
}

Test(cleanup, takes_machines_from_a_file)
{
    g_autofree char *line = g_strdup_printf("-M %s/machines", bed->folder);

    bed_make_file(bed, "machines", "one pool=rack3\n# two\n", 0600);
    cr_expect_eq(call(line), 0);
    assert_file("out", "one: nothing to clean\n");
}

Test(cleanup, asks_for_machines)
{
    cr_expect_eq(call("--cache"), 4);
    assert_file("err", "vtmh: no hosts; name them with -m host1,host2\n"
                       "usage: vtmh cleanup -m HOSTS [options]\n");
}

int main(int argc, char **argv)
{
    return runner_main_unless(bed_missing(), argc, argv);
}
