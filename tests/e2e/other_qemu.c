/*
 * A QEMU that says it is 8.2.0, calls its machine pc-i440fx-1.4 pc-i440fx-9.9, and has no CPU model
 * Westmere: runs the real one and rewrites what it says in QMP. A mock, since Debian has one
 * version of QEMU only; everything else is the real thing.
 */
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

/* Writes `to` over `from` wherever it stands; both have the same length. */
static void rewrite(char *line, const char *from, const char *to)
{
    while ((line = strstr(line, from)) != NULL)
        for (size_t i = 0; to[i] != '\0'; i++)
            line[i] = to[i];
}

/* What QEMU says, a line each. */
static void answers(int from, int to)
{
    FILE *lines = fdopen(from, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    while (lines != NULL && (n = getline(&line, &size, lines)) > 0) {
        rewrite(line, "\"major\": 7", "\"major\": 8");
        rewrite(line, "pc-i440fx-1.4", "pc-i440fx-9.9");
        rewrite(line, "Westmere", "Unknown1");
        if (write(to, line, (size_t)n) < 0)
            return;
    }
}

/* What it is told, as it comes, with the descriptors that come along. */
static void commands(int from, int to)
{
    static char buffer[1 << 16];
    char control[CMSG_SPACE(8 * sizeof(int))];

    for (;;) {
        struct iovec bytes = {buffer, sizeof(buffer)};
        struct msghdr message = {.msg_iov = &bytes,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(from, &message, 0);

        if (n <= 0)
            return;
        bytes.iov_len = (size_t)n;
        if (message.msg_controllen == 0)
            message.msg_control = NULL;
        if (sendmsg(to, &message, 0) < 0)
            return;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
            for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
                close(((int *)CMSG_DATA(c))[i]);
    }
}

/* A process that ends with this one. */
static pid_t begin(void)
{
    pid_t pid = fork();

    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

int main(int argc, char **argv)
{
    int pair[2];
    int qmp = find_qmp(argc, argv);
    if (qmp < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 1;

    pid_t qemu = begin();
    if (qemu == 0) {
        dup2(pair[1], qmp);
        close(pair[0]);
        close(pair[1]);
        argv[0] = "qemu-system-x86_64";
        execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    close(pair[1]);
    pid_t carriers[] = {begin(), -1};
    if (carriers[0] == 0) {
        answers(pair[0], qmp);
        _exit(0);
    }
    carriers[1] = begin();
    if (carriers[1] == 0) {
        commands(qmp, pair[0]);
        shutdown(pair[0], SHUT_WR);
        _exit(0);
    }

    int status = 0;
    waitpid(qemu, &status, 0);
    /* Its last words are carried; then nothing of ours is left. */
    waitpid(carriers[0], NULL, 0);
    kill(carriers[1], SIGKILL);
    waitpid(carriers[1], NULL, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
