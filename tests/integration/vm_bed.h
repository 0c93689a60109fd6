/*
 * A host of two without nodes: real QEMU processes in a temporary folder, for the tests of VMs and
 * guests. What the VMs own is counted; log records are kept.
 */
#pragma once

#include "migration/guest/guest.h"
#include "tests/unit/fiber_checks.h"

struct bed {
    char *dir;                    /* everything of this bed */
    char *guests_dir;             /* the user's cache, or dir/guests after bed_make_mute_rom() */
    struct host host;             /* "host1"; logs in dir */
    GHashTable *owned;            /* "kind what" */
    struct params *params;        /* TCG, 32 MiB, guest tick */
    struct vm_platform *platform; /* after bed_decide() */
    GString *log;                 /* what VMs have said to it, a line each */
    struct scope *readers;
    GPtrArray *vms, *guests; /* open ones: bed_close() ends those that a failed test has left */
};

/* Why QEMU or the guests cannot be used here, or NULL. Transfer none. */
const char *bed_missing(void);

/* Opens a bed in the running fiber; closes it there, with what is still open. */
struct bed *bed_open(void);
void bed_close(struct bed *bed);

/* Sets a parameter. */
void bed_set(struct bed *bed, const char *key, const char *value);

/* Probes QEMU and decides the platform from the params. */
int bed_decide(struct bed *bed, GError **err);

/* Replaces the guest tick by a ROM that does nothing at all. */
void bed_make_mute_rom(struct bed *bed);

/* A VM and its guest. */
struct seat {
    struct vm *vm;
    struct guest *guest;
};

/* Starts a VM, paused; for a source also cont. state: of the other end, or NULL. */
int seat_open(struct bed *bed, struct seat *seat, bool incoming, const char *state, GError **err);

/* Ends guest and VM. */
int seat_close(struct bed *bed, struct seat *seat, GError **err);

/* A source whose guest is up. */
int seat_boot(struct bed *bed, struct seat *seat, GError **err);

/* The capabilities that every move has. Free with g_hash_table_unref(). */
GHashTable *move_capabilities(void);

/*
 * Moves the guest into a fresh VM, which takes the seat's place when it runs there; the old one is
 * destroyed. *stats: the source's.
 */
int seat_move(struct bed *bed, struct seat *seat, const struct vm_move *move,
              struct vm_move_stats *stats, GError **err);

/* Starts a destination and the stream into it; returns with both ends under way. */
int seat_begin_move(struct bed *bed, struct seat *from, struct seat *to, const struct vm_move *move,
                    GError **err);

#define SOON deadline_in(20000)

typedef int (*bed_fn)(struct bed *bed, GError **err);

static inline int bed_in_fiber(void *arg, GError **err)
{
    bed_fn *body = arg;
    struct bed *bed = bed_open();
    int result = (*body)(bed, err);

    check(g_hash_table_size(bed->owned) == 0);
    bed_close(bed);
    return result;
}

/* expect_run() of a body in a bed of its own, in which no VM may own anything behind it. */
static inline void bed_run(bed_fn body)
{
    expect_run(bed_in_fiber, &body);
}
