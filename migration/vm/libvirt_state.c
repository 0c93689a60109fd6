/* What state a domain is in. While its guest arrives libvirt is asked, which alone knows whether
 * all is here; then QEMU is, as with the qemu driver. */
#include "migration/vm/libvirt_move.h"

#include <string.h>

/* virDomainPausedReason of a domain that is not whole yet. */
#define PAUSED_MIGRATION 2
#define PAUSED_STARTING_UP 11

static const char *word_of(const char *state, json_int_t reason)
{
    if (state == NULL)
        return "unknown";
    if (strcmp(state, "paused") != 0)
        return state;
    return reason == PAUSED_MIGRATION || reason == PAUSED_STARTING_UP ? "inmigrate" : "paused";
}

bool libvirt_is_active(const json_t *found)
{
    const json_t *id = json_object_get(found, "id");

    return id == NULL || json_integer_value(id) >= 0;
}

static int state_by_libvirt(struct libvirt_vm *vm, char **state_out, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *found = NULL;
    int number = 0;

    if (libvirt_call(vm, "domain-find", NULL, deadline, &found, &number, &error) == 0) {
        *state_out = g_strdup(!libvirt_is_active(found)
                                  ? "none"
                                  : word_of(json_string_value(json_object_get(found, "state")),
                                            json_integer_value(json_object_get(found, "reason"))));
        return 0;
    }
    if (number == PROTOCOL_NO_DOMAIN) {
        *state_out = g_strdup("none");
        return 0;
    }
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

int libvirt_run_state(struct vm *base, char **state_out, int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);

    /* A domain of the user's may be back, by other hands than ours. */
    if (base->has_left && !base->is_lent) {
        *state_out = g_strdup("none");
        return 0;
    }
    /* One that is leaving has no monitor any more, before libvirt says that it has left. */
    if (vm->is_known && qemu_run_state(base, state_out, deadline, NULL) == 0)
        return 0;
    return state_by_libvirt(vm, state_out, deadline, err);
}
