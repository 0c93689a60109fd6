/*
 * What is uploaded to a machine: sets of files with a content address. One set is the node with its
 * libraries, made by the build (cmake/bundle.cmake); another the guests that a job needs.
 *
 * A bundle lies in a folder of the machine's cache whose name holds the hash of its contents, so a
 * changed bundle is another folder, and nobody ever writes into one that is in use.
 */
#pragma once

#include "sync/fiber.h"

#define BUNDLE_ARCHIVE "bundle.tar" /* what its upload is called, there */

struct bundle {
    char *what;       /* for messages: "the node", "the guests" */
    char *folder;     /* name of its folder in the cache: "node-0123456789abcdef" */
    char *sums;       /* all files that must be in it, as sha256sum prints and checks them */
    uint64_t size;    /* bytes to copy, about */
    char *tar;        /* the file to upload; NULL until bundle_pack() */
    char *arch;       /* `uname -m` of the machines on which it runs; NULL: any */
    char *glibc;      /* the oldest libc with which it runs, "2.34"; NULL: any */
    char *source;     /* the folder with its files; NULL: the build has packed them */
    GPtrArray *names; /* char *: of its files, relative to source */
};

/* The node's bundle as the build described it in a file. Transfer full. DEPLOY_ERROR_BUNDLE. */
struct bundle *bundle_load_node(const char *json_path, const char *tar_path, GError **err);

/*
 * The guests named (NULL-terminated, not empty), of the folder that deploy/guest fills. Reads all
 * of their files on the thread pool: call in a fiber. Transfer full. DEPLOY_ERROR_BUNDLE.
 */
struct bundle *bundle_load_guests(const char *guests_dir, const char *const *guests,
                                  int64_t deadline, GError **err);

/*
 * Makes the tar, if there is none yet, as a temporary file that goes with the bundle: one copy and
 * not one a file, because each costs a command, and a login shell may be slow to start. Call in a
 * fiber. DEPLOY_ERROR_BUNDLE.
 */
int bundle_pack(struct bundle *bundle, int64_t deadline, GError **err);

void bundle_free(struct bundle *bundle);
AUTOPTR_STRUCT(bundle, bundle_free);
