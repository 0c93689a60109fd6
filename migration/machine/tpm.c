/* The TPM. What it is travels with the guest by the hypervisor; who emulates it on a host, and the
 * descriptor that leads there, are that host's own (vm/qemu_tpm.c). */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "tpms");
    g_autoptr(params) own = NULL;
    struct device *tpm;

    if (names[0] == NULL)
        return 0;
    if (names[1] != NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "tpms = %s (of %s) is not supported: a VM has one TPM at most",
                    params_get(spec->params, "tpms"), spec->name);
        return -1;
    }
    own = params_object_params(spec->params, names[0]);
    tpm = device_plug(board, &device_tpm, names[0]);
    device_set(tpm->travels, "model", param_text(own, "tpm_model"));
    device_set(tpm->travels, "version", param_text(own, "tpm_version"));
    device_set(tpm->local, "emulator", param_text(own, "tpm_bin"));
    device_set_int(tpm->local, "fd", spec->tpm_fd);
    return 0;
}

/* QEMU has no QMP command that makes the middle one: a TPM is there from the start. */
static void to_qemu(const struct device *tpm, GPtrArray *line)
{
    qemu_line_option(line, "-chardev", "socket,id=%s-socket,fd=%d", tpm->id,
                     (int)device_get_int(tpm->local, "fd"));
    qemu_line_option(line, "-tpmdev", "emulator,id=%s-emulator,chardev=%s-socket", tpm->id,
                     tpm->id);
    qemu_line_option(line, "-device", "%s,id=%s,tpmdev=%s-emulator",
                     device_get(tpm->travels, "model"), tpm->id, tpm->id);
}

/* libvirt starts swtpm itself. */
static int to_xml(const struct device *tpm, struct domain *domain, GError **err)
{
    const char *emulator = device_get(tpm->local, "emulator");
    struct xml *element;

    if (strcmp(emulator, param_info("tpm_bin")->fallback) != 0)
        return domain_refuse(tpm, err, "tpm_bin = %s: libvirt takes the swtpm of PATH", emulator);
    element = xml_set(xml_add(domain->devices, "tpm"), "model", device_get(tpm->travels, "model"));
    xml_set(xml_set(xml_add(element, "backend"), "type", "emulator"), "version",
            device_get(tpm->travels, "version"));
    domain_name(element, tpm);
    return 0;
}

const struct device_kind device_tpm = {
    .name = "TPM", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
