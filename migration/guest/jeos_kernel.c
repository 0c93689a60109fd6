#include "migration/guest/jeos_kernel.h"

#include "migration/params.h"
#include "migration/params_tables.h"
#include "migration/vm/vm.h"

#include <string.h>

/* What the clouds' kernel does not drive, and the other does. */
static const struct guest_want full_wants[] = {
    {NULL, "jeos_kernel", WORDS("full")},
    {"nics", "nic_model",
     WORDS("e1000", "e1000-82544gc", "e1000-82545em", "e1000e", "igb", "rtl8139", "ne2k_pci",
           "pcnet", "tulip", "i82550", "i82551", "i82557a", "i82557b", "i82557c", "i82558a",
           "i82558b", "i82559a", "i82559b", "i82559c", "i82559er", "i82562", "i82801")},
    {"images", "drive_format", WORDS("ide", "ahci", "nvme", "usb1", "usb2", "usb3")},
    {"images", "scsi_hba",
     WORDS("lsi53c895a", "lsi53c810", "megasas", "megasas-gen2", "mptsas1068")},
    {"cdroms", "cd_format", WORDS("ide", "ahci", "usb1", "usb2", "usb3")},
    {"floppies", NULL, NULL},
    {NULL, NULL, NULL},
};

/* What neither drives. */
static const struct guest_want undriven[] = {
    {"nics", "nic_model", WORDS("ne2k_isa", "usb-net")},
    {"images", "scsi_hba", WORDS("am53c974", "dc390", "pvscsi")},
    {NULL, NULL, NULL},
};

const struct guest_folder jeos_full = {
    .name = "jeos-full", .wants = full_wants, .undriven = undriven};

static bool is_last(const struct guest_want *want)
{
    return want->list == NULL && want->param == NULL;
}

/* The first device of the VM of which the row speaks: "nic1 (nic_model = e1000)"; NULL: none.
 * Transfer full. */
static char *find(const struct guest_want *want, const struct params *params)
{
    g_auto(GStrv) names =
        want->list != NULL ? param_list(params, want->list) : g_strsplit("VM", " ", -1);
    for (char **name = names; *name != NULL; name++) {
        if (want->param == NULL)
            return g_strdup(*name);
        g_autoptr(params) own = params_object_params(params, *name);
        const char *value = param_text(want->list != NULL ? own : params, want->param);
        if (value != NULL && g_strv_contains(want->values, value))
            return g_strdup_printf("%s (%s = %s)", *name, want->param, value);
    }
    return NULL;
}

const char *jeos_folder(const struct params *params, GError **err)
{
    for (const struct guest_want *want = undriven; !is_last(want); want++) {
        g_autofree char *device = find(want, params);
        if (device == NULL)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "neither kernel of jeos drives %s",
                    device);
        return NULL;
    }
    for (const struct guest_want *want = full_wants; !is_last(want); want++) {
        g_autofree char *device = find(want, params);
        if (device != NULL)
            return jeos_full.name;
    }
    return "jeos";
}
