/* How a guest is logged in to, and files come to it. */
#include "migration/reference/reference.h"

#define SECTION "login"

const struct param_info reference_login_params[] = {
    NO_MATTER("reboot_command", STRING, VM, "no guest is rebooted by a command",
              "command that reboots the guest"),
    NO_MATTER("force_reset_go_down_check", STRING, VM, "no guest is rebooted by a command",
              "how a reboot is noticed"),
    END,
};
