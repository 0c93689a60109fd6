/* What is done on hosts before and after a test. */
#include "migration/reference/reference.h"

#define SECTION "before and after the test"

#define NO_COMMANDS "no commands are run on hosts"
#define WITH_PRE_COMMAND "it counts only with pre_command"
#define WITH_POST_COMMAND "it counts only with post_command"
#define FRESH_VMS "no VM outlives its test, so there is none before one"
#define NO_SCREENDUMPS "no screendumps are taken"
#define A_SCREEN WORDS("vga")
#define NO_VIDEO "no video is made of screendumps"
#define NO_INFO_FILES "the state of VMs is not written down while they run"
#define NO_DMESG "kernel messages are not read"
#define NO_SOSREPORT "no sosreport is made"

const struct param_info reference_host_params[] = {
    NO_MATTER("start_vm", BOOL, VM, "the test type starts every VM of the test",
              "whether the VM is started if it does not run"),
    NO_MATTER("kill_vm_before_test", BOOL, VM, FRESH_VMS,
              "whether a VM that runs is ended before the test"),
    NO_MATTER("force_remove_vm", BOOL, VM, FRESH_VMS, "whether the VM's definition is removed"),
    NO_MATTER("keep_unrequested_vms", BOOL, TEST, FRESH_VMS,
              "whether VMs that are not of the test are kept"),
    NO_MATTER("kill_unrequested_vms_gracefully", BOOL, TEST, FRESH_VMS,
              "whether VMs that are not of the test are shut down in order"),
    NO_MATTER("check_vm_needs_restart", BOOL, VM, FRESH_VMS,
              "whether a VM is started anew if it would be another one"),
    NO_MATTER("check_vm_before_migration", BOOL, TEST, FRESH_VMS,
              "no: check_vm_needs_restart = no"),
    NOT_YET("reuse_previous_config", BOOL, VM, NO, "a VM is always made of its parameters",
            "whether a VM is made of stored devices"),
    NOT_YET("vm_create_timeout", DURATION, VM, NULL, "how long QEMU may take is not a parameter",
            "limit for QEMU's first answer"),
    NOT_YET("pre_command", STRING, TEST, NULL, NO_COMMANDS, "command before the test"),
    NO_MATTER("pre_command_timeout", DURATION, TEST, WITH_PRE_COMMAND, "its limit"),
    NO_MATTER("pre_command_noncritical", BOOL, TEST, WITH_PRE_COMMAND,
              "whether the test goes on when it fails"),
    NOT_YET("post_command", STRING, TEST, NULL, NO_COMMANDS, "command after the test"),
    NO_MATTER("post_command_timeout", DURATION, TEST, WITH_POST_COMMAND, "its limit"),
    NO_MATTER("post_command_noncritical", BOOL, TEST, WITH_POST_COMMAND,
              "whether the test passes when it fails"),
    NOT_YET("cmds_installed_host", LIST, TEST, NULL, "hosts are not searched for commands",
            "commands that a host must have"),
    NOT_YET("required_qemu", STRING, TEST, NULL, "a test does not choose versions",
            "versions of QEMU that the test is for"),
    NOT_YET("required_kernel", STRING, TEST, NULL, "a test does not choose versions",
            "versions of the kernel that the test is for"),
    NO_MATTER("run_tcpdump", BOOL, TEST, "guests are reached without knowing their addresses",
              "whether the network is listened to for guests' addresses"),

    NOT_YET_WITH("take_regular_screendumps", BOOL, TEST, NO, A_SCREEN, NO_SCREENDUMPS,
                 "whether screens are kept while the test runs"),
    NO_MATTER("screendump_delay", DURATION, TEST, NO_SCREENDUMPS, "time between two of them"),
    NO_MATTER("screendump_quality", INT, TEST, NO_SCREENDUMPS, "quality of their JPEG files"),
    NO_MATTER("screendump_temp_dir", STRING, TEST, NO_SCREENDUMPS, "where they are made"),
    NO_MATTER("screendump_verbose", BOOL, TEST, NO_SCREENDUMPS, "whether each is logged"),
    NO_MATTER("inactivity_treshold", DURATION, TEST, NO_SCREENDUMPS,
              "a screen that does not change for so long is inactive"),
    NOT_YET_WITH("inactivity_watcher", STRING, TEST, WORDS("none"), A_SCREEN, NO_SCREENDUMPS,
                 "what is done about a screen that does not change"),
    NOT_YET_WITH("keep_ppm_files", BOOL, TEST, NO, A_SCREEN, NO_SCREENDUMPS,
                 "whether screendumps are kept as PPM"),
    NOT_YET_WITH("convert_ppm_files_to_png", BOOL, TEST, NO, A_SCREEN, NO_SCREENDUMPS,
                 "whether PPM files become PNG"),
    NOT_YET_WITH("keep_screendumps", BOOL, TEST, NO, A_SCREEN, NO_SCREENDUMPS,
                 "whether screendumps are kept"),
    NOT_YET("screendump", STRING, TEST, NULL, NO_SCREENDUMPS, "screendump to be made"),
    NOT_YET_WITH("keep_video_files", BOOL, TEST, NO, A_SCREEN, NO_VIDEO,
                 "whether the video is kept"),
    NOT_YET_WITH("encode_video_files", BOOL, TEST, NO, A_SCREEN, NO_VIDEO,
                 "whether screendumps become a video"),
    NOT_YET("store_vm_info", BOOL, TEST, NO, NO_INFO_FILES,
            "whether what the monitor says of the VM is kept while the test runs"),
    NO_MATTER("vm_info_delay", DURATION, TEST, NO_INFO_FILES, "time between two questions"),
    NO_MATTER("vm_info_cmds", STRING, TEST, NO_INFO_FILES, "what the monitor is asked"),

    NO_MATTER("kill_vm", BOOL, VM,
              "every VM ends with its test, as with avocado-vt on several hosts",
              "whether the VM is ended after the test"),
    NOT_YET("kill_vm_timeout", DURATION, VM, WORDS("0"), "VMs are ended at once",
            "how long the VM has time to end by itself"),
    NOT_YET("kill_vm_gracefully", BOOL, VM, NO, "guests are not shut down before VMs are ended",
            "whether the guest is shut down first"),
    NO_MATTER("kill_timeout", DURATION, VM, "VMs are ended at once",
              "limit for the end of a VM in order"),
    NO_MATTER("kill_unresponsive_vms", BOOL, TEST, "every VM ends with its test",
              "whether VMs that do not answer are ended"),
    NOT_YET("keep_vms_after_test", BOOL, TEST, NO, "every VM ends with its test",
            "whether monitors stay open after the test"),
    /* avocado-vt looks only at VMs that it starts before the test. */
    NOT_YET_WITH("verify_guest_dmesg", BOOL, TEST, NO, WORDS("start_vm"), NO_DMESG,
                 "whether a guest's kernel messages are checked"),
    NO_MATTER("guest_dmesg_level", STRING, TEST, NO_DMESG, "from which level on"),
    NO_MATTER("guest_dmesg_ignore", STRING, TEST, NO_DMESG, "whether what is found is a warning"),
    NO_MATTER("guest_dmesg_dump_console", BOOL, TEST, NO_DMESG, "whether it is written to the log"),
    NOT_YET("expected_guest_dmesg", STRING, TEST, NULL, NO_DMESG, "messages that do not count"),
    NOT_YET("verify_host_dmesg", BOOL, TEST, NO, NO_DMESG,
            "whether a host's kernel messages are checked"),
    NOT_YET("expected_host_dmesg", STRING, TEST, NULL, NO_DMESG, "messages that do not count"),
    NOT_YET("vm_extra_dump_paths", STRING, VM, NULL, "no files are copied out of guests",
            "files to keep of a guest"),
    NOT_YET("enable_guest_sosreport", BOOL, TEST, NO, NO_SOSREPORT, "whether a guest makes one"),
    NOT_YET("enable_host_sosreport", BOOL, TEST, NO, NO_SOSREPORT, "whether the host makes one"),
    NOT_YET("enable_remote_host_sosreport", BOOL, TEST, NO, NO_SOSREPORT,
            "whether the other host makes one"),
    END,
};
