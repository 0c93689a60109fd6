/* Random number generators, fed by the hypervisor itself or by a file of the host. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static int add(struct device *board, const struct params *params, const char *name, unsigned index,
               GError **err)
{
    g_autoptr(params) own = params_object_params(params, name);
    g_autofree char *source = g_strdup_printf("entropy%u", index);
    struct device *rng = device_plug(board, &device_rng, name);
    const char *backend = param_text(own, "backend");
    int64_t bytes, period;

    if (param_int(own, "max-bytes_virtio-rng", &bytes, err) < 0 ||
        param_int(own, "period_virtio-rng", &period, err) < 0)
        return -1;
    device_set(rng->travels, "model", "virtio-rng-pci");
    if (bytes > 0 && period > 0) {
        device_set_int(rng->travels, "max-bytes", bytes);
        device_set_int(rng->travels, "period", period);
    }
    device_set(rng->local, "source", source);
    if (strcmp(backend, "rng-builtin") != 0) {
        device_set(rng->local, "backend", backend);
        device_set(rng->local, "file", param_text(own, "filename_passthrough"));
    }
    return 0;
}

/* Those that are named; else one for a guest that asks for entropy. */
static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "virtio_rngs");

    if (params_get(spec->params, "virtio_rngs") == NULL)
        return spec->boot->entropy ? add(board, spec->params, "rng0", 0, err) : 0;
    for (unsigned i = 0; names[i] != NULL; i++)
        if (add(board, spec->params, names[i], i, err) < 0)
            return -1;
    return 0;
}

/* Its source has a number of its own: those are used that were there at the start. */
static int plug(struct device *board, const struct machine_spec *spec, const char *name,
                GError **err)
{
    return add(board, spec->params, name, board->children->len, err);
}

static void to_parts(const struct device *rng, GPtrArray *parts)
{
    const char *source = device_get(rng->local, "source");
    const char *backend = device_get(rng->local, "backend");
    int64_t bytes = device_get_int(rng->travels, "max-bytes");
    json_t *object, *device;

    object = part_add(parts, PART_OBJECT, backend != NULL ? backend : "rng-builtin", source, NULL);
    device_set(object, "filename", device_get(rng->local, "file"));
    device = part_add(parts, PART_DEVICE, device_get(rng->travels, "model"), rng->id, NULL);
    device_set(device, "rng", source);
    if (bytes > 0) {
        device_set_int(device, "max-bytes", bytes);
        device_set_int(device, "period", device_get_int(rng->travels, "period"));
    }
}

static int to_xml(const struct device *rng, struct domain *domain, GError **err)
{
    const char *backend = device_get(rng->local, "backend");
    int64_t bytes = device_get_int(rng->travels, "max-bytes");
    struct xml *element = xml_set(xml_add(domain->devices, "rng"), "model", "virtio");
    struct xml *source = xml_add(element, "backend");

    (void)err;
    if (bytes > 0)
        xml_set_int(xml_set_int(xml_add(element, "rate"), "bytes", bytes), "period",
                    device_get_int(rng->travels, "period"));
    xml_set(source, "model", backend != NULL ? "random" : "builtin");
    if (backend != NULL)
        xml_text(source, device_get(rng->local, "file"));
    domain_name(element, rng);
    return 0;
}

const struct device_kind device_rng = {
    .name = "rng", .build = build, .add = plug, .to_parts = to_parts, .to_xml = to_xml};
