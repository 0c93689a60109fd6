#include "tests/unit/idle.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t idle_start(void)
{
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGTERM, SIG_DFL);
        for (;;)
            pause();
    }
    return pid;
}

pid_t idle_start_marked(const char *name, const char *value, int *input_out)
{
    int input[2];
    int ready[2];
    cr_assert_eq(pipe2(input, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(input[0], STDIN_FILENO);
        setenv(name, value, 1);
        execlp("cat", "cat", NULL);
        _exit(127);
    }
    close(input[0]);
    close(ready[1]);
    char byte;
    cr_assert_eq(read(ready[0], &byte, 1), 0, "it closes when the program has taken over");
    close(ready[0]);
    *input_out = input[1];
    return pid;
}

void idle_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
