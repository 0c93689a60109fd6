/* USB: controllers, and what is plugged into them. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
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

/* ---- as libvirt has it */

/* It has UHCI of ICH9 as a companion of its EHCI alone. */
static const char *libvirt_model(const char *model)
{
    static const char *const models[][2] = {
        {"ich9-usb-ehci1", "ich9-ehci1"}, {"usb-ehci", "ehci"},
        {"piix3-usb-uhci", "piix3-uhci"}, {"piix4-usb-uhci", "piix4-uhci"},
        {"pci-ohci", "pci-ohci"},         {"nec-usb-xhci", "nec-xhci"},
        {"qemu-xhci", "qemu-xhci"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(models); i++)
        if (strcmp(models[i][0], model) == 0)
            return models[i][1];
    return NULL;
}

int usb_controller_to_xml(const struct device *controller, struct domain *domain, GError **err)
{
    const char *model = device_get(controller->travels, "model");
    struct xml *element;

    if (libvirt_model(model) == NULL)
        return domain_refuse(controller, err, "usb_type = %s: libvirt has no such controller",
                             model);
    element = xml_set(xml_add(domain->devices, "controller"), "type", "usb");
    xml_set_int(element, "index", domain_number(domain, NUMBER_USB, controller));
    domain_name(xml_set(element, "model", libvirt_model(model)), controller);
    return domain_set_properties(domain, controller, device_get(controller->travels, "extra"), err);
}

/* By the name of its bus, "usb1.0". */
static const struct device *controller_of(const struct domain *domain, const char *bus)
{
    g_autofree char *id = g_strndup(bus, strlen(bus) - strlen(".0"));

    return device_find((struct device *)domain->board, device_usb.name, id);
}

static int to_xml(const struct device *usb, struct domain *domain, GError **err)
{
    static const char *const inputs[][2] = {
        {"usb-tablet", "tablet"}, {"usb-mouse", "mouse"}, {"usb-kbd", "keyboard"}};
    const char *model = device_get(usb->travels, "model"), *bus = device_get(usb->travels, "bus");
    struct xml *element = NULL;

    if (bus == NULL)
        return usb_controller_to_xml(usb, domain, err);
    for (size_t i = 0; i < G_N_ELEMENTS(inputs) && element == NULL; i++)
        if (strcmp(inputs[i][0], model) == 0)
            element = xml_set(xml_set(xml_add(domain->devices, "input"), "type", inputs[i][1]),
                              "bus", "usb");
    if (strcmp(model, "usb-hub") == 0)
        element = xml_set(xml_add(domain->devices, "hub"), "type", "usb");
    if (element == NULL)
        return domain_say_device(domain, usb, WORD_USB, err);
    domain_name(element, usb);
    xml_set_int(xml_set(xml_add(element, "address"), "type", "usb"), "bus",
                domain_number(domain, NUMBER_USB, controller_of(domain, bus)));
    return 0;
}

const struct device_kind device_usb = {
    .name = "usb", .build = build, .to_parts = to_parts, .to_xml = to_xml};
