/*
 * The QEMU that libvirt has started for a domain. It is in the ledger as any process that a node
 * starts: who kills it ends a transient domain, whether libvirtd runs at that moment or not. It is
 * who connects to the serial line (libvirt_line.h), or, where that is not seen, whom QEMU names.
 * Until all of its guest is here it is in no ledger: the mark in its environment is what it is
 * found by.
 */
#include "migration/vm/libvirt.h"
#include "migration/vm/qemu_words.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST_WORDS_BYTES 8192
#define KILL_MS 5000
#define LOG_FOLDER "/var/log/libvirt/qemu"

struct libvirt_death {
    uv_poll_t poll; /* first: of the pidfd */
    struct libvirt_vm *vm;
};

/* The process that a thread belongs to; 0: there is none. */
static pid_t process_of(json_int_t thread)
{
    g_autofree char *path = g_strdup_printf("/proc/%" JSON_INTEGER_FORMAT "/status", thread);
    g_autofree char *text = NULL;
    const char *line;
    int pid = 0;

    if (thread > 0 && g_file_get_contents(path, &text, NULL, NULL) &&
        (line = strstr(text, "\nTgid:")) != NULL && sscanf(line, "\nTgid: %d", &pid) == 1)
        return pid;
    return 0;
}

/* libvirt tells how a QEMU has ended, if it is there to tell. */
static void on_dead(uv_poll_t *handle, int status, int events)
{
    struct libvirt_vm *vm = ((struct libvirt_death *)handle)->vm;

    (void)status, (void)events;
    uv_poll_stop(handle);
    if (event_is_set(libvirt_link_lost(vm->link)) && !event_is_set(&vm->exited) &&
        !vm->base.has_left)
        libvirt_on_end(vm, "while libvirtd was away");
}

static void free_death(uv_handle_t *handle)
{
    g_free(handle);
}

static void watch_death(struct libvirt_vm *vm)
{
    vm->death = g_new0(struct libvirt_death, 1);
    vm->death->vm = vm;
    uv_poll_init(fiber_loop(), &vm->death->poll, vm->pidfd);
    uv_poll_start(&vm->death->poll, UV_READABLE, on_dead);
}

void libvirt_unwatch_death(struct libvirt_vm *vm)
{
    if (vm->death == NULL)
        return;
    uv_poll_stop(&vm->death->poll);
    uv_close((uv_handle_t *)&vm->death->poll, free_death);
    vm->death = NULL;
}

/* Its stderr is its log, unless a daemon writes that (virtlogd): then it is where libvirt puts it.
 */
static void open_output(struct libvirt_vm *vm)
{
    g_autofree char *stderr_path = g_strdup_printf("/proc/%d/fd/2", (int)vm->base.pid);
    g_autofree char *log_path = g_strdup_printf(LOG_FOLDER "/%s.log", vm->domain);
    const char *const paths[] = {stderr_path, log_path};
    struct stat file;

    for (size_t i = 0; i < G_N_ELEMENTS(paths) && vm->output_fd < 0; i++)
        if (stat(paths[i], &file) == 0 && S_ISREG(file.st_mode))
            vm->output_fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (vm->output_fd >= 0)
        vm->output_begin = lseek(vm->output_fd, 0, SEEK_END);
}

int libvirt_see(struct libvirt_vm *vm, pid_t pid, GError **err)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_DIED, "the QEMU of %s on %s, process %d: %s",
                    vm->domain, vm->base.host->name, (int)pid, g_strerror(errno));
        return -1;
    }
    vm->base.pid = pid;
    vm->pidfd = pidfd;
    watch_death(vm);
    open_output(vm);
    return 0;
}

/* libvirt does not tell it, but QEMU tells its threads. */
static int find_pid(struct libvirt_vm *vm, int64_t deadline, GError **err)
{
    json_auto_t *cpus = NULL;
    json_int_t thread;
    pid_t pid;

    if (vm_ask(&vm->base, "query-cpus-fast", NULL, deadline, &cpus, err) < 0)
        return -1;
    thread = json_integer_value(json_object_get(json_array_get(cpus, 0), "thread-id"));
    pid = process_of(thread);
    if (pid > 0)
        return libvirt_see(vm, pid, err);
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "the QEMU of %s is not seen on %s (its thread %" JSON_INTEGER_FORMAT
                "): libvirtd runs in another container, or on another host",
                vm->domain, vm->base.host->name, thread);
    return -1;
}

/* For the record: how libvirt has started it. */
static void tell_command_line(struct libvirt_vm *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)vm->base.pid);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autofree char *text = NULL;
    size_t size;

    if (!g_file_get_contents(path, &text, &size, NULL))
        return;
    for (char *word = text; word < text + size; word += strlen(word) + 1)
        g_ptr_array_add(words, word);
    g_ptr_array_add(words, NULL);
    host_command_line(vm->base.host, vm->base.name, vm->is_incoming ? "destination" : "source",
                      (const char *const *)words->pdata);
}

int libvirt_meet(struct libvirt_vm *vm, int64_t deadline, GError **err)
{
    g_autofree char *pid = NULL;

    if (vm->is_known)
        return 0;
    if (vm->base.is_lent) {
        vm->base.pid = libvirt_lent_pid(vm);
        return 0;
    }
    if (vm->base.pid == 0 && find_pid(vm, deadline, err) < 0)
        return -1;
    pid = g_strdup_printf("%d", (int)vm->base.pid);
    if (host_own(vm->base.host, OWNED_PROCESS, pid, err) < 0)
        return -1;
    vm->is_known = true;
    tell_command_line(vm);
    device_set_live(vm->base.board);
    return qemu_find_forwards(&vm->base, vm->base.board, deadline, err);
}

void libvirt_part(struct libvirt_vm *vm)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)vm->base.pid);

    if (vm->is_known)
        host_disown(vm->base.host, OWNED_PROCESS, pid);
    vm->is_known = false;
    vm->base.pid = 0;
}

char *libvirt_last_words(const struct libvirt_vm *vm, bool *are_own_out)
{
    g_autofree char *buffer = g_malloc(LAST_WORDS_BYTES + 1);
    off_t size, from;
    ssize_t got;

    *are_own_out = false;
    if (vm->output_fd < 0)
        return NULL;
    size = lseek(vm->output_fd, 0, SEEK_END);
    from = MAX(vm->output_begin, size - (off_t)LAST_WORDS_BYTES);
    got = pread(vm->output_fd, buffer, LAST_WORDS_BYTES, from);
    buffer[MAX(got, 0)] = '\0';
    return qemu_words_why(buffer, are_own_out);
}

/* Whether it is dead after SIGKILL. */
static bool kill_it(struct libvirt_vm *vm)
{
    g_autoptr(stream) ended = NULL;

    if (vm->pidfd < 0)
        return false;
    libvirt_unwatch_death(vm);
    syscall(SYS_pidfd_send_signal, vm->pidfd, SIGKILL, NULL, 0);
    ended = stream_new(g_steal_fd(&vm->pidfd), NULL);
    return ended != NULL && stream_await(ended, UV_READABLE, deadline_in(KILL_MS), NULL) == 0;
}

int libvirt_kill(struct libvirt_vm *vm, GError **err)
{
    if (kill_it(vm))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_DIED,
                "libvirt of %s does not end %s, and its QEMU %s: it may run on",
                vm->base.host->name, vm->domain,
                vm->base.pid > 0 ? "does not die of SIGKILL" : "is not known");
    return -1;
}
