/* What runs, on which VMs, how often: read by run.c and by the test types. */
#include "migration/params_tables.h"

const struct param_info scenario_params[] = {
    {.name = "type",
     .kind = PARAM_STRING,
     .later = reference_test_types,
     .section = "test",
     .example = "migration_multi_host",
     .doc = "test type that runs; vtmh types lists them; every test needs one"},
    {.name = "vms",
     .kind = PARAM_LIST,
     .fallback = "vm1",
     /* It becomes part of file names and of meetings. */
     .word_pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
     .word_rule = "a VM's name: letters, digits, '_', '.' and '-', at most 32",
     .section = "test",
     .doc = "VMs of the test; each may have parameters of its own (mem_vm1)"},
    {.name = "main_vm",
     .kind = PARAM_STRING,
     .section = "test",
     .example = "vm1",
     .doc = "VM that simple tests use; it becomes the first of vms if they do not name it"},
    {.name = "migrate_count",
     .kind = PARAM_INT,
     .fallback = "1",
     .min = 1,
     .max = 1000000,
     .section = "test",
     .doc = "number of legs; each test type has a default of its own"},
    {.name = NULL},
};
