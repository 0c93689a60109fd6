/* The inside of the world: shared by its network (handover_world.c) and its hypervisors, guests and
 * nodes (handover_fake_*.c). */
#pragma once

#include "migration/scenario/scenario.h"
#include "node/meetings.h"
#include "sync/mailbox.h"
#include "sync/meeting.h"
#include "tests/unit/handover_world.h"

enum copy_state {
    COPY_PRELAUNCH, /* made, never run */
    COPY_INCOMING,
    COPY_RUNNING,
    COPY_PAUSED, /* received completely, or stopped */
    COPY_SENT,   /* postmigrate */
    COPY_GONE,   /* its process has ended */
};

/* One copy of a guest: a fake hypervisor process. Lives as long as the world. */
struct vm {
    struct world *world;
    struct sim_host *host;
    char *name;
    enum copy_state state;
    bool is_freed;    /* vm_destroy() was called: nobody may use it any more */
    bool was_killed;  /* by a fault */
    bool outlived;    /* vm_destroy() failed: its process is still there */
    bool late_at_end; /* it did something unheard while it was destroyed */
    bool runs_at_end; /* it ran when it was destroyed, or kept */
    bool gone_at_end; /* it had ended by itself before */
    bool is_kept;     /* given to the node, since it may be the only copy */
    bool cont_failed; /* it could not be continued, or was not heard to be */
    unsigned ran_at;  /* tick of its last start, 0: never ran */
    unsigned held_at; /* tick of its last stop */
    int64_t stopped_at_us, resumed_at_us;

    struct vm *peer; /* the other end of the stream */
    bool sends;      /* which end we are */
    bool ran_before_move;
    const char *move; /* status of the migration; NULL: none */
    struct event exited, receives, move_ended, acted, halted;
    enum vm_act act;
    void (*late)(struct vm *vm); /* what a late call will still do */
};

struct sim_host {
    struct node node; /* first: what the real node code is given */
    struct world *world;
    unsigned index;
    struct host host;
    struct test test;
    struct meetings *meetings;
    struct mailbox *inbox; /* struct delivery */
    struct fiber *scenario, *link;
    bool is_lost, has_ended;
    bool is_alone;    /* lost, and it has given up waiting for the coordinator */
    char *stop_cause; /* of the node's own */
    unsigned told;    /* order of its first word that the test fails, 0: none */
    GError *error;
};

struct world {
    const struct world_setup *setup;
    const struct fault *faults;
    unsigned n_faults;
    struct world_outcome *outcome;
    struct sim_host hosts[WORLD_HOSTS];
    struct meeting_book *book;
    struct scope *scope;
    GPtrArray *copies; /* struct vm, in the order in which they were made */
    unsigned tick;     /* of everything that happens */
    int64_t now_ms;    /* of the book */
    unsigned n_told;
    bool is_aborted;
};

#define WORLD_TEST 1 /* the test's number */
extern const char *const world_host_names[WORLD_HOSTS];

struct sim_host *sim_host_of(const struct host *host);

/* Marks that something happened; with a line for the log. */
void world_did(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
void world_wrong(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
void world_broken(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A point: faults strike here. Returns the kind that the call itself must act out. vm may be
 * NULL. */
enum fault_kind world_point(struct sim_host *host, struct vm *vm, const char *what);

/*
 * A command: asked, done, answered; others run in between, and the caller may be cancelled before
 * it is asked or while it waits for the answer. effect may be NULL.
 */
int world_command(struct vm *vm, const char *what, void (*effect)(struct vm *vm), GError **err);
int world_timed_out(GError **err);

/* Faults and their effects. */
void world_kill(struct vm *vm);
void world_panic(struct vm *vm);
struct vm *world_other_copy(const struct vm *vm);

void copies_free(GPtrArray *copies);
extern const struct host_ops sim_host_ops;

/* Judges, and notes what is wrong: in the end no copy is left behind, each guest that was not
 * killed lives in its last copy (or is known to be uncertain), the record says where, and a pass is
 * one. */
void world_check_end(struct world *world);
