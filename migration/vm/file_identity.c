#include "migration/vm/file_identity.h"

#include <sys/stat.h>

struct file_identity file_identity_of(const char *path)
{
    struct stat now;

    if (stat(path, &now) < 0)
        return (struct file_identity){0};
    return (struct file_identity){
        .device = now.st_dev,
        .represents = now.st_rdev,
        .inode = now.st_ino,
        .mode = now.st_mode,
        .owner = now.st_uid,
        .group = now.st_gid,
        .size = now.st_size,
        .written = now.st_mtim,
        .changed = now.st_ctim,
    };
}

bool file_identity_exists(const struct file_identity *identity)
{
    return identity->mode != 0;
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->represents == b->represents && a->inode == b->inode &&
           a->mode == b->mode && a->owner == b->owner && a->group == b->group &&
           a->size == b->size && is_same_time(a->written, b->written) &&
           is_same_time(a->changed, b->changed);
}
