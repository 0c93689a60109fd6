/* Images, CD-ROMs and floppies. Where a test has none (images =), what it says of them is not asked
 * for. */
#include "migration/reference/reference.h"

#define SECTION "disks"

#define NO_DISKS "VMs have no disks yet"
#define NO_CDROMS "VMs have no CD-ROM drives yet"
#define NO_FLOPPIES "VMs have no floppy drives yet"
#define PARAM_OF_DRIVE (PARAM_OF_IMAGE | PARAM_PER_CDROM)

const struct param_info reference_disk_params[] = {
    NOT_YET("image_size", STRING, IMAGE, NULL, NO_DISKS, "size of an image that is made"),
    NOT_YET("image_extra_params", STRING, IMAGE, NULL, NO_DISKS, "appended when an image is made"),
    NOT_YET("create_image", BOOL, IMAGE, NO, NO_DISKS, "whether a missing image is made"),
    NOT_YET("force_create_image", BOOL, IMAGE, NO, NO_DISKS, "whether an image is made anew"),
    NOT_YET("backup_image_before_testing", BOOL, IMAGE, NO, NO_DISKS, "whether a copy is kept"),
    NOT_YET("restore_image_after_testing", BOOL, IMAGE, NO, NO_DISKS,
            "whether the copy is put back"),
    NOT_YET("restore_image", BOOL, IMAGE, NO, NO_DISKS, "whether the copy is put back"),
    NOT_YET("backup_image", BOOL, IMAGE, NO, NO_DISKS, "whether a copy is kept"),
    NOT_YET("backup_image_on_check_error", BOOL, IMAGE, NO, NO_DISKS,
            "whether a copy of a bad image is kept"),
    NOT_YET("force_image_clone", BOOL, IMAGE, NO, NO_DISKS, "whether a clone is overwritten"),
    NO_MATTER("image_clone_command", STRING, IMAGE, NO_DISKS, "command that clones"),
    NO_MATTER("image_remove_command", STRING, IMAGE, NO_DISKS, "command that removes"),
    NOT_YET("master_image_name", STRING, IMAGE, NULL, NO_DISKS, "image that is cloned"),
    NOT_YET("check_image", BOOL, IMAGE, NO, NO_DISKS, "whether the image is checked afterwards"),
    NO_MATTER("skip_image_check_during_running", BOOL, IMAGE, NO_DISKS,
              "whether images of running VMs are left out"),
    NO_MATTER("skip_cluster_leak_warn", BOOL, IMAGE, NO_DISKS, "whether leaks are left out"),
    NOT_YET("remove_image", BOOL, IMAGE, NO, NO_DISKS, "whether the image is removed afterwards"),
    NOT_YET("remove_image_on_check_error", BOOL, IMAGE, NO, NO_DISKS,
            "whether a bad image is removed"),
    NOT_YET("restore_image_on_check_error", BOOL, IMAGE, NO, NO_DISKS,
            "whether a bad image is replaced by the copy"),
    NOT_YET("save_image", BOOL, IMAGE, NO, NO_DISKS, "whether a copy of a bad image is kept"),
    NO_MATTER("backup_dir", STRING, IMAGE, NO_DISKS, "folder of copies"),
    NO_MATTER("skip_image_processing", BOOL, IMAGE, NO_DISKS, "whether images are left alone"),
    NOT_YET("image_verify_bootable", BOOL, IMAGE, NO, NO_DISKS,
            "whether the firmware's complaint about a disk is an error"),
    NO_MATTER("image_unbootable_pattern", STRING, IMAGE, NO_DISKS, "that complaint"),
    NO_MATTER("qemu_img_binary", PATH, IMAGE, NO_DISKS, "qemu-img"),
    NO_MATTER("qemu_io_binary", PATH, IMAGE, NO_DISKS, "qemu-io"),
    NOT_YET("storage_type", STRING, IMAGE, WORDS("filesystem"), NO_DISKS, "where images are"),
    NOT_YET("image_backend", STRING, IMAGE, WORDS("filesystem"), NO_DISKS, "where images are"),
    NO_MATTER("emulated_image", STRING, IMAGE, "it counts only with a storage_type of its own",
              "file behind an emulated device"),
    NOT_YET("cluster_size", STRING, IMAGE, NULL, NO_DISKS, "size of an image's clusters"),
    NOT_YET("image_chain", STRING, IMAGE, NULL, NO_DISKS, "images that build on one another"),

    NOT_YET("md5sum", STRING, CDROM, NULL, NO_CDROMS, "MD5 of the file"),
    NOT_YET("md5sum_1m", STRING, CDROM, NULL, NO_CDROMS, "MD5 of its first MiB"),
    NOT_YET("sha1sum", STRING, CDROM, NULL, NO_CDROMS, "SHA-1 of the file"),
    NO_MATTER("skip_hash", BOOL, CDROM, NO_CDROMS, "whether the sums are left alone"),

    END,
};
