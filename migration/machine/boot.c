/* What the guest boots from: its own files, or the user's in their place. Where they lie is a
 * host's own affair. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static const struct {
    const char *name, *option, *param;
    const char *element; /* of libvirt's <os>; NULL: it has attributes */
} files[] = {{"firmware", "-bios", "bios_path", NULL},
             {"kernel", "-kernel", "kernel", "kernel"},
             {"initrd", "-initrd", "initrd", "initrd"}};

static const char *own_file(const struct vm_boot *boot, unsigned i)
{
    const char *const own[] = {boot->firmware, boot->kernel, boot->initrd};

    return own[i];
}

/* A guest that is a firmware has nothing else to boot. */
static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const struct vm_boot *from = spec->boot;
    struct device *boot = device_plug(board, &device_boot, "boot");

    device_set(boot->travels, "append", from->append);
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        const char *asked = param_text(spec->params, files[i].param);

        if (asked != NULL && from->firmware != NULL) {
            g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                        "%s = %s is not supported: the guest is a firmware of its own",
                        files[i].param, asked);
            return -1;
        }
        device_set(boot->local, files[i].name, asked != NULL ? asked : own_file(from, i));
    }
    return 0;
}

static void to_qemu(const struct device *boot, GPtrArray *line)
{
    const char *append = device_get(boot->travels, "append");

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        const char *path = device_get(boot->local, files[i].name);

        if (path != NULL)
            qemu_line_option(line, files[i].option, "%s", path);
    }
    if (append != NULL)
        qemu_line_option(line, "-append", "%s", append);
}

/* QEMU tries all kinds of drives, and libvirt the first disk alone, where nothing is said of it. */
static void add_usual_order(const struct device *boot, struct domain *domain)
{
    static const char *const usual[] = {"hd", "fd", "cdrom"};
    const struct device *order = device_of_kind(domain->board, &device_boot_order);
    bool is_said = order != NULL && device_get(order->travels, "order") != NULL;

    if (is_said || domain_has_boot_index(domain->board) ||
        device_get(boot->local, "firmware") != NULL || device_get(boot->local, "kernel") != NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(usual); i++)
        xml_set(xml_add(xml_get(domain->root, "os"), "boot"), "dev", usual[i]);
}

static int to_xml(const struct device *boot, struct domain *domain, GError **err)
{
    const char *firmware = device_get(boot->local, "firmware");
    struct xml *os = xml_get(domain->root, "os");

    (void)err;
    if (firmware != NULL)
        xml_text(xml_set(xml_set(xml_add(os, "loader"), "readonly", "yes"), "type", "rom"),
                 firmware);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        if (files[i].element != NULL && device_get(boot->local, files[i].name) != NULL)
            xml_text(xml_add(os, files[i].element), device_get(boot->local, files[i].name));
    if (device_get(boot->travels, "append") != NULL)
        xml_text(xml_add(os, "cmdline"), device_get(boot->travels, "append"));
    add_usual_order(boot, domain);
    return 0;
}

const struct device_kind device_boot = {
    .name = "boot", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
