/* Images, CD-ROMs and floppies. Where a test has none (images =), what it says of them is not asked
 * for. */
#include "migration/reference/reference.h"

#define SECTION "disks"

const struct param_info reference_disk_params[] = {
    NO_MATTER("skip_image_check_during_running", BOOL, IMAGE,
              "an image is checked only when no VM has it open",
              "whether images of running VMs are left out"),
    NO_MATTER("qemu_io_binary", PATH, IMAGE, "nothing here needs qemu-io", "qemu-io"),
    NO_MATTER("emulated_image", STRING, IMAGE, "it counts only with a storage_type of its own",
              "file behind an emulated device"),
    END,
};
