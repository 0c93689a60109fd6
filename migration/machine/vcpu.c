/* CPUs beside those that the machine has from its beginning: each can be plugged in and out. Which
 * of the places it takes that the topology has for them, the hypervisor says (its place). */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

/* QEMU's TCG keeps a CPU in its lists that has been unplugged, and dies of it when next something
 * of the guest's memory is mapped elsewhere: a device that comes, a memory module (seen in 7.2). */
static int check_unplug(const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "unplug_vcpu");

    if (*names == NULL || spec->platform->kvm)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "unplug_vcpu (of %s) is not supported under TCG: QEMU does not survive a CPU that "
                "has been unplugged",
                spec->name);
    return -1;
}

/* What is plugged has to have its place in the topology from the beginning. */
static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "vcpu_devices");
    struct device *topology = device_find(board, device_topology.name, "topology");
    int64_t most = device_get_int(topology->travels, "cpus") + g_strv_length(names);

    for (char **name = names; *name != NULL; name++)
        if (param_check_word("vcpu_devices", *name, err) < 0)
            return -1;
    if (*names != NULL)
        device_set_int(topology->travels, "pluggable", g_strv_length(names));
    if (*names == NULL || device_get_int(topology->travels, "maxcpus") >= most)
        return check_unplug(spec, err);
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "vcpu_devices has %u CPUs that can be plugged into %s: with smp = %d vcpu_maxcpus "
                "must be %d at least",
                g_strv_length(names), spec->name, (int)device_get_int(topology->travels, "cpus"),
                (int)most);
    return -1;
}

static int plug(struct device *board, const struct machine_spec *spec, const char *name,
                GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "vcpu_devices");
    g_autofree char *model =
        g_strndup(spec->platform->cpu, strcspn(spec->platform->cpu, ",")); /* without its flags */

    if (!g_strv_contains((const char *const *)names, name)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "CPU %s cannot be plugged into %s: vcpu_devices has none of that name", name,
                    spec->name);
        return -1;
    }
    device_set(device_plug(board, &device_vcpu, name)->travels, "model", model);
    return 0;
}

/* Flags are those of -cpu, which QEMU gives to all CPUs of the model. */
static void to_parts(const struct device *vcpu, GPtrArray *parts)
{
    g_autofree char *driver = g_strconcat(device_get(vcpu->travels, "model"), "-x86_64-cpu", NULL);

    part_add(parts, PART_DEVICE, driver, vcpu->id, NULL);
}

/* libvirt counts its CPUs (topology.c). */
static int to_xml(const struct device *vcpu, struct domain *domain, GError **err)
{
    (void)vcpu;
    (void)domain;
    (void)err;
    return 0;
}

const struct device_kind device_vcpu = {
    .name = "vcpu", .build = build, .add = plug, .to_parts = to_parts, .to_xml = to_xml};
