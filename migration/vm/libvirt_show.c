#include "migration/vm/libvirt_show.h"

#include "migration/machine/domain.h"
#include "migration/params.h"
#include "migration/vm/qemu_shared.h"

#define FOLDER "/run/vtmh" /* libvirt wants whole paths */

static json_t *show(const struct vm_spec *spec, const struct device *board, const char *binary,
                    GError **err)
{
    g_autofree char *name = g_strconcat("vtmh-", spec->name, NULL);
    g_autofree char *serial = g_strdup_printf(FOLDER "/%s.serial", spec->name);
    g_autofree char *agent = g_strdup_printf(FOLDER "/%s.agent", spec->name);
    const struct domain_spec domain = {.name = name,
                                       .emulator = binary,
                                       .serial = serial,
                                       .agent = agent,
                                       .core_has_no_ram = param_is_yes(spec->params, "core_dumps")};
    json_t *words = NULL;
    g_autofree char *text = machine_to_xml(board, &domain, &words, err);

    if (text == NULL)
        return NULL;
    return json_pack("{s:o, s:s, s:o}", "machine", machine_to_json(board), "domain", text,
                     "past_libvirt", words);
}

json_t *libvirt_show(const struct vm_spec *spec, GError **err)
{
    struct machine_spec machine = qemu_machine_spec(spec, NULL);
    g_autofree char *binary = qemu_binary_of(spec, "QEMU", err);
    g_autoptr(device) board = NULL;

    if (machine.run_dir == NULL)
        machine.run_dir = FOLDER;
    board = binary != NULL ? machine_new(&machine, err) : NULL;
    return board != NULL ? show(spec, board, binary, err) : NULL;
}
