/* The memory balloon: read by balloon.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true
#define WITH .only_with = WORDS("balloon_dev_devid")

const struct param_info balloon_params[] = {
    {MACHINE("balloon_dev_devid"), .kind = PARAM_STRING, .example = "balloon0", OBJECT_NAME,
     .doc = "name of the memory balloon; without it the VM has none"},
    {MACHINE("balloon_opt_deflate_on_oom"), WITH, .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether it gives memory back that the guest is short of"},
    {MACHINE("balloon_opt_free_page_reporting"), WITH, .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether the guest tells which memory it does not use"},
    {.name = NULL},
};
