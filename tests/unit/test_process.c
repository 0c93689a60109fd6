#include "node/process.h"

#include "sync/fiber.h"
#include "tests/unit/idle.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_MS 10000

struct ending {
    pid_t pid;
    uint64_t start_time;
    int signum;
    int64_t timeout_ms;
    bool is_gone;
};

static int end_in_fiber(void *arg, GError **err)
{
    (void)err;
    struct ending *ending = arg;
    ending->is_gone = process_end(ending->pid, ending->start_time, ending->signum,
                                  deadline_in(ending->timeout_ms));
    return 0;
}

static bool end_process(pid_t pid, uint64_t start_time, int signum, int64_t timeout_ms)
{
    struct ending ending = {pid, start_time, signum, timeout_ms, false};
    cr_assert_eq(fiber_run(end_in_fiber, &ending, NULL), 0);
    return ending.is_gone;
}

Test(process, knows_its_own_start_time_and_name)
{
    cr_expect_gt(process_start_time(getpid()), 0);
    cr_expect(process_runs(getpid(), process_start_time(getpid())));
    g_autofree char *name = process_name(getpid());
    cr_expect_str_neq(name, "?");
}

Test(process, reads_the_start_time_behind_a_name_with_blanks_and_parentheses)
{
    uint64_t before = process_start_time(getpid());
    prctl(PR_SET_NAME, "a) S 1 (2) 3");
    cr_expect_eq(process_start_time(getpid()), before);
    cr_expect(process_runs(getpid(), before));
    g_autofree char *name = process_name(getpid());
    cr_expect_str_eq(name, "a) S 1 (2) 3");
}

Test(process, one_that_does_not_exist_neither_runs_nor_began)
{
    pid_t pid = idle_start();
    uint64_t start_time = process_start_time(pid);
    idle_end(pid);
    cr_expect_eq(process_start_time(pid), 0);
    cr_expect_not(process_runs(pid, start_time));
    cr_expect_not(process_runs(pid, 0));
    g_autofree char *name = process_name(pid);
    cr_expect_str_eq(name, "?");
    cr_expect(end_process(pid, start_time, SIGKILL, END_MS));
}

Test(process, a_zombie_does_not_run)
{
    pid_t pid = idle_start();
    uint64_t start_time = process_start_time(pid);
    siginfo_t info;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    cr_expect_not(process_runs(pid, start_time));
    cr_expect(end_process(pid, start_time, SIGKILL, END_MS));
    waitpid(pid, NULL, 0);
}

Test(process, ends_a_process_and_waits_for_its_end)
{
    pid_t pid = idle_start();
    cr_expect(end_process(pid, process_start_time(pid), SIGTERM, END_MS));
    int status = 0;
    waitpid(pid, &status, 0);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

Test(process, does_not_touch_another_that_has_got_the_same_pid)
{
    pid_t pid = idle_start();
    uint64_t other = process_start_time(pid) + 1;
    cr_expect(end_process(pid, other, SIGKILL, END_MS), "the one that is meant is gone");
    cr_expect(process_runs(pid, process_start_time(pid)), "the one that has its pid is not");
    cr_expect_not(process_runs(pid, other));
    idle_end(pid);
}

Test(process, says_when_one_does_not_end)
{
    pid_t pid = idle_start();
    /* Signal 0 reaches it and does nothing. */
    cr_expect_not(end_process(pid, process_start_time(pid), 0, 1));
    idle_end(pid);
}

static bool is_found(const char *name, const char *value, pid_t pid)
{
    g_autoptr(GArray) found = process_find_by_environment(name, value);
    for (unsigned i = 0; i < found->len; i++)
        if (g_array_index(found, pid_t, i) == pid)
            return true;
    return false;
}

Test(process, is_found_by_its_environment)
{
    int input;
    pid_t pid = idle_start_marked("VTMH_TEST_MARK", "here", &input);
    cr_expect(is_found("VTMH_TEST_MARK", "here", pid));
    cr_expect_not(is_found("VTMH_TEST_MARK", "her", pid), "the value counts as a whole");
    cr_expect_not(is_found("VTMH_TEST_MARK", "here2", pid));
    cr_expect_not(is_found("TEST_MARK", "here", pid), "and so does the name");
    close(input);
    waitpid(pid, NULL, 0);
    cr_expect_not(is_found("VTMH_TEST_MARK", "here", pid));
}

Test(process, never_finds_itself)
{
    const char *path = getenv("PATH");
    cr_assert_not_null(path);
    cr_expect_not(is_found("PATH", path, getpid()));
}
