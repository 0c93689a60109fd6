/* Where files of a test lie: read by image.c. */
#include "migration/params_tables.h"

#define STORAGE(name_) .name = (name_), .section = "disks"

const struct param_info storage_params[] = {
    {STORAGE("data_dir"), .kind = PARAM_PATH, .fallback = "/var/lib/virt_test",
     .scopes = PARAM_OF_VM,
     .doc = "folder on a host in which a relative image_name, cdrom or floppy_name starts"},
    {.name = NULL},
};
