/*
 * A QEMU that says it is 8.2.0: runs the real one and rewrites its version in the QMP stream. A
 * mock, since Debian has one version of QEMU only; everything but the version is the real thing.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor behind "id=qmp,fd=" on the command line. */
static int find_qmp(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *at = strstr(argv[i], "id=qmp,fd=");
        if (at != NULL)
            return atoi(at + strlen("id=qmp,fd="));
    }
    return -1;
}

/* Copies what is there; in the answers of QEMU "major": 7 becomes 8 (same length). */
static ssize_t copy(int from, int to)
{
    static const char real[] = "\"major\": 7";
    static char buffer[1 << 20];
    ssize_t n = read(from, buffer, sizeof(buffer) - 1);
    if (n <= 0)
        return n;
    buffer[n] = '\0';
    char *at = strstr(buffer, real);
    if (at != NULL)
        at[sizeof(real) - 2] = '8';
    return write(to, buffer, (size_t)n);
}

int main(int argc, char **argv)
{
    int pair[2];
    int qmp = find_qmp(argc, argv);
    if (qmp < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 1;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(pair[1], qmp);
        close(pair[0]);
        close(pair[1]);
        argv[0] = "qemu-system-x86_64";
        execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    close(pair[1]);
    struct pollfd both[] = {{qmp, POLLIN, 0}, {pair[0], POLLIN, 0}};
    while (poll(both, 2, -1) > 0) {
        if (both[0].revents != 0 && copy(qmp, pair[0]) <= 0)
            break;
        if (both[1].revents != 0 && copy(pair[0], qmp) <= 0)
            break;
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
