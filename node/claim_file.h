/*
 * The claims of the jobs that are on a host, where the nodes of all users see them: a file each in
 * a folder that everybody can write to and nobody can take away another's files from (/run/lock
 * where it is such a one, else /tmp). The node holds a lock on its file, which goes with its
 * process however that ends; a file without a lock is a dead job's and claims nothing.
 *
 * Looking and writing is one step under a lock of the folder, so of two jobs that come at once one
 * sees the other. Whose file it is, is what the kernel says of its owner; what stands in it is only
 * what claims.h takes. Links are not followed, and a file that is not plain is not looked into.
 */
#pragma once

#include "node/claims.h"
#include "sync/fiber.h"

struct claim_file;

/* The folder on this host. Transfer none. */
const char *claim_file_base(GError **err);

/* The first of the folders (NULL-terminated) that is fit; NULL: none is. */
const char *claim_file_choose(const char *const *folders, GError **err);

/*
 * Takes what is claimed. NULL with *refused (transfer full) where another job has it: a sentence.
 * NULL with err where that cannot be told. Files of dead jobs that may be removed are. Call in a
 * fiber.
 */
struct claim_file *claim_file_take(const char *base, const struct claims *claims, int64_t deadline,
                                   char **refused, GError **err);

/* Others may have it from here on. NULL is fine. */
void claim_file_release(struct claim_file *file);

/* Removes what dead jobs left, as far as this user may; "path …" of each is appended to removed.
 * Call in a fiber. */
int claim_file_sweep(const char *base, int64_t deadline, GPtrArray *removed, GError **err);
