/* The entries of a ledger: things that a node owns. Only for ledger.c and reap.c. */
#pragma once

#include "migration/host.h"

struct owned {
    enum owned_kind kind;
    char *what;
    uint64_t start_time; /* of a process */
};

/* "process", "path", …, by kind; as many as there are kinds. */
#define OWNED_KINDS (OWNED_GUEST + 1)
extern const char *const owned_kind_names[OWNED_KINDS];

/*
 * Whether a thing may be owned, and so be removed: of paths only what lies below the nodes' own
 * base, of files elsewhere only those with the name of a stream, or of what is made beside images,
 * and images that are the very files that were made, of interfaces those that are named as ours. A
 * ledger that is read back may have been damaged, and what it says is done as root.
 */
bool owned_may_be(const char *base, enum owned_kind kind, const char *what);

/* entries: of struct owned, freed by owned_free(). */
void owned_free(gpointer entry);
void owned_add(GPtrArray *entries, enum owned_kind kind, const char *what, uint64_t start_time);
void owned_strike(GPtrArray *entries, enum owned_kind kind, const char *what);

bool owned_exists(const struct owned *entry);

/* "process 1234 (qemu-system-x86)", "path /…". Transfer full. */
char *owned_describe(const struct owned *entry);

/* Ends and removes what is there, processes first, since they may hold paths. Descriptions are
 * appended to removed or to leaks. Call in a fiber. */
void owned_dispose(GPtrArray *entries, GPtrArray *removed, GPtrArray *leaks);
