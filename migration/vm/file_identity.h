/*
 * Which file lies at a path, and in which state: two identities that are equal mean that what was
 * learned from the file is still true. A program or a device that is put in its place, written,
 * given other permissions, removed or comes back has another.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* All zero: there is no file. */
struct file_identity {
    dev_t device, represents; /* where it lies; what it stands for, if it is a device itself */
    ino_t inode;
    mode_t mode;
    uid_t owner;
    gid_t group;
    off_t size;
    struct timespec written, changed;
};

/* Follows symbolic links. Whatever keeps us from looking counts as no file; errno says it. */
struct file_identity file_identity_of(const char *path);

bool file_identity_exists(const struct file_identity *identity);
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);
