/* Floppy drives. A PC of the i440FX kind has their controller; a Q35 gets one. */
#include "migration/machine/drive.h"
#include "migration/params.h"
#include "migration/storage/image.h"

#include <string.h>

#define DRIVES_MAX 2

static void controller_to_parts(const struct device *controller, GPtrArray *parts)
{
    part_add(parts, PART_DEVICE, "isa-fdc", controller->id, NULL);
}

/* libvirt brings it along with the drive. */
static int controller_to_xml(const struct device *controller, struct domain *domain, GError **err)
{
    (void)controller;
    (void)domain;
    (void)err;
    return 0;
}

static const struct device_kind device_floppy_controller = {
    .name = "floppy controller", .to_parts = controller_to_parts, .to_xml = controller_to_xml};

static int add_floppy(struct device *parent, const struct params *own, const char *name,
                      unsigned index, GError **err)
{
    g_autofree char *location = image_data_path(own, param_text(own, "floppy_name"));
    const struct drive_medium medium = {.location = location, .format = "raw"};
    struct device *drive = device_plug(parent, &device_floppy, name);

    device_set(drive->travels, "model", "floppy");
    json_object_set_new(drive->travels, "place", json_pack("{s:i}", "unit", (int)index));
    return drive_insert(drive, &medium, own, err);
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "floppies");
    bool has_controller = strstr(device_get(board->travels, "type"), "q35") == NULL;
    struct device *parent = board;
    unsigned index = 0;

    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(spec->params, *name);

        if (param_check_word("floppies", *name, err) < 0)
            return -1;
        if (!param_is_set(own, "floppy_name"))
            continue;
        if (index == DRIVES_MAX) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                        "floppies: a PC has %d floppy drives, and %s would be one more", DRIVES_MAX,
                        *name);
            return -1;
        }
        if (index == 0 && !has_controller)
            parent = device_plug(board, &device_floppy_controller, "fdc0");
        if (add_floppy(parent, own, *name, index++, err) < 0)
            return -1;
    }
    return 0;
}

static void to_parts(const struct device *floppy, GPtrArray *parts)
{
    drive_to_parts(floppy, parts);
}

static int to_xml(const struct device *floppy, struct domain *domain, GError **err)
{
    return drive_to_xml(floppy, domain, "floppy", err) != NULL ? 0 : -1;
}

const struct device_kind device_floppy = {
    .name = "floppy", .build = build, .to_parts = to_parts, .to_xml = to_xml};
