#include "migration/storage/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES                                                                                 \
    4096 /* of a file: a qcow2's header with its extensions, and its backing name                  \
          */

#define QCOW2_DIRTY 1 /* bits of its incompatible features */
#define QCOW2_CORRUPT 2
#define QCOW2_BACKING_FORMAT 0xe2792acaU
#define QCOW2_DATA_FILE 0x44415441U

/* QEMU (file-posix in its block layer): a byte for each permission that somebody uses, and one for
 * each that he leaves to nobody else. */
#define LOCK_USED 100
#define LOCK_UNSHARED 200
#define PERMISSION_WRITE 1 /* BLK_PERM_WRITE, as the number of its bit */

GQuark image_file_error_quark(void)
{
    return g_quark_from_static_string("vtmh-image-file-error");
}

struct magic {
    const char *format;
    unsigned at;
    unsigned size;
    const char *bytes;
};

static const struct magic magics[] = {
    {"qcow2", 0, 4, "QFI\xfb"},
    {"qed", 0, 4, "QED\0"},
    {"vmdk", 0, 4, "KDMV"},
    {"vmdk", 0, 4, "COWD"},
    {"vmdk", 0, 21, "# Disk DescriptorFile"},
    {"vhdx", 0, 8, "vhdxfile"},
    {"vpc", 0, 8, "conectix"},
    {"vdi", 64, 4, "\x7f\x10\xda\xbe"},
    {"luks", 0, 6, "LUKS\xba\xbe"},
    {"parallels", 0, 16, "WithoutFreeSpace"},
    {"parallels", 0, 16, "WithouFreSpacExt"},
};

/* The beginning of a file. */
struct head {
    uint8_t bytes[HEAD_BYTES];
    size_t size;
    uint64_t file_size;
};

static uint32_t number32(const struct head *head, size_t at)
{
    uint32_t value = 0;

    if (at + sizeof(value) <= head->size)
        memcpy(&value, head->bytes + at, sizeof(value));
    return GUINT32_FROM_BE(value);
}

static uint64_t number64(const struct head *head, size_t at)
{
    return (uint64_t)number32(head, at) << 32 | number32(head, at + 4);
}

static const char *format_of(const struct head *head)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(magics); i++)
        if (head->size >= magics[i].at + magics[i].size &&
            memcmp(head->bytes + magics[i].at, magics[i].bytes, magics[i].size) == 0)
            return magics[i].format;
    return "raw";
}

static int broken(const struct image_file *file, const char *why, GError **err)
{
    g_set_error(err, IMAGE_FILE_ERROR, IMAGE_FILE_ERROR_BROKEN, "%s %s", file->path, why);
    return -1;
}

/* A name in the header. NULL: it is not all there. Transfer full. */
static char *text_at(const struct head *head, size_t at, size_t size)
{
    if (at > head->size || size > head->size - at)
        return NULL;
    return g_strndup((const char *)head->bytes + at, size);
}

/* Paths in a file start in its folder; "file:" in front of them says nothing more. */
static char *path_from(const struct image_file *file, const char *name)
{
    g_autofree char *folder = g_path_get_dirname(file->path);
    const char *plain = g_str_has_prefix(name, "file:") ? name + strlen("file:") : name;

    return g_canonicalize_filename(plain, folder);
}

static void read_extensions(struct image_file *file, const struct head *head)
{
    uint32_t version = number32(head, 4);
    size_t at = version >= 3 ? number32(head, 100) : 72;

    while (at + 8 <= head->size) {
        uint32_t kind = number32(head, at), size = number32(head, at + 4);
        g_autofree char *text = kind != 0 ? text_at(head, at + 8, size) : NULL;
        if (text == NULL)
            return;
        if (kind == QCOW2_BACKING_FORMAT && file->backing_format == NULL)
            file->backing_format = g_steal_pointer(&text);
        else if (kind == QCOW2_DATA_FILE && file->data_file == NULL)
            file->data_file = path_from(file, text);
        at += 8 + (((size_t)size + 7) & ~(size_t)7);
    }
}

static int read_qcow2(struct image_file *file, const struct head *head, GError **err)
{
    uint32_t version = number32(head, 4);
    uint64_t name_at = number64(head, 8), l1_at = number64(head, 40),
             refcounts_at = number64(head, 48);
    uint32_t name_size = number32(head, 16), l1_size = number32(head, 36);
    uint64_t features = version >= 3 ? number64(head, 72) : 0;

    if (head->size < 72 || version < 2 || version > 3)
        return broken(file, "begins like a qcow2 image, but has no header of one", err);
    if (features & QCOW2_CORRUPT)
        return broken(file, "is marked as corrupt (qemu-img check says more)", err);
    file->size = number64(head, 24);
    if (l1_at > head->file_size || (uint64_t)l1_size * 8 > head->file_size - l1_at ||
        refcounts_at >= head->file_size)
        return broken(file, "is cut off: its tables lie behind its end", err);
    if (name_at != 0) {
        g_autofree char *name = name_at < HEAD_BYTES ? text_at(head, name_at, name_size) : NULL;
        if (name == NULL)
            return broken(file, "has no readable name of what it builds on", err);
        file->backing = strstr(name, "://") != NULL || g_str_has_prefix(name, "json:")
                            ? g_strdup(name)
                            : path_from(file, name);
    }
    read_extensions(file, head);
    return 0;
}

static int set_errno(const char *path, const char *what, int error, GError **err)
{
    if (error == ENOENT || error == ENOTDIR)
        g_set_error(err, IMAGE_FILE_ERROR, IMAGE_FILE_ERROR_MISSING, "%s is not there", path);
    else
        g_set_error(err, IMAGE_FILE_ERROR, IMAGE_FILE_ERROR_ACCESS, "%s cannot be %s: %s", path,
                    what, g_strerror(error));
    return -1;
}

static int open_file(const char *path, struct stat *info, GError **err)
{
    int fd;

    /* A FIFO would keep us waiting. */
    if (stat(path, info) < 0)
        return set_errno(path, "read", errno, err);
    if (!S_ISREG(info->st_mode) && !S_ISBLK(info->st_mode)) {
        g_set_error(err, IMAGE_FILE_ERROR, IMAGE_FILE_ERROR_KIND, "%s is %s", path,
                    S_ISDIR(info->st_mode) ? "a folder" : "neither a file nor a block device");
        return -1;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd >= 0 ? fd : set_errno(path, "read", errno, err);
}

static int read_head(int fd, const struct stat *info, struct head *head)
{
    uint64_t bytes = (uint64_t)info->st_size;
    ssize_t size = 0;

    if (S_ISBLK(info->st_mode) && ioctl(fd, BLKGETSIZE64, &bytes) < 0)
        return -1;
    head->file_size = bytes;
    while (head->size < HEAD_BYTES &&
           (size = pread(fd, head->bytes + head->size, HEAD_BYTES - head->size,
                         (off_t)head->size)) > 0)
        head->size += (size_t)size;
    return size < 0 ? -1 : 0;
}

struct image_file *image_file_read(const char *path, GError **err)
{
    g_autofree struct head *head = g_new0(struct head, 1);
    struct stat info;
    int fd = open_file(path, &info, err);

    if (fd < 0)
        return NULL;
    int error = read_head(fd, &info, head) < 0 ? errno : 0;
    close(fd);
    if (error != 0) {
        set_errno(path, "read", error, err);
        return NULL;
    }
    g_autoptr(image_file) file = g_new0(struct image_file, 1);
    char *real = realpath(path, NULL);
    file->path = g_strdup(real != NULL ? real : path);
    free(real);
    file->format = format_of(head);
    file->size = head->file_size;
    file->device = info.st_dev;
    file->inode = info.st_ino;
    if (head->file_size == 0)
        broken(file, "is empty", err);
    else if (strcmp(file->format, "qcow2") != 0 || read_qcow2(file, head, err) == 0)
        return g_steal_pointer(&file);
    return NULL;
}

void image_file_free(struct image_file *file)
{
    if (file == NULL)
        return;
    g_free(file->path);
    g_free(file->backing);
    g_free(file->backing_format);
    g_free(file->data_file);
    g_free(file);
}

int image_file_check_writable(const char *path, GError **err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return set_errno(path, "written", errno, err);
    close(fd);
    return 0;
}

static bool is_byte_locked(int fd, off_t at)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool image_file_is_locked(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is_locked;

    if (fd < 0)
        return false;
    is_locked = is_byte_locked(fd, LOCK_USED + PERMISSION_WRITE) ||
                is_byte_locked(fd, LOCK_UNSHARED + PERMISSION_WRITE);
    close(fd);
    return is_locked;
}

static bool has_open(const char *pid, const struct image_file *file)
{
    g_autofree char *folder = g_build_filename("/proc", pid, "fd", NULL);
    g_autoptr(GDir) fds = g_dir_open(folder, 0, NULL);
    const char *fd;

    while (fds != NULL && (fd = g_dir_read_name(fds)) != NULL) {
        g_autofree char *link = g_build_filename(folder, fd, NULL);
        struct stat info;
        if (stat(link, &info) == 0 && info.st_dev == file->device && info.st_ino == file->inode)
            return true;
    }
    return false;
}

char *image_file_holders(const struct image_file *file)
{
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    const char *pid;

    while (processes != NULL && (pid = g_dir_read_name(processes)) != NULL) {
        g_autofree char *path = g_build_filename("/proc", pid, "comm", NULL);
        g_autofree char *name = NULL;
        if (!g_ascii_isdigit(*pid) || strtol(pid, NULL, 10) == getpid() || !has_open(pid, file) ||
            !g_file_get_contents(path, &name, NULL, NULL))
            continue;
        for (char *c = g_strchomp(name); *c != '\0'; c++)
            if (!g_ascii_isprint(*c))
                *c = '?';
        g_string_append_printf(text, "%sprocess %s (%s)", text->len > 0 ? ", " : "", pid, name);
    }
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}
