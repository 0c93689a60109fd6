/* USB: controllers, and what is plugged into them. */
#include "migration/machine/device.h"
#include "migration/params.h"

#include <string.h>

static void add_controller(struct device *board, const struct params *params, const char *name)
{
    g_autoptr(params) own = params_object_params(params, name);
    struct device *controller = device_plug(board, &device_usb, name);

    device_set(controller->travels, "model", param_text(own, "usb_type"));
}

/* On a controller's bus; which, may be said. */
static int add_device(struct device *board, const struct params *params, GStrv controllers,
                      const char *name, GError **err)
{
    g_autoptr(params) own = params_object_params(params, name);
    const char *wanted = param_text(own, "usb_controller");
    const char *controller = wanted != NULL ? wanted : controllers[0];
    g_autofree char *bus = NULL;
    struct device *device;

    if (controller == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "usb_devices names %s, but there is no controller: usbs is empty", name);
        return -1;
    }
    if (!g_strv_contains((const char *const *)controllers, controller)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "usb_controller_%s = %s: usbs names no such controller", name, controller);
        return -1;
    }
    bus = g_strdup_printf("%s.0", controller);
    device = device_plug(board, &device_usb, name);
    device_set(device->travels, "model", param_text(own, "usbdev_type"));
    device_set(device->travels, "bus", bus);
    return 0;
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) controllers = param_list(spec->params, "usbs");
    g_auto(GStrv) devices = param_list(spec->params, "usb_devices");

    for (char **name = controllers; *name != NULL; name++)
        add_controller(board, spec->params, *name);
    for (char **name = devices; *name != NULL; name++)
        if (add_device(board, spec->params, controllers, *name, err) < 0)
            return -1;
    return 0;
}

static void to_parts(const struct device *usb, GPtrArray *parts)
{
    json_t *device = part_add(parts, PART_DEVICE, device_get(usb->travels, "model"), usb->id, NULL);

    device_set(device, "bus", device_get(usb->travels, "bus"));
}

const struct device_kind device_usb = {.name = "usb", .build = build, .to_parts = to_parts};
