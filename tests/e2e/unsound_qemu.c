/*
 * A QEMU whose guest stops with an internal error in the midst of a move, as under a KVM that gave
 * up: runs the real one, stops it behind the node's back once a migration was asked for, and calls
 * that state "internal-error". A mock, since no error of KVM's can be had at will.
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

static char buffer[1 << 20];

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

/* With the descriptors that come along, which getfd needs. Returns 0 at the end. */
static ssize_t take(int from, struct msghdr *message, struct iovec *data, void *control,
                    size_t control_size)
{
    *data = (struct iovec){buffer, sizeof buffer - 1};
    *message = (struct msghdr){
        .msg_iov = data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = control_size};
    ssize_t n = recvmsg(from, message, 0);
    if (n > 0) {
        data->iov_len = (size_t)n;
        buffer[n] = '\0';
    }
    return n;
}

static int from_node(int node, int qemu)
{
    static const char stop[] = "{\"execute\": \"stop\"}\n";
    char control[CMSG_SPACE(sizeof(int))];
    struct msghdr message;
    struct iovec data;
    ssize_t n = take(node, &message, &data, control, sizeof control);
    if (n <= 0 || sendmsg(qemu, &message, 0) < 0)
        return -1;
    if (strstr(buffer, "\"execute\": \"migrate\"") == NULL &&
        strstr(buffer, "\"execute\":\"migrate\"") == NULL)
        return 0;
    fputs("KVM internal error. Suberror: 1\nEAX=00000000 EBX=00000000\n", stderr);
    return write(qemu, stop, sizeof stop - 1) < 0 ? -1 : 0;
}

static int from_qemu(int qemu, int node)
{
    static const char real[] = "\"status\": \"paused\"", told[] = "\"status\": \"internal-error\"";
    ssize_t n = read(qemu, buffer, sizeof buffer - 1);
    if (n <= 0)
        return -1;
    buffer[n] = '\0';
    char *at = strstr(buffer, real);
    if (at == NULL)
        return write(node, buffer, (size_t)n) < 0 ? -1 : 0;
    *at = '\0';
    dprintf(node, "%s%s%s", buffer, told, at + sizeof real - 1);
    return 0;
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
        if (both[0].revents != 0 && from_node(qmp, pair[0]) < 0)
            break;
        if (both[1].revents != 0 && from_qemu(pair[0], qmp) < 0)
            break;
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
