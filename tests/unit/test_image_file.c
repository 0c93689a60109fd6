#include "migration/storage/image_file.h"

#include "node/remove.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static void make_folder(void)
{
    folder = g_dir_make_tmp("vtmh-image-XXXXXX", NULL);
}

static void remove_folder(void)
{
    remove_tree(folder);
    g_free(folder);
}

TestSuite(image_file, .init = make_folder, .fini = remove_folder);

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static char *write_file(const char *name, const void *bytes, size_t size)
{
    char *path = in_folder(name);

    cr_assert(g_file_set_contents(path, bytes, (gssize)size, NULL));
    return path;
}

static void put32(uint8_t *at, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(at, &value, sizeof(value));
}

static void put64(uint8_t *at, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(at, &value, sizeof(value));
}

#define QCOW2_BYTES 4096

/* The header of a small qcow2 of version 3; its tables lie within its bytes. */
static uint8_t *qcow2(void)
{
    uint8_t *head = g_malloc0(QCOW2_BYTES);

    memcpy(head, "QFI\xfb", 4);
    put32(head + 4, 3);
    put64(head + 24, 1 << 20); /* what a guest sees */
    put32(head + 36, 1);       /* entries of L1 */
    put64(head + 40, 2048);    /* where they are */
    put64(head + 48, 1024);    /* the table of reference counts */
    put32(head + 100, 104);    /* bytes of the header */
    return head;
}

static void build_on(uint8_t *head, const char *name, const char *format)
{
    put32(head + 104, 0xe2792acaU);
    put32(head + 108, (uint32_t)strlen(format));
    memcpy(head + 112, format, strlen(format));
    put64(head + 8, 512);
    put32(head + 16, (uint32_t)strlen(name));
    memcpy(head + 512, name, strlen(name));
}

static void expect_error(const char *path, int code, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(image_file) file = image_file_read(path, &error);

    cr_assert_null(file, "%s", path);
    cr_expect(g_error_matches(error, IMAGE_FILE_ERROR, code), "%s", error->message);
    cr_expect_not_null(strstr(error->message, path), "%s", error->message);
    cr_expect_not_null(strstr(error->message, text), "%s", error->message);
}

Test(image_file, tells_a_format_by_what_a_file_begins_with)
{
    static const struct {
        const char *format, *bytes;
    } kinds[] = {{"vmdk", "KDMV...."},    {"vmdk", "# Disk DescriptorFile\n"}, {"vhdx", "vhdxfile"},
                 {"vpc", "conectix"},     {"luks", "LUKS\xba\xbe.."},          {"raw", "QFI"},
                 {"raw", "anything else"}};

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = write_file("disk", kinds[i].bytes, strlen(kinds[i].bytes));
        g_autoptr(GError) error = NULL;
        g_autoptr(image_file) file = image_file_read(path, &error);
        cr_assert_not_null(file, "%s: %s", kinds[i].bytes, error->message);
        cr_expect_str_eq(file->format, kinds[i].format, "%s", kinds[i].bytes);
        cr_expect_eq(file->size, strlen(kinds[i].bytes));
    }
}

Test(image_file, reads_of_a_qcow2_what_a_guest_sees_and_what_it_builds_on)
{
    g_autofree uint8_t *head = qcow2();
    build_on(head, "below/base.img", "raw");
    g_autofree char *path = write_file("top.qcow2", head, QCOW2_BYTES);
    g_autofree char *below = in_folder("below/base.img");
    g_autoptr(image_file) file = image_file_read(path, NULL);

    cr_assert_not_null(file);
    cr_expect_str_eq(file->format, "qcow2");
    cr_expect_eq(file->size, 1 << 20);
    cr_expect_str_eq(file->backing, below);
    cr_expect_str_eq(file->backing_format, "raw");
}

Test(image_file, leaves_alone_what_an_image_builds_on_elsewhere)
{
    g_autofree uint8_t *head = qcow2();
    build_on(head, "nbd://10.0.0.1/disk", "raw");
    g_autofree char *path = write_file("top.qcow2", head, QCOW2_BYTES);
    g_autoptr(image_file) file = image_file_read(path, NULL);

    cr_assert_not_null(file);
    cr_expect_str_eq(file->backing, "nbd://10.0.0.1/disk");
}

Test(image_file, refuses_a_qcow2_that_is_not_whole_or_marked_as_corrupt)
{
    g_autofree uint8_t *cut = qcow2(), *corrupt = qcow2(), *old = qcow2();
    g_autofree char *cut_path = write_file("cut", cut, 2048);
    put64(corrupt + 72, 2);
    g_autofree char *corrupt_path = write_file("corrupt", corrupt, QCOW2_BYTES);
    put32(old + 4, 9);
    g_autofree char *old_path = write_file("old", old, QCOW2_BYTES);
    g_autofree char *short_path = write_file("short", cut, 20);

    expect_error(cut_path, IMAGE_FILE_ERROR_BROKEN, "is cut off");
    expect_error(corrupt_path, IMAGE_FILE_ERROR_BROKEN, "is marked as corrupt");
    expect_error(old_path, IMAGE_FILE_ERROR_BROKEN, "has no header of one");
    expect_error(short_path, IMAGE_FILE_ERROR_BROKEN, "has no header of one");
}

Test(image_file, refuses_a_name_of_what_it_builds_on_that_lies_outside_of_its_header)
{
    g_autofree uint8_t *head = qcow2();
    put64(head + 8, 4090);
    put32(head + 16, 1023);
    g_autofree char *path = write_file("top", head, QCOW2_BYTES);

    expect_error(path, IMAGE_FILE_ERROR_BROKEN, "no readable name");
}

Test(image_file, does_not_wait_for_what_is_no_disk)
{
    g_autofree char *nothing = in_folder("nothing"), *fifo = in_folder("fifo");
    g_autofree char *empty = write_file("empty", "", 0);

    cr_assert_eq(mkfifo(fifo, 0600), 0);
    expect_error(nothing, IMAGE_FILE_ERROR_MISSING, "is not there");
    expect_error(folder, IMAGE_FILE_ERROR_KIND, "is a folder");
    expect_error(fifo, IMAGE_FILE_ERROR_KIND, "neither a file nor a block device");
    expect_error(empty, IMAGE_FILE_ERROR_BROKEN, "is empty");
}

static int lock(const char *path, off_t at)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
    return fd;
}

Test(image_file, sees_who_writes_or_lets_nobody_write)
{
    static const struct {
        off_t at;
        bool is_locked;
    } locks[] = {{100, false}, {101, true}, {200, false}, {201, true}};
    g_autofree char *path = write_file("disk", "disk", 4);

    cr_expect_not(image_file_is_locked(path));
    for (unsigned i = 0; i < G_N_ELEMENTS(locks); i++) {
        int fd = lock(path, locks[i].at);
        cr_expect_eq(image_file_is_locked(path), locks[i].is_locked, "byte %d", (int)locks[i].at);
        close(fd);
    }
}
