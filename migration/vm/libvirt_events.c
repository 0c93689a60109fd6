/* What libvirt tells of a domain by itself. */
#include "migration/vm/libvirt.h"
#include "migration/vm/libvirt_move.h"
#include "migration/vm/libvirt_plug.h"

#include <string.h>

void libvirt_on_end(struct libvirt_vm *vm, const char *how)
{
    vm->is_here = false;
    g_free(vm->end);
    vm->end = g_strdup(how);
    libvirt_move_on_end(vm);
    event_set(&vm->exited);
}

static void on_stopped(struct libvirt_vm *vm, const char *detail)
{
    if (strcmp(detail, "migrated") != 0) {
        libvirt_on_end(vm, detail);
        return;
    }
    vm->is_here = false;
    libvirt_move_on_left(vm);
}

static void on_lifecycle(struct libvirt_vm *vm, const json_t *data, int64_t time_us)
{
    const char *event = json_string_value(json_object_get(data, "event"));
    const char *detail = json_string_value(json_object_get(data, "detail"));

    if (event == NULL || detail == NULL)
        return;
    if (strcmp(event, "stopped") == 0) {
        on_stopped(vm, detail);
        return;
    }
    if (strcmp(event, "defined") == 0 || strcmp(event, "undefined") == 0)
        return; /* of what is kept of it, whether it runs or not */
    vm->is_here = true;
    libvirt_move_on_lifecycle(vm, event, detail, time_us);
}

/* QEMU's own, as libvirt passes them on. */
static void on_qemu(struct libvirt_vm *vm, const json_t *data, int64_t time_us)
{
    const char *name = json_string_value(json_object_get(data, "event"));
    const json_t *more = json_object_get(data, "data");

    if (name == NULL || qemu_on_event(&vm->base, name, more, time_us))
        return;
    if (strcmp(name, "MIGRATION") == 0)
        libvirt_move_on_qemu(vm, json_string_value(json_object_get(more, "status")));
}

void libvirt_on_event(const char *event, const json_t *data, int64_t time_us, void *arg)
{
    struct libvirt_vm *vm = arg;
    const char *uuid = json_string_value(json_object_get(data, "uuid"));

    if (uuid == NULL || strcmp(uuid, vm->uuid) != 0)
        return; /* of the connection, or of a domain of that name that is not ours */
    if (strcmp(event, "LIFECYCLE") == 0)
        on_lifecycle(vm, data, time_us);
    else if (strcmp(event, "QEMU") == 0)
        on_qemu(vm, data, time_us);
    else if (strcmp(event, "WATCHDOG") == 0)
        qemu_on_event(&vm->base, event, data, time_us);
    else if (strcmp(event, "DEVICE_REMOVED") == 0)
        libvirt_plug_on_left(vm, data, false);
    else if (strcmp(event, "DEVICE_REMOVAL_FAILED") == 0)
        libvirt_plug_on_left(vm, data, true);
    else
        libvirt_move_on_event(vm, event, data);
}
