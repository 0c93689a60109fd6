/* UEFI firmware: read by uefi.c. */
#include "migration/params_tables.h"

#define UEFI(name_) .name = (name_), .section = "VM", .scopes = PARAM_OF_VM

const struct param_info uefi_params[] = {
    {UEFI("ovmf_code_filename"), .same_everywhere = true, .kind = PARAM_STRING,
     .example = "OVMF_CODE.fd",
     .doc = "UEFI firmware (OVMF), a file in ovmf_path; without it the VM has a BIOS"},
    {UEFI("ovmf_path"), .kind = PARAM_PATH, .fallback = "/usr/share/OVMF",
     .only_with = WORDS("ovmf_code_filename"), .doc = "folder on each host with the firmware"},
    {UEFI("ovmf_vars_filename"), .same_everywhere = true, .kind = PARAM_STRING,
     .fallback = "OVMF_VARS.fd", .only_with = WORDS("ovmf_code_filename"),
     .doc = "its variables at the first start, a file in ovmf_path; each VM has a copy of its own "
            "for the test, whose contents move with the guest"},
    {.name = NULL},
};
