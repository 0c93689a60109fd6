/*
 * Preloaded into a QEMU: of the writes to the file that VTMH_DROPPED_FILE names every twentieth
 * (VTMH_DROPPED_EACH) is told to have been done, and was not. A lost disk write as a broken storage
 * loses it, which the guest's check has to find.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define EACH 20

static _Thread_local char path[4096];

static int is_dropped(int fd)
{
    static unsigned count;
    const char *file = getenv("VTMH_DROPPED_FILE"), *each = getenv("VTMH_DROPPED_EACH");
    unsigned n = each != NULL ? (unsigned)atoi(each) : EACH;
    char link[64];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (file == NULL || length < 0)
        return 0;
    path[length] = '\0';
    return strcmp(path, file) == 0 && __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) % n == 0;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    return is_dropped(fd) ? (ssize_t)size : real(fd, data, size, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t offset)
{
    static ssize_t (*real)(int, const struct iovec *, int, off64_t);
    ssize_t size = 0;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pwritev64");
    if (!is_dropped(fd))
        return real(fd, parts, n, offset);
    for (int i = 0; i < n; i++)
        size += (ssize_t)parts[i].iov_len;
    return size;
}
