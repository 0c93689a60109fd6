#include "node/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Sends size bytes from the descriptor's position on, in pieces. */
static int send_piece(struct node *node, uint64_t test, const char *name, int fd, size_t size,
                      bool truncated, int64_t deadline, GError **err)
{
    g_autofree uint8_t *buffer = g_malloc(LINK_MAX_CHUNK);
    while (size > 0) {
        ssize_t n = read(fd, buffer, MIN(size, LINK_MAX_CHUNK));
        if (n <= 0)
            return 0; /* it shrank, or cannot be read: what we have is what there is */
        Vtmh__FileChunk chunk = VTMH__FILE_CHUNK__INIT;
        chunk.test = test;
        chunk.name = (char *)name;
        chunk.data.data = buffer;
        chunk.data.len = (size_t)n;
        chunk.truncated = truncated;
        truncated = false;
        Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
        envelope.body_case = VTMH__ENVELOPE__BODY_FILE_CHUNK;
        envelope.file_chunk = &chunk;
        node_send(node, &envelope);
        if (size > LINK_MAX_CHUNK && link_flush(node->link, deadline, err) < 0)
            return -1;
        size -= (size_t)n;
    }
    return 0;
}

static int send_file(struct node *node, uint64_t test, const char *path, const char *name,
                     int64_t deadline, GError **err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat info;
    int sent = 0;
    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    const off_t half = FILES_MAX_BYTES / 2;
    if (info.st_size <= FILES_MAX_BYTES) {
        sent = send_piece(node, test, name, fd, (size_t)info.st_size, false, deadline, err);
    } else {
        sent = send_piece(node, test, name, fd, (size_t)half, false, deadline, err);
        if (sent == 0 && lseek(fd, -half, SEEK_END) >= 0)
            sent = send_piece(node, test, name, fd, (size_t)half, true, deadline, err);
    }
    close(fd);
    return sent;
}

int files_send(struct node *node, uint64_t test, const char *dir, int64_t deadline, GError **err)
{
    g_autoptr(GDir) folder = g_dir_open(dir, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        if (send_file(node, test, path, name, deadline, err) < 0)
            return -1;
    }
    return 0;
}
