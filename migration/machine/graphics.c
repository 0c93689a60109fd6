/* The graphics card. Who looks at what it shows: screen.c. */
#include "migration/machine/device.h"
#include "migration/params.h"

#include <string.h>

static const struct {
    const char *name, *model;
} cards[] = {
    {"std", "VGA"},
    {"cirrus", "cirrus-vga"},
    {"qxl", "qxl-vga"},
    {"vmware", "vmware-svga"},
    {"virtio", "virtio-vga"},
    {"ati", "ati-vga"},
    {"bochs", "bochs-display"},
    {"ramfb", "ramfb"},
};

/* Of qxl; what is not set is left to QEMU. */
static const struct {
    const char *param, *property;
} sizes[] = {
    {"qxl_ram_size", "ram_size"}, {"qxl_vram_size", "vram_size"}, {"qxl_vgamem_mb", "vgamem_mb"}};

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

const struct device_kind device_graphics = {
    .name = "graphics", .build = build, .to_parts = to_parts};
