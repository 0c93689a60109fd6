/* Disks, CD-ROM and floppy drives: from parameters to the words of a command line. */
#include "migration/machine/drive_bus.h"
#include "migration/params_tables.h"
#include "tests/unit/machine_help.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <string.h>

TestSuite(disk, .timeout = 10);

static const char *machine = "pc-i440fx-7.2"; /* in this test's process */

/* Sets "key = value" words, ended by NULL. */
static void set_all(struct params *params, va_list args)
{
    for (const char *line; (line = va_arg(args, const char *)) != NULL;) {
        g_auto(GStrv) pair = g_strsplit(line, " = ", 2);

        params_set(params, pair[0], pair[1], NULL);
    }
}

static struct device *board_of(const struct params *params, GError **err)
{
    static const struct vm_boot boot = {.kernel = "/k"};
    const struct vm_platform platform = {.machine = (char *)machine, .cpu = (char *)"qemu64"};
    const struct machine_spec spec = {
        .name = "vm1", .params = params, .platform = &platform, .boot = &boot, .serial_fd = 4};

    return machine_new(&spec, err);
}

/* The options of drives alone, without the entry and what stands before. Transfer full. */
static char *line_of(const struct params *params, GError **err)
{
    g_autoptr(device) board = board_of(params, err);
    GPtrArray *words = g_ptr_array_new();

    if (board == NULL) {
        g_ptr_array_unref(words);
        return NULL;
    }
    g_autoptr(GPtrArray) parts = device_parts(board);

    for (unsigned i = 0; i < parts->len; i++)
        part_to_line(g_ptr_array_index(parts, i), words);
    g_ptr_array_add(words, NULL);
    g_auto(GStrv) line = (GStrv)g_ptr_array_free(words, FALSE);
    return g_strjoinv(" ", line);
}

static void expect(const char *expected, ...)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) error = NULL;
    va_list args;

    va_start(args, expected);
    set_all(params, args);
    va_end(args);
    g_autofree char *line = line_of(params, &error);
    cr_assert_not_null(line, "%s", error != NULL ? error->message : "");
    cr_expect_str_eq(line, expected);
}

static void expect_error(const char *expected, ...)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) error = NULL;
    va_list args;

    va_start(args, expected);
    set_all(params, args);
    va_end(args);
    cr_assert_null(line_of(params, &error));
    cr_expect_str_eq(error->message, expected);
}

#define RAW_NODE(name_)                                                                            \
    "-blockdev raw,node-name=drive_" name_ ",read-only=off,cache.direct=on,cache.no-flush=off,"    \
    "file.driver=file,file.filename=/i/x.raw"

Test(disk, a_virtio_disk_is_a_format_over_a_file_and_a_device)
{
    expect("-blockdev qcow2,node-name=drive_image1,read-only=off,cache.direct=on,"
           "cache.no-flush=off,file.driver=file,file.filename=/i/a,,b c.qcow2 "
           "-device virtio-blk-pci,id=image1,drive=drive_image1",
           "image_name = /i/a,b c", NULL);
}

Test(disk, no_image_is_no_disk)
{
    expect("", "images = image1", "image_name = ", NULL);
    expect("", "image_name = /i/x", "boot_drive = no", NULL);
    expect_error("images or image_chain names data, which has no image_name", "images = data",
                 NULL);
}

Test(disk, each_bus_has_its_controller_and_its_places)
{
    expect("-device virtio-scsi-pci,id=scsi0,max_sectors=9 " RAW_NODE(
               "a") " -device "
                    "scsi-hd,id=a,bus=scsi0.0,"
                    "scsi-id=0,lun=0,drive="
                    "drive_a " RAW_NODE("b") " -device "
                                             "scsi-hd,id=b,bus="
                                             "scsi0.0,scsi-id="
                                             "1,lun=3,drive="
                                             "drive_b",
           "images = a b", "image_name = /i/x.raw", "drive_format = scsi-hd", "drive_lun_b = 3",
           "bus_extra_params = max_sectors=9", NULL);
    expect(
        RAW_NODE("a") " -device ide-hd,id=a,bus=ide.0,unit=0,drive=drive_a " RAW_NODE(
            "b") " -device ide-hd,id=b,bus=ide.0,unit=1,drive=drive_b " RAW_NODE("c") " -device "
                                                                                      "ide-hd,id=c,"
                                                                                      "bus=ide.1,"
                                                                                      "unit=0,"
                                                                                      "drive=drive_"
                                                                                      "c",
        "images = a b c", "image_name = /i/x.raw", "drive_format = ide", NULL);
    expect("-device ich9-ahci,id=ahci0 " RAW_NODE(
               "a") " -device ide-hd,id=a,bus=ahci0.0,drive=drive_a",
           "images = a", "image_name = /i/x.raw", "drive_format = ahci", NULL);
    expect("-device qemu-xhci,id=xhci0 " RAW_NODE(
               "a") " -device usb-storage,id=a,bus=xhci0.0,port=1,drive=drive_a",
           "images = a", "image_name = /i/x.raw", "drive_format = usb3", NULL);
    expect(RAW_NODE("a") " -device nvme,id=a,drive=drive_a,serial=a", "images = a",
           "image_name = /i/x.raw", "drive_format = nvme", NULL);
}

Test(disk, a_q35_has_ahci_by_itself)
{
    machine = "pc-q35-7.2";
    expect(RAW_NODE("a") " -device ide-hd,id=a,bus=ide.0,drive=drive_a " RAW_NODE(
               "b") " -device ide-hd,id=b,bus=ide.1,drive=drive_b",
           "images = a b", "image_name = /i/x.raw", "drive_format_a = ide", "drive_format_b = ahci",
           NULL);
}

Test(disk, a_place_may_be_asked_for_and_only_once)
{
    expect(RAW_NODE("a") " -device ide-hd,id=a,bus=ide.1,unit=1,drive=drive_a", "images = a",
           "image_name = /i/x.raw", "drive_format = ide", "drive_index = 3", "index_enable = yes",
           NULL);
    expect(RAW_NODE("a") " -device ide-hd,id=a,bus=ide.0,unit=0,drive=drive_a", "images = a",
           "image_name = /i/x.raw", "drive_format = ide", "drive_index = 3", NULL);
    expect_error("drive_index = 0 (of b): another drive is there", "images = a b",
                 "image_name = /i/x.raw", "drive_format = ide", "drive_index = 0",
                 "index_enable = yes", NULL);
    expect_error("drive_index = 4 (of a): the bus has no such place", "images = a",
                 "image_name = /i/x.raw", "drive_format = ide", "drive_index = 4",
                 "index_enable = yes", NULL);
    expect_error("e finds no place: 4 drives are on its bus", "images = a b c d e",
                 "image_name = /i/x.raw", "drive_format = ide", NULL);
}

Test(disk, another_controller_is_another_number)
{
    expect("-device lsi53c895a,id=scsi0 " RAW_NODE(
               "a") " -device scsi-hd,id=a,bus=scsi0.0,scsi-id=0,lun=0,drive=drive_a "
                    "-device virtio-scsi-pci,id=scsi1 " RAW_NODE(
                        "b") " -device scsi-hd,id=b,bus=scsi1.0,scsi-id=0,lun=0,drive=drive_b",
           "images = a b", "image_name = /i/x.raw", "drive_format = scsi-hd",
           "scsi_hba_a = lsi53c895a", "drive_bus_b = 1", NULL);
    expect_error("scsi_hba = virtio-scsi-pci, but the controller scsi0 is a lsi53c895a already: "
                 "drive_bus = N makes another",
                 "images = a b", "image_name = /i/x.raw", "drive_format = scsi-hd",
                 "scsi_hba_a = lsi53c895a", NULL);
}

Test(disk, what_a_drive_alone_is_told_of_a_place_that_its_bus_has_not_is_an_error)
{
    expect_error("scsi_hba = lsi53c895a (of a): a drive of the kind virtio has no SCSI controller",
                 "images = a", "image_name = /i/x.raw", "scsi_hba_a = lsi53c895a", NULL);
    expect_error("drive_lun = 3 (of a): a drive of the kind ide has no logical unit", "images = a",
                 "image_name = /i/x.raw", "drive_format = ide", "drive_lun_a = 3", NULL);
    expect_error("drive_bus = 1 (of a): a drive of the kind virtio has no controllers to choose "
                 "from",
                 "images = a", "image_name = /i/x.raw", "drive_bus_a = 1", NULL);
    /* What is said of all of a VM's drives is for those that it fits. */
    expect(RAW_NODE("a") " -device virtio-blk-pci,id=a,drive=drive_a", "images = a",
           "image_name = /i/x.raw", "scsi_hba = lsi53c895a", "drive_lun = 3", NULL);
}

Test(disk, a_cache_mode_is_for_the_node_and_for_the_guest)
{
    expect("-blockdev raw,node-name=drive_a,read-only=off,cache.direct=off,cache.no-flush=on,"
           "file.driver=file,file.filename=/i/x.raw -device virtio-blk-pci,id=a,drive=drive_a",
           "images = a", "image_name = /i/x.raw", "drive_cache = unsafe", NULL);
    expect(RAW_NODE("a") " -device virtio-blk-pci,id=a,drive=drive_a,write-cache=off", "images = a",
           "image_name = /i/x.raw", "drive_cache = directsync", NULL);
    expect_error("image_aio = native (of a) needs drive_cache = none or directsync, not writeback",
                 "images = a", "image_name = /i/x.raw", "drive_cache = writeback",
                 "image_aio = native", NULL);
}

Test(disk, what_is_said_of_a_disk_finds_its_place)
{
    expect("-object iothread,id=io1 "
           "-blockdev raw,node-name=drive_a,read-only=on,discard=unmap,cache.direct=on,"
           "cache.no-flush=off,file.driver=file,file.filename=/i/x.raw,file.aio=native,"
           "detect-zeroes=on "
           "-device virtio-blk-pci,id=a,drive=drive_a,serial=S1,bootindex=5,werror=stop,"
           "rerror=report,iothread=io1,queue-size=64",
           "images = a", "image_name = /i/x.raw", "image_readonly = yes", "image_discard = unmap",
           "image_aio = native", "drv_extra_params = detect-zeroes=on", "drive_serial = S1",
           "bootindex = 5", "drive_werror = stop", "drive_rerror = report", "iothreads = io1",
           "image_iothread = io1", "blk_extra_params = ,queue-size=64", NULL);
    expect_error("drive_werror = stop (of a): there is none on nvme", "images = a",
                 "image_name = /i/x.raw", "drive_format = nvme", "drive_werror = stop", NULL);
}

Test(disk, a_device_is_no_file_and_a_url_neither)
{
    expect("-blockdev raw,node-name=drive_a,read-only=off,cache.direct=on,cache.no-flush=off,"
           "file.driver=host_device,file.filename=/dev/vg/lv "
           "-device virtio-blk-pci,id=a,drive=drive_a",
           "images = a", "image_name = /dev/vg/lv", "image_raw_device = yes", NULL);
    expect("-blockdev qcow2,node-name=drive_a,read-only=off,cache.direct=on,cache.no-flush=off,"
           "file.driver=nfs,file.server.type=inet,file.server.host=s,file.path=/e/d.qcow2 "
           "-device virtio-blk-pci,id=a,drive=drive_a",
           "images = a", "image_name = nfs://s/e/d.qcow2", NULL);
}

Test(disk, writes_that_are_thrown_away_need_the_old_option)
{
    static const char expected[] =
        "-drive if=none,driver=qcow2,id=drive_a,snapshot=on,read-only=off,cache.direct=on,"
        "cache.no-flush=off,file.driver=file,file.filename=/i/x.qcow2 "
        "-device virtio-blk-pci,id=a,drive=drive_a";

    expect(expected, "images = a", "image_name = /i/x", "image_snapshot = yes", NULL);
    expect(expected, "images = a", "image_name = /i/x", "drv_extra_params = snapshot=on", NULL);
}

Test(disk, cdroms_are_read_only_and_may_be_empty)
{
    expect("-blockdev raw,node-name=drive_cd1,read-only=on,cache.direct=on,cache.no-flush=off,"
           "file.driver=file,file.filename=/var/lib/virt_test/isos/t.iso "
           "-device ide-cd,id=cd1,bus=ide.0,unit=0,drive=drive_cd1 "
           "-device ide-cd,id=cd2,bus=ide.0,unit=1,werror=report",
           "cdroms = cd1 cd2 cd3", "cdrom_cd1 = isos/t.iso", "cdrom_without_file_cd2 = yes",
           "drive_werror_cd2 = report", NULL);
}

#define FLOPPY                                                                                     \
    "-blockdev raw,node-name=drive_fl,read-only=off,cache.direct=on,cache.no-flush=off,"           \
    "file.driver=file,file.filename=/f.img -device floppy,id=fl,unit=0,drive=drive_fl"

Test(disk, a_floppy_is_on_the_controller_that_the_board_has_or_gets)
{
    expect(FLOPPY, "floppies = fl", "floppy_name = /f.img", NULL);
    machine = "pc-q35-7.2";
    expect("-device isa-fdc,id=fdc0 " FLOPPY, "floppies = fl", "floppy_name = /f.img", NULL);
    expect_error("floppies: a PC has 2 floppy drives, and c would be one more", "floppies = a b c",
                 "floppy_name = /f.img", NULL);
}

Test(disk, every_word_of_drive_format_and_cd_format_is_a_form)
{
    static const char *const names[] = {"drive_format", "cd_format"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        for (const struct param_info *row = disk_params; row->name != NULL; row++)
            for (const char *const *word = row->values;
                 strcmp(row->name, names[i]) == 0 && *word != NULL; word++) {
                const struct drive_form *form = drive_form_find(*word);

                cr_assert_not_null(form, "%s", *word);
                cr_expect_not_null(i == 0 ? form->disk : form->cdrom, "%s", *word);
            }
}

/* One side of the tree as text. Transfer full. */
static char *side_of(const struct params *params, const char *other)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(device) board = board_of(params, &error);

    cr_assert_not_null(board, "%s", error != NULL ? error->message : "");
    return machine_without(board, other);
}

/* What makes a row count, and what it is then set to where the example does not do. */
static const struct {
    const char *name, *with, *value;
} settings[] = {
    {"image_format", NULL, "qcow2"},
    {"image_raw_device", "image_name = x", "yes"},
    {"drive_format", NULL, "ide"},
    {"scsi_hba", "drive_format = scsi-hd", "pvscsi"},
    {"drive_bus", "drive_format = scsi-hd", "1"},
    {"drive_lun", "drive_format = scsi-hd", "1"},
    {"drive_index", "index_enable = yes", "3"},
    {"index_enable", "drive_index = 3", "yes"},
    {"bus_extra_params", "drive_format = scsi-hd", NULL},
    {"cdrom", "cdrom = /c", NULL},
    {"cdrom_without_file", "cdrom = ", "yes"},
    {"cdroms", NULL, NULL},
    {"cd_format", NULL, "ahci"},
    {"floppies", "floppy_name = /f", "fl fl2"},
    {"floppy_name", "floppy_name = /f", NULL},
    {"images", "image_name_data = /d", NULL},
    {"images_base_dir", "image_name = x", NULL},
};

Test(disk, a_parameter_must_be_the_same_on_all_hosts_if_it_travels)
{
    for (const struct param_info *row = disk_params; row->name != NULL; row++) {
        g_autoptr(params) params = params_new();
        const char *value = row->example;

        if (strstr(row->name, "sum") != NULL || strcmp(row->name, "skip_hash") == 0)
            continue; /* of a file, not of a device */
        params_set(params, "image_name", "/i/x.raw", NULL);
        params_set(params, "image_format", "raw", NULL);
        params_set(params, "drive_format", "ide", NULL);
        params_set(params, "cdrom", "/c", NULL);
        params_set(params, "cdroms", "cd2", NULL);
        params_set(params, "floppies", "fl", NULL);
        params_set(params, "cd_format", "scsi-cd", NULL);
        if (value == NULL && row->kind == PARAM_WORD)
            value = row->values[1];
        if (value == NULL)
            value = row->fallback != NULL && strcmp(row->fallback, "yes") == 0 ? "no" : "yes";
        for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
            if (strcmp(settings[i].name, row->name) == 0) {
                if (settings[i].with != NULL) {
                    g_auto(GStrv) pair = g_strsplit(settings[i].with, " = ", 2);
                    params_set(params, pair[0], pair[1], NULL);
                }
                if (settings[i].value != NULL)
                    value = settings[i].value;
            }
        if (strcmp(row->name, "drive_format") == 0)
            params_delete(params, "drive_format");
        g_autofree char *travelled = side_of(params, "local");
        g_autofree char *was_local = side_of(params, "travels");
        params_set(params, row->name, value, NULL);
        g_autofree char *travels = side_of(params, "local");
        g_autofree char *local = side_of(params, "travels");

        cr_expect_eq(strcmp(travels, travelled) != 0, row->same_everywhere, "%s = %s", row->name,
                     value);
        cr_expect(row->same_everywhere || strcmp(local, was_local) != 0, "%s = %s", row->name,
                  value);
    }
}
