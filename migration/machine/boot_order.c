/* What the firmware tries to boot from, where drives do not say it themselves (bootindex). */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

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

/* ---- as libvirt has it */

static const char *libvirt_drive(char letter)
{
    return letter == 'a'   ? "fd"
           : letter == 'c' ? "hd"
           : letter == 'd' ? "cdrom"
           : letter == 'n' ? "network"
                           : NULL;
}

static int add_order(const struct device *order, struct domain *domain, GError **err)
{
    const char *letters = device_get(order->travels, "order");

    if (letters != NULL && domain_has_boot_index(domain->board)) {
        qemu_line_option(domain_say(domain, WORD_BOOT_ORDER), "-boot", "order=%s", letters);
        return 0;
    }
    for (const char *letter = letters; letter != NULL && *letter != '\0'; letter++) {
        if (libvirt_drive(*letter) == NULL)
            return domain_refuse(order, err, "boot_order = %s: it has no drive %c", letters,
                                 *letter);
        xml_set(xml_add(xml_get(domain->root, "os"), "boot"), "dev", libvirt_drive(*letter));
    }
    return 0;
}

static int to_xml(const struct device *order, struct domain *domain, GError **err)
{
    const char *menu = device_get(order->travels, "menu");

    if (device_get(order->travels, "once") != NULL)
        return domain_refuse(order, err,
                             "boot_once: it gives drives places in the order, which "
                             "firmware goes by before");
    if (menu != NULL)
        xml_set(xml_add(xml_get(domain->root, "os"), "bootmenu"), "enable",
                strcmp(menu, "on") == 0 ? "yes" : "no");
    if (g_strcmp0(device_get(order->travels, "strict"), "off") == 0)
        qemu_line_option(domain_say(domain, WORD_BOOT_STRICT), "-boot", "strict=off");
    return add_order(order, domain, err);
}

const struct device_kind device_boot_order = {
    .name = "boot order", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
