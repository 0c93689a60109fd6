/* How a guest is logged in to, and files come to it. */
#include "migration/reference/reference.h"

#define SECTION "login"

#define BY_SSH "guests are reached by SSH"
#define NO_PROMPT "commands are run over SSH without a prompt"
#define NO_FILES "no files are copied to guests"

const struct param_info reference_login_params[] = {
    NOT_YET("username", STRING, VM, WORDS("root"), "guests are logged in to as root", "user"),
    {.name = "password",
     .kind = PARAM_STRING,
     .scopes = PARAM_OF_VM,
     .secret = true,
     .care = PARAM_COSMETIC,
     .why = "guests are logged in to with a key",
     .section = SECTION,
     .doc = "the user's password"},
    NOT_YET("shell_client", STRING, VM, WORDS("ssh"), BY_SSH, "ssh, telnet or nc"),
    NOT_YET("shell_port", INT, VM, WORDS("22"), BY_SSH, "port of the guest's shell"),
    NO_MATTER("shell_linesep", STRING, VM, NO_PROMPT, "end of a line"),
    NO_MATTER("shell_prompt", STRING, VM, NO_PROMPT, "what the shell shows when it is ready"),
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
