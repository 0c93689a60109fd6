/* The graphics card: read by graphics.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

const struct param_info graphics_params[] = {
    {MACHINE("vga"), .kind = PARAM_WORD, .fallback = "none",
     .values = WORDS("none", "std", "cirrus", "qxl", "vmware", "virtio", "ati", "bochs", "ramfb"),
     .doc = "graphics card"},
    {MACHINE("qxl"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "yes: vga = qxl, beside which there is no other card"},
    {MACHINE("qxl_dev_nr"), .kind = PARAM_INT, .fallback = "1", .min = 1, .max = 16,
     .only_with = WORDS("vga", "qxl"), .doc = "QXL cards, a screen each (vga = qxl)"},
    {MACHINE("qxl_ram_size"), .kind = PARAM_INT, .min = 0, .max = INT32_MAX,
     .only_with = WORDS("vga", "qxl"), .example = "67108864",
     .doc = "memory of a QXL card for commands, in bytes (vga = qxl)"},
    {MACHINE("qxl_vram_size"), .kind = PARAM_INT, .min = 0, .max = INT32_MAX,
     .only_with = WORDS("vga", "qxl"), .example = "67108864",
     .doc = "memory of a QXL card for surfaces, in bytes (vga = qxl)"},
    {MACHINE("qxl_vgamem_mb"), .kind = PARAM_INT, .min = 0, .max = 512,
     .only_with = WORDS("vga", "qxl"), .example = "16",
     .doc = "memory of a QXL card for the picture, in MiB (vga = qxl)"},
    {.name = NULL},
};
