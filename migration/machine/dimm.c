/* Memory modules: memory beside that of the board, in the slots that it has for them. Each is a
 * backend, which is a host's own affair, and a device, which travels. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static int add_backend(struct device *dimm, const struct params *own, GError **err)
{
    const char *backend = param_text(own, "backend_mem");
    bool is_shared, is_allocated;

    if (param_bool(own, "share_mem", &is_shared, err) < 0 ||
        param_bool(own, "prealloc_mem", &is_allocated, err) < 0)
        return -1;
    device_set(dimm->local, "backend", backend);
    if (strcmp(backend, "memory-backend-file") == 0)
        device_set(dimm->local, "path", param_text(own, "mem-path_mem"));
    if (is_shared)
        device_set_bool(dimm->local, "share", true);
    if (is_allocated)
        device_set_bool(dimm->local, "prealloc", true);
    return 0;
}

static int add(struct device *board, const struct machine_spec *spec, const char *name,
               GError **err)
{
    g_autoptr(params) own = params_object_params(spec->params, name);
    struct device *dimm;
    uint64_t bytes = 0;

    if (param_check_word("mem_devs", name, err) < 0)
        return -1;
    if (!param_is_set(own, "size_mem")) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "mem_devs names %s, whose size is not set (size_mem_%s)", name, name);
        return -1;
    }
    if (param_size(own, "size_mem", &bytes, err) < 0)
        return -1;
    dimm = device_plug(board, &device_dimm, name);
    device_set_int(dimm->travels, "bytes", (int64_t)bytes);
    return add_backend(dimm, own, err);
}

/* What QEMU would say of the slots only when the module comes. */
static int check_room(const struct device *board, const struct machine_spec *spec, GStrv names,
                      GError **err)
{
    const struct device *memory = device_find((struct device *)board, device_memory.name, "memory");

    if (g_strv_length(names) <= (guint)device_get_int(memory->travels, "slots"))
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "mem_devs names %u memory modules, and %s has %d slots for them (slots, maxmem)",
                g_strv_length(names), spec->name, (int)device_get_int(memory->travels, "slots"));
    return -1;
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "mem_devs");

    if (check_room(board, spec, names, err) < 0)
        return -1;
    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(spec->params, *name);
        bool is_there;

        if (param_bool(own, "use_mem", &is_there, err) < 0 ||
            (is_there && add(board, spec, *name, err) < 0))
            return -1;
    }
    return 0;
}

static int plug(struct device *board, const struct machine_spec *spec, const char *name,
                GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "mem_devs");

    if (g_strv_contains((const char *const *)names, name))
        return add(board, spec, name, err);
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "memory %s cannot be plugged into %s: mem_devs has none of that name", name,
                spec->name);
    return -1;
}

static void to_parts(const struct device *dimm, GPtrArray *parts)
{
    g_autofree char *memory = g_strconcat("mem-", dimm->id, NULL);
    json_t *backend =
        part_add(parts, PART_OBJECT, device_get(dimm->local, "backend"), memory, NULL);

    device_set_int(backend, "size", device_get_int(dimm->travels, "bytes"));
    device_set(backend, "mem-path", device_get(dimm->local, "path"));
    if (device_get_bool(dimm->local, "prealloc"))
        device_set_bool(backend, "prealloc", true);
    device_set_bool(backend, "share", device_get_bool(dimm->local, "share"));
    device_set(part_add(parts, PART_DEVICE, "pc-dimm", dimm->id, NULL), "memdev", memory);
}

static int to_xml(const struct device *dimm, struct domain *domain, GError **err)
{
    bool is_shared = device_get_bool(dimm->local, "share");
    struct xml *memory, *target;

    if (memory_is_exact(domain->board))
        return domain_say_device(domain, dimm, WORD_DIMM, err);
    if (strcmp(device_get(dimm->local, "backend"), "memory-backend-ram") != 0 ||
        device_get_bool(dimm->local, "prealloc"))
        return domain_refuse(dimm, err,
                             "backend_mem and prealloc_mem: with libvirt a module is "
                             "plain memory, or as all memory is");
    memory = xml_set(xml_add(domain->devices, "memory"), "model", "dimm");
    xml_set(memory, "access", is_shared ? "shared" : "private");
    target = xml_add(memory, "target");
    xml_text_int(xml_set(xml_add(target, "size"), "unit", "KiB"),
                 device_get_int(dimm->travels, "bytes") / 1024);
    xml_text(xml_add(target, "node"), "0");
    domain_name(memory, dimm);
    return 0;
}

const struct device_kind device_dimm = {
    .name = "dimm", .build = build, .add = plug, .to_parts = to_parts, .to_xml = to_xml};
