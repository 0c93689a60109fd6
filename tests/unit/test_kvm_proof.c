#include "migration/vm/kvm_proof.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(kvm_proof, .timeout = 30);

/* A program that stands for a node, and what the proof made of it. */
struct trial {
    const char *program;
    int64_t limit_ms;
    bool proven;
    char *reason;
};

static int try_it(void *arg, GError **err)
{
    struct trial *trial = arg;

    return kvm_proof_run(trial->program, deadline_in(trial->limit_ms), &trial->proven,
                         &trial->reason, err);
}

/* Runs the proof with a shell script in the node's place. */
static struct trial try_script(const char *script, int64_t limit_ms)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-kvm-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "node", NULL);
    g_autofree char *text = g_strconcat("#!/bin/sh\n", script, "\n", NULL);
    struct trial trial = {.program = path, .limit_ms = limit_ms};

    g_file_set_contents(path, text, -1, NULL);
    g_chmod(path, 0700);
    cr_assert_eq(fiber_run(try_it, &trial, NULL), 0);
    unlink(path);
    rmdir(folder);
    return trial;
}

Test(kvm_proof, ok_from_the_child_is_the_proof)
{
    struct trial trial = try_script("test \"$1\" = prove-kvm && echo ok", 10000);

    cr_assert(trial.proven);
    cr_assert_null(trial.reason);
}

Test(kvm_proof, child_that_fails_gives_the_reason)
{
    struct trial said = try_script("echo KVM emulates; exit 1", 10000);
    struct trial mute = try_script("kill -9 $$", 10000);
    struct trial lying = try_script("echo ok; exit 3", 10000);

    cr_assert_not(said.proven);
    cr_assert_str_eq(said.reason, "KVM emulates");
    cr_assert_not(mute.proven);
    cr_assert_str_eq(mute.reason, "killed by SIGKILL");
    cr_assert_not(lying.proven);
    g_free(said.reason);
    g_free(mute.reason);
    g_free(lying.reason);
}

Test(kvm_proof, child_that_hangs_is_ended)
{
    struct trial trial = try_script("exec sleep 100", 50);

    cr_assert_not(trial.proven);
    cr_assert_str_eq(trial.reason, "a guest under KVM hangs");
    g_free(trial.reason);
}

Test(kvm_proof, program_that_is_not_there_is_a_reason_too)
{
    struct trial trial = {.program = "/nonexistent/node", .limit_ms = 10000};

    cr_assert_eq(fiber_run(try_it, &trial, NULL), 0);
    cr_assert_not(trial.proven);
    cr_assert(strstr(trial.reason, "/nonexistent/node") != NULL, "%s", trial.reason);
    g_free(trial.reason);
}

Test(kvm_proof, this_machine_has_an_answer_whatever_it_is)
{
    struct trial trial = {.program = "/proc/self/exe", .limit_ms = 10000};

    g_unsetenv("BXFI_MAP"); /* else Criterion takes the child for one of its own */
    cr_assert_eq(fiber_run(try_it, &trial, NULL), 0);
    cr_assert_neq(trial.proven, trial.reason != NULL);
    cr_log_info("KVM here: %s", trial.proven ? "proven" : trial.reason);
    if (g_access("/dev/kvm", R_OK | W_OK) != 0)
        cr_assert_not(trial.proven);
    g_free(trial.reason);
}

/* A device, and a node that says of it what is in the device's own file. */
struct kept {
    char *folder, *device, *node, *count;
    struct kvm_proof proof;
};

static struct kept make_kept(void)
{
    struct kept kept = {.folder = g_dir_make_tmp("vtmh-kvm-XXXXXX", NULL)};
    g_autofree char *text = NULL;

    kept.device = g_build_filename(kept.folder, "kvm", NULL);
    kept.node = g_build_filename(kept.folder, "node", NULL);
    kept.count = g_build_filename(kept.folder, "count", NULL);
    text = g_strdup_printf("#!/bin/sh\necho >> %s\ncat %s || exit 1\n", kept.count, kept.device);
    cr_assert(g_file_set_contents(kept.node, text, -1, NULL));
    g_chmod(kept.node, 0700);
    return kept;
}

static void clear_kept(struct kept *kept)
{
    unlink(kept->device);
    unlink(kept->node);
    unlink(kept->count);
    rmdir(kept->folder);
    g_free(kept->device);
    g_free(kept->node);
    g_free(kept->count);
    g_free(kept->folder);
    g_free(kept->proof.reason);
}

static int keep_it(void *arg, GError **err)
{
    struct kept *kept = arg;

    return kvm_proof_keep(&kept->proof, kept->device, kept->node, deadline_in(10000), err);
}

/* Whether KVM is proven. times: how often the proof must have been run by then. */
static bool ask(struct kept *kept, unsigned times)
{
    g_autofree char *marks = NULL;

    cr_assert_eq(fiber_run(keep_it, kept, NULL), 0);
    cr_assert(g_file_get_contents(kept->count, &marks, NULL, NULL));
    cr_expect_eq(strlen(marks), times, "the proof was run %zu times, not %u", strlen(marks), times);
    return kept->proof.proven;
}

Test(kvm_proof, is_run_again_when_the_device_comes_changes_and_goes)
{
    struct kept kept = make_kept();

    cr_expect_not(ask(&kept, 1), "there is no device yet");
    cr_expect_not(ask(&kept, 1));
    cr_expect_not_null(kept.proof.reason);

    cr_assert(g_file_set_contents(kept.device, "ok\n", -1, NULL));
    cr_expect(ask(&kept, 2), "it has come");
    cr_expect_null(kept.proof.reason);
    cr_expect(ask(&kept, 2));

    cr_assert_eq(g_chmod(kept.device, 0640), 0);
    cr_expect(ask(&kept, 3), "it has other permissions");

    cr_assert(g_file_set_contents(kept.device, "no\n", -1, NULL));
    cr_expect_not(ask(&kept, 4), "another one");
    cr_expect_str_eq(kept.proof.reason, "no");

    cr_assert_eq(unlink(kept.device), 0);
    cr_expect_not(ask(&kept, 5), "it has gone");
    clear_kept(&kept);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], KVM_PROOF_ARGUMENT) == 0)
        return kvm_proof_main();
    return runner_main(argc, argv);
}
