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

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], KVM_PROOF_ARGUMENT) == 0)
        return kvm_proof_main();
    return runner_main(argc, argv);
}
