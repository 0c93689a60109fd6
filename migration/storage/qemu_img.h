/*
 * qemu-img, a process of its own for each call, which ends with its deadline. Errors are of
 * SYNC_ERROR, name the file, and end with what qemu-img says.
 *
 * What is made is made beside and renamed when it is whole, so that nothing half made lies there,
 * and what lay there before is lost only to what takes its place: `beside` says by which name.
 */
#pragma once

#include "cfg/params.h"
#include "migration/host.h"
#include "sync/fiber.h"

#include <jansson.h>

struct qemu_img {
    const char *program;     /* qemu_img_program() */
    const struct host *host; /* whose ledger knows of files in the making; NULL: none are made */
};

/*
 * The path of qemu_img_binary: as given when it has a slash, else looked up in PATH. One of the
 * usual names (qemu-img, /usr/bin/qemu-img, kvm-img, …) that is not there is found under the first
 * other of them that is: *is_other_out, which may be NULL. Transfer full. SYNC_ERROR_SYSTEM.
 */
char *qemu_img_program(const struct params *params, bool *is_other_out, GError **err);

/* `qemu-img info` of an image, also one that is in use. An object. Transfer full. */
json_t *qemu_img_info(const struct qemu_img *qemu_img, const char *location, const char *format,
                      int64_t deadline, GError **err);

enum qemu_img_verdict {
    QEMU_IMG_CLEAN,
    QEMU_IMG_LEAKS, /* clusters that nothing refers to: space, no data */
    QEMU_IMG_ERRORS,
    QEMU_IMG_NO_CHECKS, /* of this format: raw */
};

/* `qemu-img check`; says_out: its words. Transfer full. */
int qemu_img_check(const struct qemu_img *qemu_img, const char *location, const char *format,
                   enum qemu_img_verdict *verdict_out, char **says_out, int64_t deadline,
                   GError **err);

/* What an image is to be like. */
struct qemu_img_wish {
    const char *format;
    uint64_t size;              /* bytes */
    const char *options;        /* "cluster_size=2M,…" as for -o; NULL: none */
    const char *words;          /* more words for the command line; NULL: none */
    const char *backing;        /* what it builds on, from its own folder on; NULL: nothing */
    const char *backing_format; /* of that */
};

/*
 * Makes an empty image. owned_out NULL: it is its user's. Else it is in the ledger before it lies
 * there, as *owned_out (OWNED_IMAGE; NULL before, and after an error). Transfer full.
 */
int qemu_img_create(const struct qemu_img *qemu_img, const char *path,
                    const struct qemu_img_wish *wish, char **owned_out, int64_t deadline,
                    GError **err);

/*
 * Copies a file by a shell's command with two %s in it, the source and the new file (as
 * image_clone_command). NULL: cp --reflink=auto.
 */
int qemu_img_copy(const struct qemu_img *qemu_img, const char *command, const char *from,
                  const char *to, int64_t deadline, GError **err);

/* In what a guest sees two images differ, as qemu-img says it; NULL: in nothing. Either may be in
 * use, by whoever does not write meanwhile. Transfer full of *difference_out. */
int qemu_img_compare(const struct qemu_img *qemu_img, const char *one, const char *format,
                     const char *other, const char *other_format, char **difference_out,
                     int64_t deadline, GError **err);
