/* The hypervisor's monitors: read by monitor_plan.c. */
#include "migration/params_tables.h"

const struct param_info monitor_params[] = {
    {.name = "monitors",
     .section = "VM",
     .kind = PARAM_LIST,
     .fallback = "qmpmonitor1",
     .scopes = PARAM_OF_VM,
     OBJECT_NAME,
     .doc = "QEMU's monitors; what is said at one is in VM.qmp.log (the main one), "
            "VM.MONITOR.qmp.log or VM.MONITOR.hmp.log"},
    {.name = "monitor_type",
     .section = "VM",
     .kind = PARAM_WORD,
     .fallback = "qmp",
     .values = WORDS("qmp", "human"),
     .scopes = PARAM_OF_MONITOR,
     .doc = "language of a monitor; that of the main one is qmp"},
    {.name = "main_monitor",
     .section = "VM",
     .kind = PARAM_STRING,
     .scopes = PARAM_OF_VM,
     OBJECT_NAME,
     .example = "qmpmonitor1",
     .doc = "monitor at which the VM is moved; the first if not set"},
    {.name = "catch_monitor",
     .section = "VM",
     .kind = PARAM_STRING,
     .scopes = PARAM_OF_VM,
     OBJECT_NAME,
     .example = "catch_monitor",
     .doc = "monitor of what looks on beside the test (take_regular_screendumps, store_vm_info), a "
            "further one if monitors does not have it; the last if not set"},
    {.name = "debugonly",
     .section = "VM",
     .kind = PARAM_BOOL,
     .fallback = "no",
     .scopes = PARAM_OF_MONITOR,
     .doc = "whether the test leaves a monitor alone: it is a socket for the user "
            "(chardev_backend), which the log names, and ends with the VM"},
    {.name = NULL},
};
