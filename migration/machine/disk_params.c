/* Disks, CD-ROM and floppy drives: read by disk.c, cdrom.c, floppy.c, drive.c, drive_bus.c,
 * iothread.c, storage/image.c and scenario/process/cdrom_sums.c. */
#include "migration/params_tables.h"

#define DISKS(name_) .name = (name_), .section = "disks"
#define OF_DISK .scopes = PARAM_OF_IMAGE
#define OF_DRIVE .scopes = PARAM_OF_IMAGE | PARAM_PER_CDROM
#define OF_ANY .scopes = PARAM_OF_IMAGE | PARAM_PER_CDROM | PARAM_PER_FLOPPY
#define TRAVELS .same_everywhere = true

/* With what stands before it in QEMU's name of a node it has to stay below 32 characters. */
#define OBJECT_PATTERN "^[A-Za-z][A-Za-z0-9_.-]{0,24}$"
#define OBJECT_RULE(what_)                                                                         \
    what_ "'s name: letters, digits, '_', '.' and '-', at most 25, a letter first"

#define HEX_SUM(n_) .word_pattern = "^[0-9A-Fa-f]{" #n_ "}$", .word_rule = #n_ " hexadecimal digits"

#define PASS_THROUGH "devices of the host are not passed through; scsi-hd is a SCSI disk"

const struct param_info disk_params[] = {
    {DISKS("images"), TRAVELS, .kind = PARAM_LIST, .scopes = PARAM_OF_VM, .example = "image1 data",
     .word_pattern = OBJECT_PATTERN, .word_rule = OBJECT_RULE("an image"),
     .doc = "disks of the VM; where it is not set, image1 if that has an image_name"},
    {DISKS("image_name"), .kind = PARAM_PATH, OF_DISK, .example = "images/debian-12",
     .doc =
         "file of a disk's image, with its extension or without, in data_dir; or a URL such as "
         "nfs://HOST/PATH, gluster://HOST/VOLUME/PATH, iscsi://HOST/TARGET/LUN, nbd://HOST/NAME, "
         "ssh://HOST/PATH, rbd:POOL/IMAGE; set to nothing: there is no such disk"},
    {DISKS("image_format"), TRAVELS, .kind = PARAM_WORD, OF_DISK, .example = "raw",
     .values = WORDS("qcow2", "raw", "qed", "qcow", "vmdk", "vdi", "vhdx", "vpc"),
     .later = LATER({"luks", "images are not encrypted"}),
     .doc = "format of an image, and extension of its file; if not set, by the extension that it "
            "has (of .img each host looks into the file), or qcow2"},
    {DISKS("image_raw_device"), .kind = PARAM_BOOL, .fallback = "no", OF_DISK,
     .doc = "whether image_name is the path of a device, or of a file that gets no extension"},
    {DISKS("images_base_dir"), .kind = PARAM_PATH, OF_DISK, .example = "images",
     .doc = "folder in data_dir in which a relative image_name starts"},
    {DISKS("image_readonly"), TRAVELS, .kind = PARAM_BOOL, .fallback = "no", OF_DISK,
     .doc = "whether the disk is read only"},
    {DISKS("image_snapshot"), .kind = PARAM_BOOL, .fallback = "no", OF_DISK,
     .doc = "whether what the guest writes is thrown away with the VM: a migration loses it"},
    {DISKS("boot_drive"), TRAVELS, .kind = PARAM_BOOL, .fallback = "yes", OF_DISK,
     .doc = "no: the VM starts without this disk"},
    {DISKS("image_boot"), TRAVELS, .kind = PARAM_BOOL, .fallback = "no", OF_DISK,
     .doc = "whether the firmware tries this disk, in the order of images"},
    {DISKS("bootindex"), TRAVELS, .kind = PARAM_INT, .min = 0, .max = 65535, OF_DISK,
     .example = "1", .doc = "place of a disk in the order in which the firmware tries them"},

    {DISKS("drive_format"), TRAVELS, .kind = PARAM_WORD, .fallback = "virtio", OF_DISK,
     .values = WORDS("virtio", "scsi-hd", "ide", "ahci", "nvme", "usb1", "usb2", "usb3"),
     .later = LATER({"scsi", PASS_THROUGH}, {"scsi-block", PASS_THROUGH},
                    {"scsi-generic", PASS_THROUGH}, {"scsi-disk", PASS_THROUGH},
                    {"sd", "a PC has no slot for it"}, {"spapr_vscsi", "VMs are x86_64 only"},
                    {"virtio-blk-device", "VMs are x86_64 with a PCI bus only"}),
     .doc = "what kind of disk it is, and on which bus; QEMU does not migrate nvme"},
    {DISKS("scsi_hba"), TRAVELS, .kind = PARAM_WORD, .fallback = "virtio-scsi-pci", OF_DRIVE,
     .values = WORDS("virtio-scsi-pci", "lsi53c895a", "lsi53c810", "megasas", "megasas-gen2",
                     "mptsas1068", "pvscsi", "am53c974", "dc390"),
     .doc = "model of the controller of a SCSI disk"},
    {DISKS("drive_bus"), TRAVELS, .kind = PARAM_INT, .fallback = "0", .min = 0, .max = 63, OF_DRIVE,
     .doc = "number of the controller that a drive is on; each number is a controller of its own"},
    {DISKS("drive_lun"), TRAVELS, .kind = PARAM_INT, .fallback = "0", .min = 0, .max = 16383,
     OF_DRIVE, .doc = "logical unit of a SCSI drive"},
    {DISKS("drive_index"), TRAVELS, .kind = PARAM_INT, .min = 0, .max = 254, OF_DRIVE,
     .only_with = WORDS("index_enable"), .example = "2",
     .doc = "place of a drive on its bus, where index_enable is on"},
    {DISKS("index_enable"), TRAVELS, .kind = PARAM_BOOL, .fallback = "no", OF_DRIVE,
     .doc = "whether drive_index counts; else drives are in the order in which they are listed"},
    {DISKS("drive_serial"), TRAVELS, .kind = PARAM_STRING, OF_DRIVE, .example = "TARGET_DISK0",
     .doc = "serial number of a drive"},
    {DISKS("blk_extra_params"), TRAVELS, .kind = PARAM_STRING, OF_DISK, .example = "queue-size=64",
     .doc = "appended to a disk's -device"},
    {DISKS("bus_extra_params"), TRAVELS, .kind = PARAM_STRING, OF_DRIVE,
     .example = "max_sectors=512",
     .doc = "appended to the -device of a drive's controller, by the first drive on it"},

    {DISKS("drive_cache"), TRAVELS, .kind = PARAM_WORD, .fallback = "none", OF_ANY,
     .values = WORDS("none", "directsync", "writeback", "writethrough", "unsafe"),
     .doc = "cache between a drive and its file; what is shared by hosts needs none or directsync"},
    {DISKS("drive_werror"), .kind = PARAM_WORD, OF_DRIVE,
     .values = WORDS("ignore", "stop", "report", "enospc", "auto"), .example = "stop",
     .doc = "what a write that fails does to the guest"},
    {DISKS("drive_rerror"), .kind = PARAM_WORD, OF_DRIVE,
     .values = WORDS("ignore", "stop", "report", "auto"), .example = "stop",
     .doc = "what a read that fails does to the guest"},
    {DISKS("image_aio"), .kind = PARAM_WORD, OF_ANY,
     .values = WORDS("threads", "native", "io_uring"), .example = "native",
     .doc = "how QEMU reads and writes a drive's file"},
    {DISKS("image_discard"), .kind = PARAM_WORD, OF_ANY,
     .values = WORDS("unmap", "ignore", "on", "off"), .example = "unmap",
     .doc = "whether blocks that the guest gives up are given back"},
    {DISKS("drv_extra_params"), .kind = PARAM_STRING, OF_DISK, .example = "detect-zeroes=on",
     .doc = "appended to a disk's -blockdev; snapshot=on is what image_snapshot = yes is"},
    {DISKS("iothreads"), TRAVELS, .kind = PARAM_LIST, .scopes = PARAM_OF_VM, .example = "io1",
     .word_pattern = OBJECT_PATTERN, .word_rule = OBJECT_RULE("a thread"),
     .doc = "threads of QEMU's for disks"},
    {DISKS("image_iothread"), .kind = PARAM_STRING, OF_DISK, .example = "io1",
     .doc = "which of the iothreads a virtio disk uses"},

    {DISKS("cdroms"), TRAVELS, .kind = PARAM_LIST, .scopes = PARAM_OF_VM, .example = "cd1",
     .word_pattern = OBJECT_PATTERN, .word_rule = OBJECT_RULE("a drive"), .doc = "CD-ROM drives"},
    {DISKS("cdrom"), .kind = PARAM_PATH, .scopes = PARAM_OF_CDROM, .example = "isos/tools.iso",
     .doc = "file in a CD-ROM drive, in data_dir; a drive without one is left out"},
    {DISKS("cdrom_without_file"), TRAVELS, .kind = PARAM_BOOL, .fallback = "no",
     .scopes = PARAM_OF_CDROM, .doc = "whether a CD-ROM drive without a file is there, and empty"},
    {DISKS("cd_format"), TRAVELS, .kind = PARAM_WORD, .fallback = "ide", .scopes = PARAM_OF_CDROM,
     .values = WORDS("ide", "ahci", "scsi-cd", "usb1", "usb2", "usb3"),
     .doc = "bus of a CD-ROM drive"},
    {DISKS("md5sum"), .kind = PARAM_STRING, .scopes = PARAM_OF_CDROM, HEX_SUM(32),
     .example = "b6d81b360a5672d80c27430f39153e2c",
     .doc = "MD5 of the file in a CD-ROM drive, verified before the VM starts; not read where "
            "md5sum_1m is set"},
    {DISKS("md5sum_1m"), .kind = PARAM_STRING, .scopes = PARAM_OF_CDROM, HEX_SUM(32),
     .example = "b6d81b360a5672d80c27430f39153e2c", .doc = "MD5 of the first MiB of that file"},
    {DISKS("sha1sum"), .kind = PARAM_STRING, .scopes = PARAM_OF_CDROM, HEX_SUM(40),
     .example = "3b71f43ff30f4b15b5cd85dd9e95ebc7e84eb5a3",
     .doc = "SHA-1 of that file, verified likewise"},
    {DISKS("skip_hash"), .kind = PARAM_BOOL, .fallback = "no", .scopes = PARAM_OF_CDROM,
     .doc = "whether these sums are left alone"},

    {DISKS("floppies"), TRAVELS, .kind = PARAM_LIST, .scopes = PARAM_OF_VM, .example = "fl",
     .word_pattern = OBJECT_PATTERN, .word_rule = OBJECT_RULE("a drive"),
     .doc = "floppy drives, two at most"},
    {DISKS("floppy_name"), .kind = PARAM_PATH, .scopes = PARAM_OF_FLOPPY,
     .example = "images/floppy.img",
     .doc = "image in a floppy drive, in data_dir; a drive without one is left out"},
    {.name = NULL},
};
