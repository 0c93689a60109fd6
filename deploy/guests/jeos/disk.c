/* vtmh-disk: writes a file or a block device at a set rate, and reads every block back before it
 * writes it again. */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct program program = {"vtmh-disk", BAD_DISK};

static int disk_load(struct store *store, uint32_t index, struct page **page)
{
    ssize_t got = pread(store->fd, store->memory, PAGE_BYTES, (off_t)index * PAGE_BYTES);

    if (got < 0)
        return -1;
    memset((char *)store->memory + got, 0, PAGE_BYTES - (size_t)got); /* the end of a new file */
    *page = store->memory;
    return 0;
}

static int disk_save(struct store *store, uint32_t index, struct page *page)
{
    ssize_t put = pwrite(store->fd, page, PAGE_BYTES, (off_t)index * PAGE_BYTES);

    if (put == PAGE_BYTES)
        return 0;
    if (put >= 0)
        errno = ENOSPC;
    return -1;
}

/* A file made under /dev would be memory, of which nothing is lost with a disk. */
static int check_device(const char *path)
{
    struct stat st;

    if (strncmp(path, "/dev/", 5) != 0)
        return 0;
    if (stat(path, &st) < 0) {
        fprintf(stderr, "vtmh-disk: %s: %s\n", path, strerror(errno));
        return -1;
    }
    if (S_ISBLK(st.st_mode))
        return 0;
    fprintf(stderr, "vtmh-disk: %s is not a block device\n", path);
    return -1;
}

static int start(const char *path, const char *mib_text, const char *rate_text)
{
    unsigned long mib = strtoul(mib_text, NULL, 10);
    struct store store = {.load = disk_load, .save = disk_save, .pages = (uint32_t)(mib * 256)};

    if (mib == 0 || mib > 65536) {
        fprintf(stderr, "vtmh-disk: '%s' is not a size from 1 to 65536 MiB\n", mib_text);
        return 2;
    }
    if (check_device(path) < 0)
        return 2;
    /* Past the page cache where the file system can: a cached block proves nothing about a disk. */
    store.fd = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
    if (store.fd < 0 && errno == EINVAL)
        store.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store.fd < 0) {
        fprintf(stderr, "vtmh-disk: %s: %s\n", path, strerror(errno));
        return 2;
    }
    store.memory = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
    if (!store.memory) {
        perror("vtmh-disk: memory");
        return 2;
    }
    return writer_start(&program, &store, strtod(rate_text, NULL) * 1048576);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "start") == 0)
        return start(argv[2], argv[3], argv[4]);
    if (argc == 2 && argv[1][0] != '-')
        return writer_ask(&program, argv[1]);
    fputs("usage: vtmh-disk start PATH MIB MIB_PER_S | verify | status | spoil | stop\n", stderr);
    return 2;
}
