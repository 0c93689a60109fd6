/* Whether QEMU can migrate a VM at all, or go on with it. */
#include "migration/evidence.h"
#include "migration/vm/qemu_shared.h"

#include <string.h>

/* What stands in the way of a migration only once the guest has mounted or opened it, and is then
 * too late to be told. */
static const struct {
    const char *device, *why;
} later[] = {
    {"virtio-9p-", "a guest that has mounted it cannot be migrated"},
};

/* QEMU's own words, joined; NULL: nothing is in the way. */
static int blocked_reasons(struct vm *vm, int64_t deadline, char **reasons_out, GError **err)
{
    json_auto_t *reply = NULL;
    g_autoptr(GString) reasons = g_string_new(NULL);
    json_t *reason;
    size_t i;

    if (vm_ask(vm, "query-migrate", NULL, deadline, &reply, err) < 0)
        return -1;
    json_array_foreach (json_object_get(reply, "blocked-reasons"), i, reason) {
        if (!json_is_string(reason))
            continue;
        g_string_append_printf(reasons, "%s%s", reasons->len > 0 ? "; " : "",
                               json_string_value(reason));
    }
    *reasons_out = reasons->len > 0 ? g_strdup(reasons->str) : NULL;
    return 0;
}

/* Of the devices that were asked for, the first that will be in the way. */
static int check_later(struct vm *vm, int64_t deadline, GError **err)
{
    json_auto_t *devices = qemu_facts_devices(vm, deadline, err);
    const json_t *line;
    size_t i;

    if (devices == NULL) {
        g_prefix_error(err, "asking what %s on %s is made of: ", vm->name, vm->host->name);
        return -1;
    }
    json_array_foreach (devices, i, line)
        for (size_t k = 0; k < G_N_ELEMENTS(later); k++)
            if (strstr(json_string_value(line), later[k].device) != NULL) {
                g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                            "%s on %s cannot be migrated: device %s: %s", vm->name, vm->host->name,
                            json_string_value(line), later[k].why);
                return -1;
            }
    return 0;
}

int qemu_check_movable(struct vm *vm, int64_t deadline, GError **err)
{
    g_autofree char *reasons = NULL;

    if (blocked_reasons(vm, deadline, &reasons, err) < 0)
        return -1;
    if (reasons == NULL)
        return check_later(vm, deadline, err);
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s on %s cannot be migrated, says QEMU: %s",
                vm->name, vm->host->name, reasons);
    return -1;
}

int qemu_check_migratable(struct vm *vm, int64_t deadline, GError **err)
{
    g_autofree char *reasons = NULL;

    if (blocked_reasons(vm, deadline, &reasons, err) < 0)
        return -1;
    if (reasons == NULL)
        return 0;
    g_propagate_error(err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                                                    "QEMU cannot migrate %s from %s: %s", vm->name,
                                                    vm->host->name, reasons),
                                        VTMH__EVIDENCE__EVIDENCE_SELF, 0));
    return -1;
}

int qemu_check_sound(struct vm *vm, int64_t deadline, GError **err)
{
    g_autofree char *state = NULL;
    g_autofree char *words = NULL;

    if (vm_run_state(vm, &state, deadline, err) < 0)
        return -1;
    if (strcmp(state, "internal-error") != 0)
        return 0;
    words = vm_own_words(vm);
    g_set_error(err, VM_ERROR, VM_ERROR_DIED,
                "QEMU of %s on %s stopped the guest with an internal error: %s", vm->name,
                vm->host->name, words != NULL ? words : "it does not say which");
    return -1;
}
