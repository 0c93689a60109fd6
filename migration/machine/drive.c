#include "migration/machine/drive.h"

#include "migration/params.h"
#include "migration/storage/image_url.h"

#include <string.h>

/* What the modes are to a node, and to the guest. */
static const struct {
    const char *mode;
    bool direct, no_flush, is_write_through;
} caches[] = {
    {"none", true, false, false},       {"directsync", true, false, true},
    {"writeback", false, false, false}, {"writethrough", false, false, true},
    {"unsafe", false, true, false},
};

char *drive_tail(const struct params *own, const char *name)
{
    const char *text = param_text(own, name);

    if (text == NULL)
        return NULL;
    return *text == ',' ? g_strdup(text) : g_strconcat(",", text, NULL);
}

static unsigned cache_of(const struct device *drive)
{
    const char *mode = device_get(drive->travels, "cache");
    unsigned i = 0;

    while (i < G_N_ELEMENTS(caches) - 1 && strcmp(caches[i].mode, mode) != 0)
        i++;
    return i;
}

/* The driver of a path: below /dev is no file. */
static const char *driver_of(const char *path)
{
    return g_str_has_prefix(path, "/dev/") && !g_str_has_prefix(path, "/dev/shm/") ? "host_device"
                                                                                   : "file";
}

static json_t *file_node(const char *path, const struct params *own)
{
    json_t *node = json_object();

    device_set(node, "driver", driver_of(path));
    device_set(node, "filename", path);
    device_set(node, "aio", param_text(own, "image_aio"));
    return node;
}

int drive_insert(struct device *drive, const struct drive_medium *medium, const struct params *own,
                 GError **err)
{
    json_t *node;

    device_set(drive->travels, "format", medium->format);
    device_set(drive->travels, "cache", param_text(own, "drive_cache"));
    if (medium->read_only)
        device_set_bool(drive->travels, "read_only", true);
    if (g_strcmp0(param_text(own, "image_aio"), "native") == 0 && !caches[cache_of(drive)].direct) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "image_aio = native (of %s) needs drive_cache = none or directsync, not %s",
                    drive->id, device_get(drive->travels, "cache"));
        return -1;
    }
    node =
        medium->is_url ? image_url_node(medium->location, err) : file_node(medium->location, own);
    if (node == NULL) {
        g_prefix_error(err, "%s: ", drive->id);
        return -1;
    }
    json_object_set_new(drive->local, "file", node);
    device_set(drive->local, "discard", param_text(own, "image_discard"));
    device_set(drive->local, "extra", medium->tail);
    if (medium->thrown_away)
        device_set_bool(drive->local, "thrown_away", true);
    return 0;
}

int drive_set_policies(struct device *drive, const struct drive_form *form,
                       const struct params *own, GError **err)
{
    static const char *const policies[] = {"drive_werror", "drive_rerror"};

    for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
        const char *policy = param_text(own, policies[i]);

        if (policy != NULL && form->no_policy) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                        "%s = %s (of %s): there is none on %s", policies[i], policy, drive->id,
                        form->word);
            return -1;
        }
        device_set(drive->local, policies[i] + strlen("drive_"), policy);
    }
    return 0;
}

/* NULL for a drive without a medium. Transfer full. */
static char *add_node(const struct device *drive, GPtrArray *parts)
{
    const json_t *file = json_object_get(drive->local, "file");
    bool thrown_away = device_get_bool(drive->local, "thrown_away");
    json_t *node;
    char *name;

    if (file == NULL)
        return NULL;
    name = g_strconcat(DRIVE_NODE_PREFIX, drive->id, NULL);
    node = part_add(parts, thrown_away ? PART_DRIVE : PART_BLOCKDEV,
                    device_get(drive->travels, "format"), name, device_get(drive->local, "extra"));
    if (thrown_away)
        device_set_bool(node, "snapshot", true);
    device_set_bool(node, "read-only", device_get_bool(drive->travels, "read_only"));
    device_set(node, "discard", device_get(drive->local, "discard"));
    json_object_set_new(node, "cache",
                        json_pack("{s:b, s:b}", "direct", caches[cache_of(drive)].direct,
                                  "no-flush", caches[cache_of(drive)].no_flush));
    json_object_set_new(node, "file", json_deep_copy(file));
    return name;
}

json_t *drive_to_parts(const struct device *drive, GPtrArray *parts)
{
    g_autofree char *node = add_node(drive, parts);
    json_t *device = part_add(parts, PART_DEVICE, device_get(drive->travels, "model"), drive->id,
                              device_get(drive->travels, "extra"));

    json_object_update(device, json_object_get(drive->travels, "place"));
    device_set(device, "drive", node);
    if (node != NULL && caches[cache_of(drive)].is_write_through &&
        !device_get_bool(drive->travels, "read_only"))
        device_set(device, "write-cache", "off");
    device_set(device, "serial", device_get(drive->travels, "serial"));
    if (json_object_get(drive->travels, "bootindex") != NULL)
        device_set_int(device, "bootindex", device_get_int(drive->travels, "bootindex"));
    device_set(device, "werror", device_get(drive->local, "werror"));
    device_set(device, "rerror", device_get(drive->local, "rerror"));
    return device;
}

/* ---- as libvirt has it */

/* Of what a user appends to the node libvirt has this. */
static int add_tail(const struct device *drive, struct xml *driver, GError **err)
{
    const char *tail = device_get(drive->local, "extra");
    static const char wanted[] = ",detect-zeroes=";

    if (tail == NULL)
        return 0;
    if (!g_str_has_prefix(tail, wanted) || strchr(tail + 1, ',') != NULL)
        return domain_refuse(drive, err,
                             "drv_extra_params: of what is appended to a -blockdev it has "
                             "detect-zeroes alone");
    xml_set(driver, "detect_zeroes", tail + strlen(wanted));
    return 0;
}

static const char *policy(const struct device *drive, const char *name)
{
    const char *value = device_get(drive->local, name);

    if (g_strcmp0(value, "auto") == 0)
        return NULL;
    return g_strcmp0(value, "enospc") == 0 ? "enospace" : value;
}

static int add_driver(const struct device *drive, struct xml *disk, GError **err)
{
    const json_t *file = json_object_get(drive->local, "file");
    const char *discard = device_get(drive->local, "discard");
    struct xml *driver = xml_set(xml_add(disk, "driver"), "name", "qemu");

    xml_set(driver, "type", device_get(drive->travels, "format"));
    xml_set(driver, "cache", device_get(drive->travels, "cache"));
    xml_set(driver, "io", device_get(file, "aio"));
    xml_set(driver, "error_policy", policy(drive, "werror"));
    xml_set(driver, "rerror_policy", policy(drive, "rerror"));
    if (discard != NULL)
        xml_set(driver, "discard",
                strcmp(discard, "on") == 0 || strcmp(discard, "unmap") == 0 ? "unmap" : "ignore");
    return add_tail(drive, driver, err);
}

struct xml *drive_to_xml(const struct device *drive, struct domain *domain, const char *what,
                         GError **err)
{
    struct xml *disk = xml_set(xml_add(domain->devices, "disk"), "device", what);
    const json_t *file = json_object_get(drive->local, "file");

    if (device_get_bool(drive->local, "thrown_away")) {
        domain_refuse(drive, err,
                      "what is written is thrown away (image_snapshot), and it moves "
                      "no VM with such a disk");
        return NULL;
    }
    if (file == NULL) /* no medium */
        xml_set(disk, "type", "file");
    if ((file != NULL && drive_source_to_xml(domain, drive, file, disk, err) < 0) ||
        (file != NULL && add_driver(drive, disk, err) < 0))
        return NULL;
    if (strcmp(what, "floppy") == 0)
        drive_bus_floppy_to_xml(drive, domain, disk);
    else if (drive_bus_to_xml(drive, domain, disk, err) < 0)
        return NULL;
    if (device_get(drive->travels, "serial") != NULL)
        xml_text(xml_add(disk, "serial"), device_get(drive->travels, "serial"));
    if (json_object_get(drive->travels, "bootindex") != NULL) /* from 1 on there */
        xml_set_int(xml_add(disk, "boot"), "order",
                    device_get_int(drive->travels, "bootindex") + 1);
    if (device_get_bool(drive->travels, "read_only"))
        xml_add(disk, "readonly");
    return domain_name(disk, drive);
}
