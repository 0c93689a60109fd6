/* What is done on hosts before and after a test. */
#include "migration/reference/reference.h"

#define SECTION "before and after the test"

#define PICTURES "screendumps are PNG files from the start"
#define A_SCREEN WORDS("vga")
#define NO_VIDEO "no video is made of screendumps: they are kept as pictures"
#define NO_DMESG "what is found in it is told with the cause"
#define NO_SOSREPORT                                                                               \
    "sos is not run: a post_command on the host, or vm_extra_dump_paths, keep what is wanted of "  \
    "it"

const struct param_info reference_host_params[] = {
    NOT_YET("reuse_previous_config", BOOL, VM, NO,
            "a VM that starts is always made of its parameters",
            "whether a VM is made of stored devices"),
    NO_MATTER("run_tcpdump", BOOL, TEST, "guests' addresses are seen at their own taps, always",
              "whether the network is listened to for guests' addresses"),

    NO_MATTER("screendump_quality", INT, TEST, PICTURES, "quality of their JPEG files"),
    NO_MATTER("screendump_temp_dir", STRING, TEST, "a host keeps them with the test",
              "where they are made"),
    NO_MATTER("screendump_verbose", BOOL, TEST, "QEMU's monitor has a log of its own",
              "whether each is logged"),
    NO_MATTER("convert_ppm_files_to_png", BOOL, TEST, PICTURES, "whether PPM files become PNG"),
    NOT_YET("screendump", STRING, TEST, NULL, "no picture is compared", "screendump to be made"),
    NOT_YET_WITH("keep_video_files", BOOL, TEST, NO, A_SCREEN, NO_VIDEO,
                 "whether the video is kept"),
    NOT_YET_WITH("encode_video_files", BOOL, TEST, NO, A_SCREEN, NO_VIDEO,
                 "whether screendumps become a video"),

    NO_MATTER("guest_dmesg_dump_console", BOOL, TEST, NO_DMESG, "whether it is written to the log"),
    NOT_YET("enable_guest_sosreport", BOOL, TEST, NO, NO_SOSREPORT, "whether a guest makes one"),
    NOT_YET("enable_host_sosreport", BOOL, TEST, NO, NO_SOSREPORT, "whether the host makes one"),
    NOT_YET("enable_remote_host_sosreport", BOOL, TEST, NO, NO_SOSREPORT,
            "whether the other host makes one"),
    END,
};
