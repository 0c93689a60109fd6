#include "migration/vm/monitor_plan.h"

#include "migration/machine/chardev.h"
#include "migration/params.h"
#include "migration/vm/platform.h"

#include <string.h>

static void free_plan(void *data)
{
    struct monitor_plan *plan = data;

    g_free(plan->name);
    g_free(plan->tcp_host);
    json_decref(plan->listens);
    g_free(plan);
}

static struct monitor_plan *find(const GPtrArray *plans, const char *name)
{
    for (unsigned i = 0; i < plans->len; i++) {
        struct monitor_plan *plan = g_ptr_array_index(plans, i);

        if (strcmp(plan->name, name) == 0)
            return plan;
    }
    return NULL;
}

static int add(GPtrArray *plans, const struct params *params, const char *name, const char *vm,
               GError **err)
{
    g_autoptr(params) own = params_object_params(params, name);
    struct monitor_plan *plan;
    bool is_debug;

    if (param_bool(own, "debugonly", &is_debug, err) < 0)
        return -1;
    if (plans->len == MONITORS_MAX) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "monitors (of %s): %s is one too many: %d at most", vm, name, MONITORS_MAX);
        return -1;
    }
    plan = g_new0(struct monitor_plan, 1);
    plan->name = g_strdup(name);
    plan->is_human = strcmp(param_text(own, "monitor_type"), "human") == 0;
    plan->is_debug = is_debug;
    plan->tcp_host = g_strdup(chardev_tcp_host(own));
    if (plan->tcp_host != NULL)
        plan->listens = chardev_listen_tcp(own, plan->tcp_host);
    g_ptr_array_add(plans, plan);
    return 0;
}

static int refuse_unheard(const char *key, const struct monitor_plan *plan, const char *vm,
                          GError **err)
{
    if (!plan->is_debug)
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "%s = %s (of %s): nobody connects to it (debugonly)", key, plan->name, vm);
    return -1;
}

/* The first that is not for the user alone, unless one is named. */
static int choose_main(const GPtrArray *plans, const char *name, const char *vm, GError **err)
{
    struct monitor_plan *main_plan = name != NULL ? find(plans, name) : NULL;

    for (unsigned i = 0; name == NULL && main_plan == NULL && i < plans->len; i++) {
        struct monitor_plan *plan = g_ptr_array_index(plans, i);

        main_plan = plan->is_debug ? NULL : plan;
    }
    if (main_plan == NULL) {
        if (name != NULL)
            g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                        "main_monitor = %s (of %s): there is no such monitor (monitors)", name, vm);
        else
            g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                        "monitors (of %s): none is left for the test (debugonly)", vm);
        return -1;
    }
    if (refuse_unheard("main_monitor", main_plan, vm, err) < 0)
        return -1;
    if (main_plan->is_human) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "monitor_type = human is not supported for %s, the main monitor of %s: a "
                    "migration is asked for and watched by QMP, since a human monitor tells of no "
                    "event",
                    main_plan->name, vm);
        return -1;
    }
    if (main_plan->tcp_host != NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "chardev_backend = tcp_socket is not supported for %s, the main monitor of %s: "
                    "sockets are handed to QEMU over it",
                    main_plan->name, vm);
        return -1;
    }
    main_plan->is_main = true;
    return 0;
}

/* The last that is not for the user alone, unless one is named. */
static int choose_catch(GPtrArray *plans, const struct params *params, const char *name,
                        const char *vm, GError **err)
{
    struct monitor_plan *chosen;

    if (name != NULL && find(plans, name) == NULL && add(plans, params, name, vm, err) < 0)
        return -1;
    chosen = name != NULL ? find(plans, name) : NULL;
    for (unsigned i = 0; name == NULL && i < plans->len; i++) {
        struct monitor_plan *plan = g_ptr_array_index(plans, i);

        chosen = plan->is_debug ? chosen : plan;
    }
    if (refuse_unheard("catch_monitor", chosen, vm, err) < 0)
        return -1;
    chosen->is_catch = true;
    return 0;
}

GPtrArray *monitor_plan_new(const struct params *params, const char *vm, GError **err)
{
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func(free_plan);
    g_auto(GStrv) names = param_list(params, "monitors");

    for (char **name = names; *name != NULL; name++)
        if (add(plans, params, *name, vm, err) < 0)
            return NULL;
    if (choose_main(plans, param_text(params, "main_monitor"), vm, err) < 0 ||
        choose_catch(plans, params, param_text(params, "catch_monitor"), vm, err) < 0)
        return NULL;
    return g_steal_pointer(&plans);
}
