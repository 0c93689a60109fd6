/*
 * A file that is to be a disk, looked at: is it there, in which format, what does it build on, does
 * somebody write to it. Reads a few bytes of it and changes nothing.
 *
 * Everything here blocks, on a storage that hangs for ever: call it in a process of its own
 * (look.h). Formats are told by what a file begins with, as `qemu-img info` does it; of qcow2 the
 * header and its extensions are read (QEMU's docs/interop/qcow2.txt).
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct image_file {
    char *path;         /* without links */
    const char *format; /* static: "qcow2", "vmdk", …; "raw" where it begins like none of these */
    uint64_t size;      /* bytes that a guest sees; of formats other than raw and qcow2 those of
                           the file */
    uint64_t device, inode;
    char *backing;        /* what it builds on, as a path; NULL: nothing */
    char *backing_format; /* as the file says it, or NULL */
    char *data_file;      /* where its data lies, if not in it */
};

#define IMAGE_FILE_ERROR (image_file_error_quark())
GQuark image_file_error_quark(void);

enum image_file_error {
    IMAGE_FILE_ERROR_MISSING,
    IMAGE_FILE_ERROR_ACCESS, /* it cannot be read, or written */
    IMAGE_FILE_ERROR_KIND,   /* a folder, a socket, … */
    IMAGE_FILE_ERROR_BROKEN, /* it is not whole, or marked as corrupt */
};

/* Of a file or block device. Errors of IMAGE_FILE_ERROR begin with the path. Transfer full. */
struct image_file *image_file_read(const char *path, GError **err);
void image_file_free(struct image_file *file); /* NULL is fine */
AUTOPTR_STRUCT(image_file, image_file_free);

/* Whether this process may write to it. IMAGE_FILE_ERROR_ACCESS. */
int image_file_check_writable(const char *path, GError **err);

/*
 * Whether somebody has the file open by whom nobody else may write to it, as QEMU and qemu-img lock
 * it: by the bytes that QEMU's file driver has for permissions. That is known of locks that
 * reach this host; nfs:// and a mount with local locks have none.
 */
bool image_file_is_locked(const char *path);

/* Processes of this host that have it open, of those that we may look at: "process 4711
 * (qemu-system-x86)"; NULL: none is known. Transfer full. */
char *image_file_holders(const struct image_file *file);
