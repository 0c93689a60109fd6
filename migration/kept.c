#include "migration/kept.h"

#define READ_BYTES 4096

struct kept *kept_new(struct vm *vm)
{
    struct kept *kept = g_new0(struct kept, 1);
    kept->vm = vm;
    kept->said = g_byte_array_new();
    return kept;
}

static int listen_to(void *arg, GError **err)
{
    struct kept *kept = arg;
    uint8_t buffer[READ_BYTES];
    ssize_t got;
    while ((got = stream_read(vm_serial(kept->vm), buffer, sizeof buffer, DEADLINE_NEVER, err)) >
           0) {
        g_byte_array_append(kept->said, buffer, (guint)got);
        if (kept->said->len > KEPT_SAID_BYTES)
            g_byte_array_remove_range(kept->said, 0, kept->said->len - KEPT_SAID_BYTES);
    }
    return got < 0 ? -1 : 0;
}

void kept_sleep(struct kept *kept, struct scope *scope)
{
    kept->listener = fiber_ref(scope_spawn_detached(scope, "kept VM", listen_to, kept));
}

void kept_wake(struct kept *kept)
{
    if (kept->listener == NULL)
        return;
    fiber_shield();
    fiber_cancel(kept->listener, NULL);
    fiber_join(kept->listener, DEADLINE_NEVER, NULL);
    fiber_unshield();
    g_clear_pointer(&kept->listener, fiber_unref);
}

void kept_free(struct kept *kept)
{
    if (kept == NULL)
        return;
    kept_wake(kept);
    vm_drop(kept->vm);
    if (kept->leave_home != NULL)
        kept->leave_home(kept->home);
    g_byte_array_unref(kept->said);
    g_clear_pointer(&kept->params, params_unref);
    g_strfreev(kept->images);
    g_free(kept->guest_state);
    g_free(kept->made_of);
    g_free(kept->works);
    g_free(kept->env);
    g_free(kept);
}
