/*
 * UEFI firmware: OVMF's code, which all VMs of a host share, and a store for its variables, which
 * is a copy of the template and the VM's own. What the guest writes into the store moves with it:
 * flash is memory, which the destination's QEMU writes into its own copy. So hosts need not share
 * it.
 */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const char *folder = param_text(spec->params, "ovmf_path");
    const char *code_name = param_text(spec->params, "ovmf_code_filename");
    const char *vars_name = param_text(spec->params, "ovmf_vars_filename");
    const char *run_dir = spec->run_dir != NULL ? spec->run_dir : ".";
    struct device *uefi;

    if (code_name == NULL)
        return 0;
    if (spec->boot->firmware != NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "ovmf_code_filename = %s is not supported: the guest is a firmware of its own",
                    code_name);
        return -1;
    }
    uefi = device_plug(board, &device_uefi, "uefi");
    g_autofree char *code = g_build_filename(folder, code_name, NULL);
    g_autofree char *template = g_build_filename(folder, vars_name, NULL);
    g_autofree char *vars = g_strdup_printf("%s/%s-vars.fd", run_dir, spec->name);
    device_set(uefi->travels, "firmware", code_name);
    device_set(uefi->travels, "store", vars_name);
    device_set(uefi->local, "code", code);
    device_set(uefi->local, "template", template);
    device_set(uefi->local, "vars", vars);
    return 0;
}

static void to_qemu(const struct device *uefi, GPtrArray *line)
{
    g_autofree char *code = qemu_line_quote(device_get(uefi->local, "code"));
    g_autofree char *vars = qemu_line_quote(device_get(uefi->local, "vars"));

    qemu_line_option(line, "-blockdev", "driver=file,node-name=uefi-code,filename=%s,read-only=on",
                     code);
    qemu_line_option(line, "-blockdev", "driver=file,node-name=uefi-vars,filename=%s", vars);
    qemu_line_option(line, "-machine", "pflash0=uefi-code,pflash1=uefi-vars");
}

/* libvirt copies the template where there is no store yet. */
static int to_xml(const struct device *uefi, struct domain *domain, GError **err)
{
    struct xml *os = xml_get(domain->root, "os");

    (void)err;
    xml_text(xml_set(xml_set(xml_add(os, "loader"), "readonly", "yes"), "type", "pflash"),
             device_get(uefi->local, "code"));
    xml_text(xml_set(xml_add(os, "nvram"), "template", device_get(uefi->local, "template")),
             device_get(uefi->local, "vars"));
    return 0;
}

const struct device_kind device_uefi = {
    .name = "uefi", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
