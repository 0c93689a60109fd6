/* What QEMU's events say of the guest. */
#include "migration/vm/qemu_shared.h"

#include <string.h>

static void act(struct vm *vm, enum vm_act act, int64_t time_us)
{
    if (vm->act != VM_ACT_NONE)
        return; /* a panic may be followed by a reset or an end */
    vm->act = act;
    vm->acted_at_us = time_us;
    event_set(&vm->acted);
}

bool qemu_on_event(struct vm *vm, const char *name, const json_t *data, int64_t time_us)
{
    const char *reason = json_string_value(json_object_get(data, "reason"));
    bool by_guest = json_is_true(json_object_get(data, "guest"));

    if (strcmp(name, "STOP") == 0) {
        vm->stopped_at_us = time_us;
        event_set(&vm->halted);
    } else if (strcmp(name, "RESUME") == 0) {
        vm->resumed_at_us = time_us;
    } else if (strcmp(name, "GUEST_PANICKED") == 0) {
        act(vm, VM_ACT_PANICKED, time_us);
    } else if (strcmp(name, "WATCHDOG") == 0) {
        act(vm, VM_ACT_WATCHDOG, time_us);
    } else if (strcmp(name, "SHUTDOWN") == 0) {
        /* Where a reset is to end it (-no-reboot, -action reboot=shutdown). */
        bool is_reset = g_strcmp0(reason, "guest-reset") == 0;

        if (by_guest)
            act(vm, is_reset ? VM_ACT_RESET : VM_ACT_POWERED_OFF, time_us);
    } else if (strcmp(name, "RESET") == 0) {
        if (by_guest)
            act(vm, VM_ACT_RESET, time_us);
    } else if (strcmp(name, "MIGRATION_PASS") == 0) {
        event_set(&vm->move_passed);
    } else {
        return false;
    }
    return true;
}
