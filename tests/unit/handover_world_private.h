/* The inside of the world: shared by handover_world.c (the test and its faults),
 * handover_sim_coordinator.c, handover_sim_node.c, handover_sim_driver.c, handover_sim_copy.c,
 * handover_sim_stream.c, handover_sim_transport.c, handover_sim_guest.c and handover_truth.c. */
#pragma once

#include "migration/scenario/scenario.h"
#include "migration/vm/driver.h"
#include "node/meetings.h"
#include "sync/mailbox.h"
#include "sync/meeting.h"
#include "tests/unit/handover_world.h"
#include "tests/unit/sim_clock.h"

#define WORLD_TEST 1         /* the test's number */
#define WORLD_LOST_MS 3000   /* after which the coordinator takes a silent host for lost */
#define WORLD_GRACE_MS 60000 /* after which a node gives up a silent coordinator */

enum copy_state {
    COPY_ABSENT,    /* its manager has not made it yet */
    COPY_PRELAUNCH, /* made, never run */
    COPY_INCOMING,
    COPY_RUNNING,
    COPY_PAUSED, /* received completely, or stopped */
    COPY_GIVEN,  /* finish-migrate: stopped for post-copy, which has not ended */
    COPY_SENT,   /* postmigrate */
    COPY_GONE,   /* its process has ended */
};

/* One copy of a guest: a simulated hypervisor process. Lives as long as the world. */
struct copy {
    struct vm base; /* first */
    struct world *world;
    struct sim_host *host;
    enum copy_state state;
    bool is_freed;    /* the product has let go of it: nobody may use it any more */
    bool was_killed;  /* by a fault */
    bool outlived;    /* it could not be ended: its process is still there */
    bool late_at_end; /* it did something unheard while it was destroyed */
    bool runs_at_end; /* it ran when it was destroyed, or kept */
    bool gone_at_end; /* it had ended by itself before */
    bool is_kept;     /* given to the node, since it may be the only copy */
    bool cont_failed; /* it could not be continued, or made to, or was not heard to be */
    bool end_unheard; /* that its move ended was not heard */
    unsigned ran_at;  /* tick of its last start, 0: never ran */
    unsigned held_at; /* tick of its last stop */

    struct copy *peer; /* the other end of the stream */
    bool sends;        /* which end we are */
    bool ran_before_move;
    bool has_begun;      /* a migration was asked for */
    const char *refusal; /* why the command that was carried out last did nothing; NULL: it did */

    unsigned stream;           /* source: the number of its stream; another's fiber is through */
    struct event switch_asked; /* source: for post-copy */
    bool is_given;             /* source: the guest's state is on its way to the destination */
    bool is_severed;     /* source: nothing passes over its stream, as one end alone has seen */
    unsigned n_channels; /* ends of streams that its node holds open */
    bool is_held;        /* it has ended, and its node holds its stream open */
    bool halved_at_end;  /* the guest's other half had not come when it was destroyed, or kept */
    struct event exited, move_ended;
    struct event receives; /* a stream can come; when another takes its place: it is there */
    void (*late)(struct copy *copy); /* what a late call will still do */

    struct stream *line; /* the machine's end of the serial line */
    struct event runs;
    bool has_booted;
    uint32_t beats; /* the guest's own count; it travels */
};

struct sim_host {
    struct node node; /* first: what the real node code is given */
    struct world *world;
    unsigned index;
    struct host host;
    struct test test;
    struct meetings *meetings;
    struct mailbox *inbox; /* struct delivery */
    struct fiber *scenario;
    bool is_cut;       /* its link: no message passes */
    bool is_lost;      /* the coordinator has noticed */
    bool is_unmanaged; /* its manager was killed */
    bool is_dead;      /* its node was killed */
    bool is_frozen, was_frozen;
    struct event thawed;
    bool has_ended;
    int64_t ended_ms;        /* when; INT64_MAX: not yet */
    GHashTable *ledger;      /* "KIND what": what it owns */
    GPtrArray *told_records; /* Vtmh__Record, in order */
    int64_t heard_ms;        /* when it was told that the test fails; -1: it was not */
    char *stop_cause;        /* of the node's own */
    unsigned told;           /* order of its first word that the test fails, 0: none */
    GError *error;
};

struct world {
    const struct world_setup *setup;
    const struct fault *faults;
    unsigned n_faults;
    struct world_outcome *outcome;
    char *folder; /* of guests' files and logs */
    struct sim_host hosts[WORLD_HOSTS];
    struct meeting_book *book; /* the coordinator */
    bool has_no_coordinator;   /* it was killed */
    int64_t failing_ms;        /* when it first heard that the test fails; -1: it did not */
    struct scope *scope;
    GPtrArray *copies; /* struct copy, in the order in which they were made */
    enum world_phase phase;
    bool is_way_cut;
    struct event way_is_free; /* set unless somebody is frozen or the way is cut */
    struct event is_over;     /* what a killed node left may unwind */
    unsigned tick;            /* of everything that happens */
    unsigned n_told;
};

extern const char *const world_host_names[WORLD_HOSTS];

/* handover_world.c */

/* Marks that something happened; with a line for the log. */
void world_did(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
void world_wrong(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
void world_broken(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The leg is that far, or was already further. */
void world_reach(struct world *world, enum world_phase phase);

/* A point: faults strike here. Returns the kind that the call itself must act out. copy may be
 * NULL. For what QEMU does by itself. */
enum fault_kind world_point(struct sim_host *host, struct copy *copy, const char *what);

/* The same for what a node does, which waits while its host is frozen. -1: the node is dead. */
int world_node_point(struct sim_host *host, struct copy *copy, const char *what,
                     enum fault_kind *fault_out);

/* Waits while the host is frozen; -1: its node is dead. */
int world_node_goes_on(struct sim_host *host);

/* handover_sim_coordinator.c */
void coordinator_open(struct world *world);
void coordinator_close(struct world *world);
/* Carries what the coordinator says to a host, for ever. */
int coordinator_carry(void *host, GError **err);
void coordinator_hears_failure(struct sim_host *host, uint64_t scope, const char *message);
void coordinator_hears_end(struct sim_host *host);
void coordinator_interrupt(struct world *world);
/* From now on no message passes between it and the host. */
void coordinator_cut(struct sim_host *host);
void coordinator_die(struct world *world);
/* Ends the meetings whose time is over; that is wrong, and noted. */
void coordinator_expire(struct world *world);
int64_t coordinator_next_timeout_ms(const struct world *world);

/* handover_sim_node.c */
void sim_node_open(struct world *world, unsigned index, const struct params *params);
void sim_node_close(struct sim_host *host);
/* SIGTERM, or a coordinator that was lost for too long. */
void sim_node_stop(struct sim_host *host, const char *cause);
void sim_node_kill(struct sim_host *host);
struct sim_host *sim_host_of(const struct host *host);
int sim_node_is_dead(GError **err); /* -1: what its calls come to */
bool sim_node_owns_guest(const struct sim_host *host, const char *name);

/* handover_sim_driver.c */
struct copy *copy_of(struct vm *vm);

/* handover_sim_copy.c */

/* Commands, when they are done. */
void copy_start(struct copy *copy);
void copy_pause(struct copy *copy);

/* Its process ends, and with it a stream. */
void copy_end(struct copy *copy);
void copy_kill(struct copy *copy);
void copy_panic(struct copy *copy);
void copy_stop_cpus(struct copy *copy, enum copy_state state);
void copy_exit(struct copy *copy);
struct copy *copy_other(const struct copy *copy); /* of the same guest, that is not gone */
struct copy *copy_last_on(const struct world *world, unsigned host);

/* Keeps what it was, for the judge: it is about to be ended, or left to itself. */
void copy_look_last(struct copy *copy);
/* What whoever cleans up behind a dead node does. */
void copies_reap(struct sim_host *host);
void copies_free(GPtrArray *copies);

/* handover_sim_stream.c */

/* Commands, when they are done. */
void copy_listen(struct copy *copy);       /* destination: waits for the stream */
void copy_begin_stream(struct copy *copy); /* source; it goes on by itself */
void copy_ask_postcopy(struct copy *copy); /* source */
void copy_pause_postcopy(struct copy *copy);
void copy_cancel_move(struct copy *copy);

/* The connection breaks, and both ends see it; or one alone does. */
void copy_break_stream(struct copy *copy);
void copy_break_end(struct copy *copy);
/* The nodes have a connection for a stream. */
void copy_connect(struct copy *source, struct copy *destination);
/* Its node has let go of an end of a stream. */
void copy_close_channel(struct copy *copy);
/* The stream of a copy whose process has just ended. */
void copy_leave_stream(struct copy *copy);

bool copy_has_status(const struct copy *copy, const char *status); /* of its migration */
bool copy_is_moving(const struct copy *copy);
bool copy_is_broken(const struct copy *copy); /* in post-copy, and waits for another stream */
bool copy_is_half(const struct copy *copy);   /* in post-copy a destination that lacks the rest */

/* How a hypervisor's migration ends. */
void copy_end_move(struct copy *copy, const char *status);
void copy_tell_status(struct copy *copy, const char *status);
void copy_begin_move(struct copy *copy);
/* The state of a guest that is stopped at the source has come. */
void copy_arrive(struct copy *source);
/* Whether what one end does comes to the other. */
bool copy_reaches_peer(struct copy *copy);

/* handover_sim_manager.c: what managers do by themselves. */

/* Commands, when they are done. */
void copy_expect(struct copy *copy);     /* destination */
void copy_begin_call(struct copy *copy); /* source */
void copy_cancel_call(struct copy *copy);

bool copy_is_managed(const struct copy *copy);
/* Its host's manager is gone: whether there was one. */
bool manager_kill(struct sim_host *host);
/* What its node carried for the managers has ended with it. */
void manager_lose_node(struct sim_host *host);

/* handover_sim_guest.c: the machine at the serial line, from its start to its end. */
int sim_guest_run(void *copy, GError **err);

/* handover_truth.c: judges, and notes what is wrong. In the end no copy is left behind, each guest
 * that was not killed lives in its last copy (or is known to be uncertain), the record says where,
 * and a pass is one. */
void world_check_end(struct world *world);
