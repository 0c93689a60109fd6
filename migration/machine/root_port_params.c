/* Spare places for what is plugged in: read by root_port.c. */
#include "migration/params_tables.h"

const struct param_info root_port_params[] = {
    {.name = "pcie_extra_root_port",
     .section = "hot-plug",
     .scopes = PARAM_OF_VM,
     .same_everywhere = true,
     .kind = PARAM_INT,
     .fallback = "0",
     .min = 0,
     .max = 16,
     .doc = "root ports of a q35 machine that are free for disks and cards that are plugged in; "
            "the bus of a pc machine takes them itself"},
    {.name = NULL},
};
