/* Disks. What a disk is travels; where its image lies is a host's own. */
#include "migration/machine/drive.h"
#include "migration/params.h"
#include "migration/storage/image.h"

#include <string.h>

/* image_boot is avocado-vt's word for "before the others": an order by itself. */
static int add_bootindex(struct device *disk, const struct params *own, unsigned index,
                         GError **err)
{
    bool boots;
    int64_t order;

    if (param_bool(own, "image_boot", &boots, err) < 0 ||
        param_int(own, "bootindex", &order, err) < 0)
        return -1;
    if (param_is_set(own, "bootindex"))
        device_set_int(disk->travels, "bootindex", order);
    else if (boots)
        device_set_int(disk->travels, "bootindex", index);
    return 0;
}

static int add_medium(struct device *disk, const struct image *image, const struct params *own,
                      GError **err)
{
    g_autofree char *tail = drive_tail(own, "drv_extra_params");
    struct drive_medium medium = {.location = image->location,
                                  .format = image->format,
                                  .is_url = image->is_url,
                                  .tail = tail};

    if (param_bool(own, "image_readonly", &medium.read_only, err) < 0 ||
        param_bool(own, "image_snapshot", &medium.thrown_away, err) < 0)
        return -1;
    if (tail != NULL && strstr(tail, ",snapshot=on") != NULL) {
        g_autoptr(GString) rest = g_string_new(tail);

        g_string_replace(rest, ",snapshot=on", "", 0);
        g_free(tail);
        tail = g_strdup(rest->str);
        medium.tail = tail;
        medium.thrown_away = true;
    }
    return drive_insert(disk, &medium, own, err);
}

static int add_disk(struct device *board, const struct params *vm, const struct params *own,
                    const char *name, unsigned index, GError **err)
{
    const struct drive_form *form = drive_form_find(param_text(own, "drive_format"));
    g_autoptr(image) image = image_new(vm, name, err);
    g_autofree char *tail = drive_tail(own, "blk_extra_params");
    struct device *disk;

    if (image == NULL)
        return -1;
    if (form == NULL || form->disk == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "drive_format = %s (of %s) is not supported for a disk",
                    param_text(own, "drive_format"), name);
        return -1;
    }
    disk = drive_bus_plug(board, &device_disk, name, form, form->disk, vm, own, err);
    if (disk == NULL)
        return -1;
    device_set(disk->travels, "serial", param_text(own, "drive_serial"));
    if (strcmp(form->disk, "nvme") == 0 && !param_is_set(own, "drive_serial"))
        device_set(disk->travels, "serial", name); /* QEMU wants one */
    device_set(disk->travels, "extra", tail);
    device_set(disk->local, "iothread", param_text(own, "image_iothread"));
    return add_bootindex(disk, own, index, err) < 0 || add_medium(disk, image, own, err) < 0
               ? -1
               : drive_set_policies(disk, form, own, err);
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = image_names(spec->params);

    for (unsigned i = 0; names[i] != NULL; i++) {
        g_autoptr(params) own = params_object_params(spec->params, names[i]);
        bool is_attached;

        if (param_check_word("images", names[i], err) < 0 ||
            param_bool(own, "boot_drive", &is_attached, err) < 0)
            return -1;
        if (is_attached && add_disk(board, spec->params, own, names[i], i, err) < 0)
            return -1;
    }
    return 0;
}

static int plug(struct device *board, const struct machine_spec *spec, const char *name,
                GError **err)
{
    g_autoptr(params) own = params_object_params(spec->params, name);
    g_auto(GStrv) names = image_names(spec->params);
    unsigned index = 0;

    while (names[index] != NULL && strcmp(names[index], name) != 0)
        index++;
    if (names[index] == NULL && names[0] != NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s cannot be plugged in: it is none of the disks in images, or below one "
                    "(image_chain)",
                    name);
        return -1;
    }
    return param_check_word("images", name, err) < 0
               ? -1
               : add_disk(board, spec->params, own, name, index, err);
}

static void to_parts(const struct device *disk, GPtrArray *parts)
{
    json_t *device = drive_to_parts(disk, parts);

    device_set(device, "iothread", device_get(disk->local, "iothread"));
}

static int add_iothread(const struct device *disk, struct domain *domain, struct xml *element,
                        GError **err)
{
    const char *name = device_get(disk->local, "iothread");
    const struct device *thread =
        name != NULL ? device_find((struct device *)domain->board, device_iothread.name, name)
                     : NULL;

    if (name == NULL)
        return 0;
    if (thread == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "image_iothread = %s (of %s): iothreads names no such thread", name, disk->id);
        return -1;
    }
    xml_set_int(xml_get(element, "driver"), "iothread",
                domain_number(domain, NUMBER_IOTHREAD, thread) + 1);
    return 0;
}

static int to_xml(const struct device *disk, struct domain *domain, GError **err)
{
    struct xml *element;

    if (strcmp(device_get(disk->travels, "model"), "nvme") == 0)
        return domain_say_device(domain, disk, WORD_NVME, err);
    element = drive_to_xml(disk, domain, "disk", err);
    if (element == NULL || add_iothread(disk, domain, element, err) < 0)
        return -1;
    return domain_set_properties(domain, disk, device_get(disk->travels, "extra"), err);
}

const struct device_kind device_disk = {
    .name = "disk", .build = build, .add = plug, .to_parts = to_parts, .to_xml = to_xml};
