/* A TPM: read by tpm.c and vm/qemu_tpm.c. */
#include "migration/params_tables.h"

#define TPM(name_) .name = (name_), .section = "VM"

const struct param_info tpm_params[] = {
    {TPM("tpms"), .kind = PARAM_LIST, .scopes = PARAM_OF_VM, .same_everywhere = true, OBJECT_NAME,
     .example = "tpm0",
     .doc =
         "the VM's TPM, one at most: swtpm runs beside its QEMU, with a state of its own on each "
         "host, which goes with the guest. It is new with each test, and has no certificates"},
    {TPM("tpm_type"), .kind = PARAM_WORD, .fallback = "emulator", .values = WORDS("emulator"),
     .later = LATER({"passthrough", "a device of the host cannot move"}), .scopes = PARAM_OF_DEVICE,
     .same_everywhere = true, .only_with = WORDS("tpms"), .doc = "what is behind a TPM"},
    {TPM("tpm_model"), .kind = PARAM_WORD, .fallback = "tpm-crb",
     .values = WORDS("tpm-crb", "tpm-tis"), .later = LATER({"tpm-spapr", "VMs are x86_64 only"}),
     .scopes = PARAM_OF_DEVICE, .same_everywhere = true, .only_with = WORDS("tpms"),
     .doc = "device by which a guest sees it"},
    {TPM("tpm_version"), .kind = PARAM_WORD, .fallback = "2.0", .values = WORDS("2.0", "1.2"),
     .scopes = PARAM_OF_DEVICE, .same_everywhere = true, .only_with = WORDS("tpms"),
     .doc = "version of the TPM's specification"},
    {TPM("tpm_bin"), .kind = PARAM_PATH, .fallback = "swtpm", .scopes = PARAM_OF_DEVICE,
     .only_with = WORDS("tpms"), .doc = "swtpm: a path, or a name that is looked up in PATH"},
    {.name = NULL},
};
