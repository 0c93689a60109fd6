/* What the firmware tries to boot from, where drives do not say it themselves (bootindex). */
#include "migration/machine/device.h"
#include "migration/params.h"

static const struct {
    const char *param, *name;
} words[] = {{"boot_order", "order"},
             {"boot_once", "once"},
             {"boot_menu", "menu"},
             {"boot_strict", "strict"}};

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *order = NULL;

    (void)err;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!param_is_set(spec->params, words[i].param))
            continue;
        if (order == NULL)
            order = device_plug(board, &device_boot_order, "boot-order");
        device_set(order->travels, words[i].name, param_text(spec->params, words[i].param));
    }
    return 0;
}

static void to_qemu(const struct device *order, GPtrArray *line)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *word = device_get(order->travels, words[i].name);

        if (word != NULL)
            g_string_append_printf(text, "%s%s=%s", text->len > 0 ? "," : "", words[i].name, word);
    }
    qemu_line_option(line, "-boot", "%s", text->str);
}

const struct device_kind device_boot_order = {
    .name = "boot order", .build = build, .to_qemu = to_qemu};
