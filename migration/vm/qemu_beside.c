/* What a host does beside a VM's QEMU. */
#include "migration/params.h"
#include "migration/vm/numa.h"
#include "migration/vm/port_claim.h"
#include "migration/vm/qemu_shared.h"
#include "migration/vm/qemu_words.h"
#include "sync/child.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBUGCON_MS 500 /* to be told what the debug console said */
#define DEBUGCON_FILE_BYTES                                                                        \
    (1024 * 1024) /* a host keeps no more of a VM, however often it moves                          \
                   */

static void tell(const struct vm_spec *spec, const char *what, const char *where)
{
    host_log(spec->host, VTMH__LOG_LEVEL__LOG_INFO, spec->incoming ? "destination" : "source",
             spec->name, "%s: %s", what, where);
}

static int tell_screen(struct vm *vm, const struct vm_spec *spec, int64_t deadline, GError **err)
{
    json_auto_t *vnc = NULL;
    const char *address, *port;

    if (vm->screen != NULL) {
        g_autofree char *where =
            g_strdup_printf("SPICE at 127.0.0.1:%u", port_claim_port(vm->screen));

        tell(spec, "screen", where);
    }
    if (vm->screen_tls != NULL) {
        g_autofree char *where =
            g_strdup_printf("SPICE by TLS at 127.0.0.1:%u", port_claim_port(vm->screen_tls));

        tell(spec, "screen", where);
    }
    if (strcmp(param_text(spec->params, "display"), "vnc") != 0)
        return 0;
    if (vm_ask(vm, "query-vnc", NULL, deadline, &vnc, err) < 0)
        return -1;
    address = json_string_value(json_object_get(vnc, "host"));
    port = json_string_value(json_object_get(vnc, "service"));
    if (address != NULL && port != NULL) {
        g_autofree char *where = g_strdup_printf("VNC at %s:%s", address, port);

        tell(spec, "screen", where);
    }
    return 0;
}

static int tell_line(struct vm *vm, const struct vm_spec *spec, const struct device *line,
                     int64_t deadline, GError **err)
{
    const char *path = device_get(line->local, "socket");
    g_autofree char *label = g_strconcat(line->id, "-socket", NULL);
    g_autofree char *where = NULL;

    if (path == NULL && qemu_listens_at(vm, label, &where, deadline, err) < 0)
        return -1;
    tell(spec, line->id, path != NULL ? path : where);
    return 0;
}

static int tell_lines(struct vm *vm, const struct vm_spec *spec, const struct device *device,
                      int64_t deadline, GError **err)
{
    if (device->kind == &device_serial_line && tell_line(vm, spec, device, deadline, err) < 0)
        return -1;
    for (unsigned i = 0; i < device->children->len; i++)
        if (tell_lines(vm, spec, g_ptr_array_index(device->children, i), deadline, err) < 0)
            return -1;
    return 0;
}

/* Its own memory is bound by QEMU itself. */
static int bind_threads(struct vm *vm, int node, int64_t deadline, GError **err)
{
    g_autofree char *vhost = g_strdup_printf("vhost-%d", (int)vm->pid);
    json_auto_t *cpus = NULL;
    const json_t *cpu;
    size_t i;

    if (vm_ask(vm, "query-cpus-fast", NULL, deadline, &cpus, err) < 0)
        return -1;
    json_array_foreach (cpus, i, cpu) {
        json_int_t thread = json_integer_value(json_object_get(cpu, "thread-id"));

        if (thread > 0 && numa_bind_thread((pid_t)thread, node, err) < 0)
            return -1;
    }
    return numa_bind_named(vm->pid, vhost, node, err);
}

/* SPICE servers look for no port themselves. */
int qemu_beside_claim(struct vm *vm, const struct vm_spec *spec, GError **err)
{
    bool by_tls;

    if (param_bool(spec->params, "spice_ssl", &by_tls, err) < 0)
        return -1;
    if (strcmp(param_text(spec->params, "display"), "spice") != 0)
        return 0;
    vm->screen = port_claim_new(MACHINE_SPICE_LOW, MACHINE_SPICE_HIGH, err);
    if (vm->screen != NULL && by_tls)
        vm->screen_tls = port_claim_new(MACHINE_SPICE_TLS_LOW, MACHINE_SPICE_TLS_HIGH, err);
    if (vm->screen != NULL && (!by_tls || vm->screen_tls != NULL))
        return 0;
    g_prefix_error(err, "display = spice (of %s) on %s: ", spec->name, spec->host->name);
    return -1;
}

/* What it is, is in the ledger before it is there. */
int qemu_own_file(struct vm *vm, const char *path, GError **err)
{
    if (host_own(vm->host, OWNED_PATH, path, err) < 0)
        return -1;
    g_ptr_array_add(vm->files, g_strdup(path));
    return 0;
}

/* A copy of the firmware's variables. What lies on a storage that does not answer is a child's to
 * read. */
static int make_store(struct vm *vm, const struct device *uefi, int64_t deadline, GError **err)
{
    const char *template = device_get(uefi->local, "template");
    const char *path = device_get(uefi->local, "vars");
    const char *const copy[] = {"cp", "--no-preserve=mode", "--", template, path, NULL};
    g_autofree char *said = NULL;
    int status;

    if (qemu_own_file(vm, path, err) < 0 ||
        child_run(copy, NULL, deadline, &status, NULL, &said, err) < 0)
        return -1;
    if (status == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "the firmware's variables (ovmf_path, ovmf_vars_filename) cannot be copied for %s "
                "on %s: %s",
                vm->name, vm->host->name, g_strstrip(said));
    return -1;
}

static int make_files(struct vm *vm, const struct device *device, int64_t deadline, GError **err)
{
    if (device->kind == &device_serial_line && device_get(device->local, "socket") != NULL &&
        qemu_own_file(vm, device_get(device->local, "socket"), err) < 0)
        return -1;
    if (device->kind == &device_uefi && make_store(vm, device, deadline, err) < 0)
        return -1;
    for (unsigned i = 0; i < device->children->len; i++)
        if (make_files(vm, g_ptr_array_index(device->children, i), deadline, err) < 0)
            return -1;
    return 0;
}

int qemu_beside_prepare(struct vm *vm, const struct device *board, int64_t deadline, GError **err)
{
    vm->files = g_ptr_array_new_with_free_func(g_free);
    return make_files(vm, board, deadline, err);
}

void qemu_beside_clear(struct vm *vm)
{
    for (unsigned i = 0; vm->files != NULL && i < vm->files->len; i++) {
        const char *path = g_ptr_array_index(vm->files, i);

        unlink(path);
        host_disown(vm->host, OWNED_PATH, path);
    }
}

int qemu_beside_begin(struct vm *vm, const struct vm_spec *spec, const struct device *board,
                      int64_t deadline, GError **err)
{
    const struct device *memory = device_of_kind(board, &device_memory);
    const json_t *node = memory != NULL ? json_object_get(memory->local, "node") : NULL;

    if (param_bool(spec->params, "enable_debugcon", &vm->keeps_debugcon, err) < 0)
        return -1;
    if (tell_lines(vm, spec, board, deadline, err) < 0 || tell_screen(vm, spec, deadline, err) < 0)
        return -1;
    return node != NULL ? bind_threads(vm, (int)json_integer_value(node), deadline, err) : 0;
}

static void keep(const struct vm *vm, const char *text)
{
    g_autofree char *name = g_strconcat(vm->name, ".debugcon.log", NULL);
    g_autofree char *path = g_build_filename(vm->host->log_dir, name, NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    struct stat file;

    if (fd < 0)
        return;
    if (fstat(fd, &file) == 0 && file.st_size < DEBUGCON_FILE_BYTES &&
        write(fd, text, strlen(text)) < 0)
        host_log(vm->host, VTMH__LOG_LEVEL__LOG_WARNING, NULL, vm->name, "%s cannot be written",
                 path);
    close(fd);
}

int qemu_firmware_words(struct vm *vm, char **text_out, int64_t deadline, GError **err)
{
    json_auto_t *text = NULL;

    if (vm->board == NULL || device_of_kind(vm->board, &device_debugcon) == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s has no debug console", vm->name);
        return -1;
    }
    if (vm_ask(vm, "ringbuf-read",
               json_pack("{s:s, s:i}", "device", MACHINE_DEBUGCON, "size", MACHINE_DEBUGCON_BYTES),
               deadline, &text, err) < 0)
        return -1;
    *text_out = g_strdup(json_is_string(text) ? json_string_value(text) : "");
    qemu_words_make_plain(*text_out);
    if (vm->keeps_debugcon && vm->host->log_dir != NULL && **text_out != '\0')
        keep(vm, *text_out);
    return 0;
}

void qemu_beside_end(struct vm *vm)
{
    g_autofree char *text = NULL;

    if (!vm->keeps_debugcon || event_is_set(vm_exited(vm)))
        return;
    fiber_shield();
    qemu_firmware_words(vm, &text, deadline_in(DEBUGCON_MS), NULL);
    fiber_unshield();
}

void qemu_beside_free(struct vm *vm)
{
    stream_close(vm->serial);
    stream_close(vm->agent);
    qemu_monitors_free(vm);
    g_clear_pointer(&vm->files, g_ptr_array_unref);
    port_claim_free(vm->screen);
    port_claim_free(vm->screen_tls);
    vm_net_drop(vm->net);
    g_free(vm->user_monitor);
    device_free(vm->board);
    g_free(vm->name);
}
