/*
 * vtmh-node-libvirt: calls libvirt for vtmh-node, which speaks to it over PROTOCOL_FD
 * (protocol.h).
 *
 * Threads: this one reads; one writes (wire.c); one runs libvirt's event loop (event_loop.c); and
 * one for each call (call.c). When the node quits or has gone everything is closed in order, unless
 * a call hangs or libvirtd does: then the process just ends, and libvirtd sees that.
 */
#include "libvirt/call.h"
#include "libvirt/connection.h"
#include "libvirt/event_loop.h"
#include "libvirt/protocol.h"
#include "libvirt/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536
#define END_S 1 /* to close everything */

static bool on_line(const json_t *message, void *arg)
{
    (void)arg;
    if (message != NULL)
        return call_take(message);
    wire_error(NULL, "GenericError", "not a JSON object");
    return true;
}

/* Until the node quits or has gone. */
static void serve(int fd)
{
    static char buffer[READ_BYTES];
    struct wire_input input = {0};
    bool goes_on = true;

    while (goes_on) {
        ssize_t got = read(fd, buffer, sizeof buffer);

        if (got > 0) {
            goes_on = wire_take(&input, buffer, (size_t)got, on_line, NULL);
        } else if (got < 0 && errno == EAGAIN) {
            struct pollfd readable = {.fd = fd, .events = POLLIN};

            poll(&readable, 1, -1);
        } else if (got == 0 || errno != EINTR) {
            goes_on = false;
        }
    }
    wire_input_clear(&input);
}

/* libvirt prints its errors; they are in the answers. */
static void on_libvirt_error(void *arg, virErrorPtr error)
{
    (void)arg;
    (void)error;
}

static int say_libvirt_failed(const char *what)
{
    fprintf(stderr, "vtmh-node-libvirt: %s: %s\n", what, virGetLastErrorMessage());
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("vtmh-node-libvirt %s\n", PROGRAM_VERSION);
        return 0;
    }
    if (argc != 1 || fcntl(PROTOCOL_FD, F_GETFD) < 0) {
        fprintf(stderr,
                "usage: vtmh-node-libvirt [--version]\n"
                "vtmh-node starts it, and talks to its descriptor %d\n",
                PROTOCOL_FD);
        return 4;
    }
    signal(SIGPIPE, SIG_IGN);
    /* No libvirtd of ours: it would outlive us. */
    setenv("LIBVIRT_AUTOSTART", "0", 1);
    json_object_seed(0);
    if (virInitialize() < 0)
        return say_libvirt_failed("libvirt does not start");
    virSetErrorFunc(NULL, on_libvirt_error);
    if (event_loop_begin() < 0)
        return say_libvirt_failed("libvirt's event loop");
    fcntl(PROTOCOL_FD, F_SETFD, FD_CLOEXEC);
    wire_begin(PROTOCOL_FD);
    serve(PROTOCOL_FD);
    alarm(END_S);
    if (call_count() > 0) {
        wire_end(); /* what is said already: the answer to quit */
        _exit(0);
    }
    connection_close_all();
    event_loop_end();
    wire_end();
    alarm(0);
    return 0;
}
