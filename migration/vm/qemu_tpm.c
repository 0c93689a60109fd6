/*
 * The emulator of a VM's TPM: swtpm, a process beside QEMU, with which QEMU talks over a socket
 * pair that is there before both. Its state lies in a folder of this host's alone; QEMU takes it
 * along when the guest moves, so that no two emulators ever have one folder. It ends when QEMU
 * does.
 */
#include "migration/vm/qemu.h"

#include "sync/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTROL_FD 3
#define END_MS 2000 /* for it to see that QEMU has gone, and then to be killed */

struct qemu_tpm {
    struct child *process;
    char *folder;
    char *pid;
    int fd; /* QEMU's, until that has it; else -1 */
};

static int make_folder(struct qemu_vm *vm, const struct vm_spec *spec, const char *id, GError **err)
{
    struct qemu_tpm *tpm = vm->tpm;

    tpm->folder = g_strdup_printf("%s/%s-%s.%s", spec->host->run_dir, spec->name,
                                  spec->incoming ? "in" : "out", id);
    if (host_own(spec->host, OWNED_PATH, tpm->folder, err) < 0) {
        g_clear_pointer(&tpm->folder, g_free);
        return -1;
    }
    if (mkdir(tpm->folder, 0700) == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START, "%s: %s", tpm->folder, g_strerror(errno));
    return -1;
}

static int start_emulator(struct qemu_vm *vm, const struct vm_spec *spec,
                          const struct device *device, int theirs, GError **err)
{
    struct qemu_tpm *tpm = vm->tpm;
    g_autofree char *state = g_strconcat("dir=", tpm->folder, NULL);
    g_autofree char *control = g_strdup_printf("type=unixio,clientfd=%d", CONTROL_FD);
    g_autofree char *log =
        g_strdup_printf("file=%s/%s.%s.log", spec->host->log_dir, spec->name, device->id);
    const char *argv[] = {device_get(device->local, "emulator"),
                          "socket",
                          "--terminate",
                          "--tpmstate",
                          state,
                          "--ctrl",
                          control,
                          "--log",
                          log,
                          strcmp(device_get(device->travels, "version"), "2.0") == 0 ? "--tpm2"
                                                                                     : NULL,
                          NULL};
    const struct child_fd fds[] = {{.fd = theirs, .as = CONTROL_FD}, {.fd = -1}};
    const struct child_spec child = {.argv = argv, .fds = fds, .new_session = true};

    tpm->process = child_start(&child, err);
    if (tpm->process == NULL)
        return -1;
    tpm->pid = g_strdup_printf("%d", (int)child_pid(tpm->process));
    return host_own(spec->host, OWNED_PROCESS, tpm->pid, err);
}

int qemu_tpm_start(struct qemu_vm *vm, const struct vm_spec *spec, GError **err)
{
    const struct device *device = device_of_kind(vm->base.board, &device_tpm);
    int pair[2], result;

    if (device == NULL)
        return 0;
    vm->tpm = g_new0(struct qemu_tpm, 1);
    vm->tpm->fd = -1;
    if (make_folder(vm, spec, device->id, err) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "TPM of %s: socketpair: %s", spec->name,
                    g_strerror(errno));
        return -1;
    }
    vm->tpm->fd = pair[0];
    result = start_emulator(vm, spec, device, pair[1], err);
    close(pair[1]);
    if (result < 0)
        g_prefix_error(err, "TPM of %s on %s: ", spec->name, spec->host->name);
    return result;
}

void qemu_tpm_add_fd(const struct qemu_vm *vm, GArray *fds)
{
    const struct child_fd fd = {.fd = vm->tpm != NULL ? vm->tpm->fd : -1, .as = QEMU_FD_TPM};

    if (fd.fd >= 0)
        g_array_append_val(fds, fd);
}

void qemu_tpm_started(struct qemu_vm *vm)
{
    if (vm->tpm != NULL && vm->tpm->fd >= 0)
        close(g_steal_fd(&vm->tpm->fd));
}

/* Nothing but files lies there. */
static void remove_folder(const struct qemu_vm *vm, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        unlink(path);
    }
    if (rmdir(folder) == 0 || errno == ENOENT)
        host_disown(vm->base.host, OWNED_PATH, folder);
}

static void end_emulator(const struct qemu_vm *vm, struct qemu_tpm *tpm)
{
    fiber_shield();
    if (child_await(tpm->process, deadline_in(END_MS), NULL, NULL) < 0) {
        child_signal(tpm->process, SIGKILL);
        child_await(tpm->process, deadline_in(END_MS), NULL, NULL);
    }
    fiber_unshield();
    if (event_is_set(child_ended(tpm->process)) && tpm->pid != NULL)
        host_disown(vm->base.host, OWNED_PROCESS, tpm->pid);
}

void qemu_tpm_end(struct qemu_vm *vm)
{
    struct qemu_tpm *tpm = vm->tpm;

    if (tpm == NULL)
        return;
    qemu_tpm_started(vm); /* one for whom QEMU never came sees that nobody will */
    if (tpm->process != NULL)
        end_emulator(vm, tpm);
    if (tpm->folder != NULL)
        remove_folder(vm, tpm->folder);
}

void qemu_tpm_free(struct qemu_vm *vm)
{
    if (vm->tpm == NULL)
        return;
    qemu_tpm_started(vm);
    child_free(vm->tpm->process);
    g_free(vm->tpm->folder);
    g_free(vm->tpm->pid);
    g_clear_pointer(&vm->tpm, g_free);
}

void qemu_tpm_each_owned(const struct vm *base, vm_owned_fn each, void *arg)
{
    const struct qemu_tpm *tpm = ((const struct qemu_vm *)base)->tpm;

    if (tpm != NULL && tpm->pid != NULL)
        each(OWNED_PROCESS, tpm->pid, arg);
    if (tpm != NULL && tpm->folder != NULL)
        each(OWNED_PATH, tpm->folder, arg);
}
