/*
 * A VM's seat on this host: the place where the VM is, or will be, for the whole test. The VM comes
 * and goes with each leg; what does not change (params, platform, request) stays.
 */
#pragma once

#include "migration/guest/guest.h"
#include "migration/kept.h"
#include "migration/move/request.h"
#include "migration/test.h"
#include "sync/autoptr.h"

#include <stdio.h>

/* What was seen of its migrations (series.h). */
struct series {
    FILE *file; /* NULL: not open */
    int64_t bytes;
    bool is_over; /* it takes no more */
};

#define SEAT_NOWHERE UINT_MAX /* it was not booted yet */

struct seat {
    struct test *test;
    struct scope *readers;  /* outlives a failure: who follows the guests' serial ports */
    struct scope *watchers; /* the scenario's: what fails in it ends the test */
    char *name;             /* vm1 */
    struct params *params;
    unsigned legs;               /* how many the test has, for the display */
    struct move_request request; /* of the migration that it is in; else what its params say */
    const char *const *const
        *asks;              /* what the test's migrations ask for (asked.h); NULL: nothing */
    struct vm_reach *reach; /* to its VMs' manager; NULL until agree(), and where is none */
    struct vm_offer *offer; /* what the hypervisor here has; NULL until agree() */
    struct vm_platform *platform;
    struct vm_boot *boot;
    char *guest_state; /* what the last source said of the guest; NULL at the first start */

    unsigned where; /* the host where the guest is, as far as is known here; SEAT_NOWHERE */
    bool is_gone;   /* it has ended, as was planned: nothing moves any more */

    struct series series;
    struct sample_pace sample_pace; /* of its hypervisors (leg_sample.h) */

    bool works; /* its work has been begun, here or before it came */
    bool boots; /* it moves while it boots (paused_after_start_vm, start_migration_timeout), and was
                   not seen up since */

    struct vm *vm;      /* NULL: the VM is not here */
    struct vm *ahead;   /* a destination for the next leg, started ahead; NULL, or vm is */
    bool was_ahead;     /* vm was started so */
    char *incoming_uri; /* where the destination here listens from its start; NULL: it is told */
    json_t *facts;      /* what its hypervisor says that it is; NULL: not asked yet */
    json_t *machine;    /* what the source said that the VM is now, for the destination here
                           (migration_sync_vms); NULL: as the params say */
    struct guest *guest;
    bool is_uncertain;     /* what is here may be the only copy of the guest: kept after the test */
    int exit_status;       /* of the first hypervisor here that did not end in order (vm_end()) */
    bool is_left;          /* a VM of it may live on here, though the test has done with it */
    struct doing *doing;   /* what is done with it now: what its watcher blames a failure on */
    bool is_in_leg;        /* from the begin of a leg until it has been settled */
    struct scope *leg;     /* the fibers that move it; NULL: none do */
    struct scope *helpers; /* fibers that serve those, and are ended with them; NULL as above */
    struct event moving;   /* set when its stream begins here, or its migration has ended */
    GError *end;           /* why that leg ends: how the VM ended unasked, or a script failed */
    struct event retired;  /* tells the watcher that the VM's end is meant */
    struct fiber *watcher;

    /* A fiber's function that looks on while a VM is here, and is cancelled before it goes: takes
     * pictures, asks its monitor (scenario/process/). NULL: nobody does. */
    fiber_fn look_on;
    void *look_on_arg;
    struct fiber *onlooker;
};

/* Transfer full. platform is decided later, by agree(). */
struct seat *seat_new(struct test *test, struct scope *readers, struct scope *watchers,
                      const char *vm_name, GError **err);
/* The same of a VM that the test does not have: with params of its own. */
struct seat *seat_new_of(struct test *test, struct scope *readers, struct scope *watchers,
                         const char *vm_name, const struct params *params, GError **err);
void seat_free(struct seat *seat);

/*
 * Starts the VM here, stopped or as a destination, attaches the guest, and watches over it: from
 * now on the death of the hypervisor, an internal error of it, and what the guest does to end
 * itself fail the leg in which the seat takes part; between legs they fail the scope of the
 * watchers. A guest that resets itself before it is up is still booting.
 */
int seat_start(struct seat *seat, bool incoming, int64_t deadline, GError **err);

/*
 * Starts a destination's hypervisor for a later seat_start(), which takes it if it still lives.
 * There is no VM here yet, and nobody watches over it: until then it holds nothing. What it is
 * (seat_facts) is asked now.
 */
int seat_start_ahead(struct seat *seat, int64_t deadline, GError **err);

/* Leaves the VM here to live on behind the test, with what is known of its guest. Transfer full. */
struct kept *seat_rest(struct seat *seat);

/* Takes over a VM that has lived on here, as if it had been started: kept has it no more. One that
 * cannot be taken over is ended. Nobody watches over it until it has shown that it lives. */
int seat_take(struct seat *seat, struct kept *kept, GError **err);

/* From now on it fails the leg, or the test, when the VM here ends unasked. */
void seat_watch(struct seat *seat);

/* From now on somebody looks on while a VM is here: fn with arg. */
void seat_look_on(struct seat *seat, fiber_fn fn, void *arg);

/* Plug a device into the VM here, and out of it: vm_plug(), vm_unplug(). */
int seat_plug(struct seat *seat, const char *kind, const char *name, int64_t deadline,
              GError **err);
int seat_unplug(struct seat *seat, const char *kind, const char *name, int64_t deadline,
                GError **err);

/*
 * What the next destination here is to be: the machine that the source has now (vm_machine()),
 * transfer full; NULL: as the params say. A VM that was started ahead as another one is ended. -1:
 * that one could not be ended.
 */
int seat_follow(struct seat *seat, json_t *machine, GError **err);

/* What the VM here is, as its hypervisor says: asked until it changes. Transfer none. */
const json_t *seat_facts(struct seat *seat, int64_t deadline, GError **err);

/*
 * As DOING() with the VM (sync/doing.h), whose name need not be in the words; the watcher works
 * under it as well, and the host says it to whoever asks what it does. Until the end of the block.
 */
#define SEAT_DOING(seat, blame, ...)                                                               \
    SEAT_DOING_SCOPED G_PASTE(seat_doing_, __LINE__) = seat_doing_begin(seat, blame, __VA_ARGS__)

/* The same of all that is done in a leg of it. */
#define SEAT_IN_LEG(seat, leg)                                                                     \
    SEAT_DOING_SCOPED G_PASTE(seat_doing_, __LINE__) = seat_doing_begin_leg(seat, leg)

/* From now on the VM may end by itself: nobody watches over it any more. */
void seat_stop_watching(struct seat *seat);

/* From now on nobody looks on. */
void seat_stop_looking(struct seat *seat);

/* Ends the VM if it is here, or was started ahead, on purpose. Works on a cancelled fiber. -1: it
 * could not be ended. */
int seat_end(struct seat *seat, GError **err);

/* As long as base_ms, and 30 s for each GiB of the guest: what is done once to all of its memory
 * takes seconds a GiB on a host without KVM, and more on one that is busy. */
static inline int64_t seat_patience_ms(const struct seat *seat, int64_t base_ms)
{
    uint64_t ram_bytes = seat->platform != NULL ? seat->platform->ram_bytes : 0;
    return base_ms + (int64_t)(30000 * (double)ram_bytes / (1 << 30));
}

/* Leaves the VM as it is and gives it to the node, which ends it when the job is over. */
void seat_keep(struct seat *seat);

/* Tells the display. phase: see Progress in vtmh.proto. stats may be NULL. */
void seat_progress(struct seat *seat, const Vtmh__Migration *leg, const char *phase,
                   const struct vm_move_stats *stats);

AUTOPTR_STRUCT(seat, seat_free);

/* For SEAT_DOING() and SEAT_IN_LEG(). */
struct seat_doing {
    struct seat *seat;
    struct doing *before;
};
struct seat_doing seat_doing_begin(struct seat *seat, enum blame blame, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
struct seat_doing seat_doing_begin_leg(struct seat *seat, unsigned leg);
void seat_doing_end(struct seat_doing *doing);
#define SEAT_DOING_SCOPED __attribute__((cleanup(seat_doing_end), unused)) struct seat_doing
