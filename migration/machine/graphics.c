/* The graphics card. Who looks at what it shows: screen.c. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

#define KIB 1024

static const struct {
    const char *name, *model;
    const char *libvirt; /* NULL: it has none */
} cards[] = {
    {"std", "VGA", "vga"},
    {"cirrus", "cirrus-vga", "cirrus"},
    {"qxl", "qxl-vga", "qxl"},
    {"vmware", "vmware-svga", "vmvga"},
    {"virtio", "virtio-vga", "virtio"},
    {"ati", "ati-vga", NULL},
    {"bochs", "bochs-display", "bochs"},
    {"ramfb", "ramfb", "ramfb"},
};

/* Of qxl; what is not set is left to QEMU. */
static const struct {
    const char *param, *property, *libvirt;
    bool is_mib;
} sizes[] = {{"qxl_ram_size", "ram_size", "ram", false},
             {"qxl_vram_size", "vram_size", "vram", false},
             {"qxl_vgamem_mb", "vgamem_mb", "vgamem", true}};

static const char *model_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++)
        if (strcmp(cards[i].name, name) == 0)
            return cards[i].model;
    return name;
}

static int add_qxl(struct device *board, const struct params *params, const char *model,
                   const char *id, GError **err)
{
    struct device *card = device_plug(board, &device_graphics, id);

    device_set(card->travels, "model", model);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        int64_t size;

        if (param_int(params, sizes[i].param, &size, err) < 0)
            return -1;
        if (size > 0)
            device_set_int(card->travels, sizes[i].property, size);
    }
    return 0;
}

/* The first is the one that the firmware shows, the others are further screens of it. */
static int add_all_qxl(struct device *board, const struct params *params, GError **err)
{
    int64_t count;

    if (param_int(params, "qxl_dev_nr", &count, err) < 0 ||
        add_qxl(board, params, "qxl-vga", "video0", err) < 0)
        return -1;
    for (int i = 1; i < count; i++) {
        g_autofree char *id = g_strdup_printf("video%d", i);

        if (add_qxl(board, params, "qxl", id, err) < 0)
            return -1;
    }
    return 0;
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const char *name = param_text(spec->params, "vga");
    bool is_qxl;

    if (param_bool(spec->params, "qxl", &is_qxl, err) < 0)
        return -1;
    if (is_qxl && strcmp(name, "none") != 0 && strcmp(name, "qxl") != 0) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "qxl = yes: vga = %s is another card",
                    name);
        return -1;
    }
    if (is_qxl || strcmp(name, "qxl") == 0)
        return add_all_qxl(board, spec->params, err);
    if (strcmp(name, "none") == 0)
        return 0;
    device_set(device_plug(board, &device_graphics, "video0")->travels, "model", model_of(name));
    return 0;
}

static void to_parts(const struct device *card, GPtrArray *parts)
{
    json_t *device =
        part_add(parts, PART_DEVICE, device_get(card->travels, "model"), card->id, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        int64_t size = device_get_int(card->travels, sizes[i].property);

        if (size > 0)
            device_set_int(device, sizes[i].property, size);
    }
}

/* Sizes are in KiB there. */
static int to_xml(const struct device *card, struct domain *domain, GError **err)
{
    const char *model = device_get(card->travels, "model"), *name = NULL;
    struct xml *video;

    for (size_t i = 0; i < G_N_ELEMENTS(cards) && name == NULL; i++)
        if (strcmp(cards[i].model, model) == 0)
            name = cards[i].libvirt;
    if (strcmp(model, "qxl") == 0)
        name = model;
    if (name == NULL) { /* libvirt adds one where a screen has none */
        xml_set(xml_add(xml_add(domain->devices, "video"), "model"), "type", "none");
        return domain_say_device(domain, card, WORD_ATI, err);
    }
    video = xml_add(domain->devices, "video");
    domain_name(video, card);
    video = xml_set(xml_add(video, "model"), "type", name);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        int64_t size = device_get_int(card->travels, sizes[i].property);

        if (size > 0)
            xml_set_int(video, sizes[i].libvirt, sizes[i].is_mib ? size * KIB : size / KIB);
    }
    if (device_of_kind(domain->board, &device_graphics) == card)
        xml_set(video, "primary", "yes");
    return 0;
}

const struct device_kind device_graphics = {
    .name = "graphics", .build = build, .to_parts = to_parts, .to_xml = to_xml};
