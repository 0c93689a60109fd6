/* How a guest is logged in to, and files come to it. */
#include "migration/reference/reference.h"

#define SECTION "login"

#define NO_PROMPT "commands are run over SSH without a prompt"
#define NO_FILES "no files are copied to guests"

const struct param_info reference_login_params[] = {
    NO_MATTER("status_test_command", STRING, VM, NO_PROMPT, "command that tells the last status"),
    NO_MATTER("reboot_command", STRING, VM, "no guest is rebooted by a command",
              "command that reboots the guest"),
    NO_MATTER("force_reset_go_down_check", STRING, VM, "no guest is rebooted by a command",
              "how a reboot is noticed"),
    NO_MATTER("file_transfer_client", STRING, VM, NO_FILES, "scp or rss"),
    NO_MATTER("file_transfer_port", STRING, VM, NO_FILES, "its port"),
    NOT_YET("os_type", STRING, VM, WORDS("linux"), "no guest here runs Windows",
            "linux or windows"),
    END,
};
