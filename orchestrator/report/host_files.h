/*
 * The files that hosts send of one test: FOLDER/HOST/FILE, each in parts (parts.h), all of a host
 * within STORE_HOST_BYTES, since a host is not to fill our disk.
 */
#pragma once

#include <glib.h>

struct host_files;

/* folder: the test's. Transfer full. */
struct host_files *host_files_new(const char *folder);
void host_files_free(struct host_files *files);

enum host_files_end {
    HOST_FILES_TAKEN,
    HOST_FILES_GAP,     /* taken; from now on the middle of the file is left out */
    HOST_FILES_REFUSED, /* err: a name that leads elsewhere; the first piece beyond the bound */
    HOST_FILES_BROKEN,  /* err: it cannot be written */
};

/* Appends to a file of a host, which may be in folders, which are made. host: fit for one part of a
 * path. What is beyond the bound is left out. err: G_FILE_ERROR. */
enum host_files_end host_files_append(struct host_files *files, const char *host, const char *file,
                                      const void *data, size_t size, GError **err);
