/* The watchdog: read by watchdog.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

const struct param_info watchdog_params[] = {
    {MACHINE("enable_watchdog"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether the VM has a watchdog"},
    {MACHINE("watchdog_device_type"), .kind = PARAM_WORD, .fallback = "i6300esb",
     .values = WORDS("i6300esb", "ib700"), .only_with = WORDS("enable_watchdog"),
     .later = LATER({"diag288", "VMs are x86_64 only"}), .doc = "its model"},
    {MACHINE("watchdog_action"), .kind = PARAM_WORD, .fallback = "reset",
     .values = WORDS("reset", "shutdown", "poweroff", "inject-nmi", "pause", "debug", "none"),
     .only_with = WORDS("enable_watchdog"),
     .doc = "what becomes of a guest that does not feed it; a watchdog that bites during a test "
            "fails it"},
    {.name = NULL},
};
