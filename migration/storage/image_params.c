/* What is done with the files of images, before and behind a test: read by plan.c, prepare.c,
 * qemu_img.c, and scenario/process/images.c. */
#include "migration/params_tables.h"

#define IMAGE(name_) .name = (name_), .section = "images", .scopes = PARAM_OF_IMAGE
#define WHOLE(name_) .name = (name_), .section = "images", .scopes = PARAM_PER_HOST
#define BEHIND(name_)                                                                              \
    .name = (name_), .section = "images", .scopes = PARAM_OF_IMAGE | PARAM_ON_ERROR
#define NOT_SET_UP "vtmh sets up no storage; an image_name that is mounted, or a URL, is taken"
#define PLACE                                                                                      \
    .kind = PARAM_WORD,                                                                            \
    .values = WORDS("filesystem", "dir", "nfs", "gluster", "ceph", "nbd", "ssh", "curl",           \
                    "iscsi-direct"),                                                               \
    .later = LATER({"iscsi", NOT_SET_UP}, {"lvm", NOT_SET_UP}, {"nvme", NOT_SET_UP},               \
                   {"scsi_debug", NOT_SET_UP}, {"vdpa", NOT_SET_UP})
#define NO_UNLESS_SAID .kind = PARAM_BOOL, .fallback = "no"

const struct param_info image_params[] = {
    {IMAGE("migrate_storage"), NO_UNLESS_SAID, .same_everywhere = true,
     .doc = "each host has its own image, and what is in it moves with the VM, in each leg before "
            "its memory; where none is one is made, and removed behind the test"},
    {.name = "migrate_storage_compare",
     .section = "images",
     .scopes = PARAM_PER_VM,
     .kind = PARAM_BOOL,
     .fallback = "yes",
     .doc = "whether disks that move are read and compared at both ends, between the end of the "
            "move and the start of the guest, which stands still so long"},
    {IMAGE("storage_type"), PLACE, .example = "nfs",
     .doc =
         "what image_name is: a file or device (filesystem, dir, nfs as it is mounted), or a URL "
         "of that kind"},
    {IMAGE("image_backend"), PLACE, .example = "filesystem", .doc = "the same"},
    {IMAGE("skip_image_processing"), NO_UNLESS_SAID,
     .doc = "nothing is made, cloned, checked or removed; the image is only looked at"},
    {IMAGE("create_image"), NO_UNLESS_SAID,
     .doc = "host 1 makes the image before the test where it is not there; one that is there must "
            "be what would be made"},
    {IMAGE("force_create_image"), NO_UNLESS_SAID,
     .doc = "the image is made anew before the test, whatever is there"},
    {IMAGE("image_size"), .kind = PARAM_SIZE, .fallback = "10G", .unit = 1, .min = 1,
     .max = INT64_MAX,
     .doc = "size of an image that is made; on top of another (image_chain) it is no smaller than "
            "that"},
    {IMAGE("cluster_size"), .kind = PARAM_SIZE, .unit = 1, .min = 512, .max = 1 << 21,
     .example = "2M", .doc = "size of the clusters of an image that is made"},
    {IMAGE("image_extra_params"), .kind = PARAM_STRING, .example = "-o preallocation=metadata",
     .doc = "more words for qemu-img create"},
    {IMAGE("master_images_clone"), .kind = PARAM_LIST, .example = "image1",
     .doc = "images that host 1 clones for the VM before the test: image_name, or "
            "master_image_name, to image_name_VM or, without that, to the same name with _VM "
            "behind it"},
    {IMAGE("master_image_name"), .kind = PARAM_STRING, .example = "images/debian-12",
     .doc = "what is cloned, if not image_name"},
    {IMAGE("force_image_clone"), NO_UNLESS_SAID,
     .doc = "a clone that is there is made anew, even if its master has not changed since"},
    {IMAGE("image_clone_command"), .kind = PARAM_STRING, .example = "cp --reflink=auto %s %s",
     .doc = "shell command that clones, with %s for the image and %s for the file that becomes "
            "its clone"},
    {IMAGE("image_chain"), .kind = PARAM_LIST, .example = "image1 sn1", .same_everywhere = true,
     .doc =
         "images that build on one another, the first below: host 1 makes all but the first, "
         "each a qcow2, on top of the one before, and removes them behind the test; the VM has the "
         "last in the place of that which images names, and writes to no other"},
    {IMAGE("backup_image_before_testing"), NO_UNLESS_SAID,
     .doc = "a copy is kept before the test: NAME.backup"},
    {IMAGE("backup_image"), NO_UNLESS_SAID, .doc = "the same"},
    {IMAGE("backup_dir"), .kind = PARAM_PATH, .example = "images/kept",
     .doc = "folder of such copies; without it that of the image"},
    {WHOLE("disk_prepare_timeout"), .kind = PARAM_DURATION, .example = "360",
     .doc = "limit for all that is done with images before a test, and again behind it; without "
            "it 160 s a VM"},
    {WHOLE("finish_timeout"), .kind = PARAM_DURATION, .example = "240",
     .doc = "how long a host waits behind the test until the others have ended their VMs; without "
            "it 120 s a VM"},
    {BEHIND("check_image"), .kind = PARAM_BOOL, .fallback = "yes",
     .doc = "qemu-img check behind the test, where the format has one: an image that is bad is an "
            "error"},
    {BEHIND("skip_cluster_leak_warn"), NO_UNLESS_SAID,
     .doc = "clusters that nothing refers to are not worth a note"},
    {BEHIND("save_image"), NO_UNLESS_SAID, .doc = "an image that is bad is kept: NAME.bad"},
    {BEHIND("backup_image_on_check_error"), NO_UNLESS_SAID, .doc = "the same"},
    {BEHIND("restore_image_on_check_error"), NO_UNLESS_SAID,
     .doc = "the copy from before the test takes the place of an image that is bad"},
    {BEHIND("remove_image_on_check_error"), NO_UNLESS_SAID,
     .doc = "an image that is bad is removed"},
    {BEHIND("restore_image_after_testing"), NO_UNLESS_SAID,
     .doc = "the copy from before the test takes the place of the image"},
    {BEHIND("restore_image"), NO_UNLESS_SAID, .doc = "the same"},
    {BEHIND("remove_image"), NO_UNLESS_SAID, .doc = "the image is removed behind the test"},
    {BEHIND("image_remove_command"), .kind = PARAM_STRING, .example = "rm -rf %s",
     .doc = "shell command that removes it, with %s for its path"},
    {IMAGE("qemu_img_binary"), .kind = PARAM_PATH, .fallback = "qemu-img",
     .doc = "qemu-img: a path, or a name that is looked up in PATH on each host"},
    {.name = NULL},
};
