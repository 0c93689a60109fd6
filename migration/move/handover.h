/*
 * The handover: one leg of one VM, from the host where it runs to another.
 *
 * The promise: never two running copies, never none that could have lived.
 *
 *     source                                destination
 *     (VM runs)                             prepare VM: stopped, incoming
 *                  exchange "ready": address and port, what the machine is
 *     start work (first leg)
 *                  barrier "start"
 *     connect, migrate ---------------------> receive
 *     completed (postmigrate)               completed (paused)
 *                  exchange "moved": both completed; statistics, guest state
 *                                           ledger: owns; cont; RESUME
 *                  exchange "running"
 *     end the source copy                   check the guest
 *                  exchange "checked"
 *
 * Ownership is a token. The source gives it up when it *arrives* at "moved"; from then on it goes
 * on only with proof that the destination's copy is dead and never ran. The destination may start
 * the guest only after it was released from "moved", so with both ends complete.
 *
 * After a failure both ends come to "settle", which survives the test's abort: the destination
 * destroys its copy, unless that runs already, says so, and waits for nobody; the source waits for
 * that word, and continues on it, or leaves its copy stopped when the guest lives over there. The
 * destination says it also when it is done: it may have been released from "running" while the
 * source was not. If the destination cannot be reached and the source's copy is stopped, it stays
 * stopped; nor is a copy ended that does not answer and was not seen dead. The result is UNCERTAIN,
 * since nobody guesses, and such a copy is kept until the job ends.
 *
 * In post-copy the guest changes hands while its memory still moves: see postcopy.h.
 *
 * Where the leg was planned to end otherwise than by completing, its failure ends its own scope,
 * not the test; after "settle" both ends tell each other at "outcome" what they know, and come to
 * the same conclusion.
 */
#pragma once

#include "migration/move/agree.h"
#include "migration/move/leg.h"
#include "migration/move/leg_usage.h"
#include "migration/move/script.h"
#include "migration/move/seat.h"
#include "migration/move/transport/transport.h"
#include "migration/move/work.h"

/*
 * Runs this host's part of the leg for a seat. Returns 0 when the leg has ended as planned, after
 * "checked" or "outcome"; *outcome is the same at both ends. -1: the test cannot go on. On a host
 * that is neither source nor destination there is nothing to do, and nothing is known
 * (LEG_UNKNOWN). work: NULL: none.
 */
int handover(struct seat *seat, const struct agreement *agreement, const struct leg_plan *leg,
             const struct work *work, struct leg_outcome *outcome, GError **err);

/* For the checks after a leg, which mig_timeout does not count; more for a large guest
 * (seat_patience_ms(), and each of the checks has that, too). */
#define HANDOVER_CHECK_MS 300000

/* What the destination waits longer than the source, which keeps the leg's time. */
#define HANDOVER_LATE_MS INT64_C(15000)

#define HANDOVER_START_MS 30000 /* for a hypervisor to start, on a slow host */

/* How far a leg has come on this host; logged at each step. */
enum handover_step {
    HANDOVER_PREPARING, /* the source's guest runs; the destination does not exist or waits */
    HANDOVER_MOVING,    /* the stream flows */
    HANDOVER_COMPLETED, /* our end has completed; the source still holds the token */
    HANDOVER_GIVEN,     /* source: arrived at "moved", the token is given up */
    HANDOVER_OWNED,     /* destination: wrote owns to the ledger; may have started the guest */
    HANDOVER_DONE,      /* "running" was answered: the destination has the one copy */
};

/* The state of a leg while it runs; shared by source.c, destination.c and settle.c. */
struct handover {
    struct seat *seat;
    const struct agreement *agreement;
    const struct leg_plan *leg;
    const struct work *work;
    Vtmh__Migration *record; /* this end's part of the result */
    enum handover_step step;
    unsigned members[2];
    int64_t deadline;            /* of the whole leg */
    int64_t started_us;          /* CLOCK_MONOTONIC */
    struct leg_usage usage;      /* as it was at "start" */
    int64_t stopped_at_us;       /* CLOCK_MONOTONIC of the source's STOP, 0 if unknown */
    int64_t cont_at_us;          /* the same of when the destination's guest was to start */
    int64_t ledger_us;           /* that the ledger took to be written before */
    struct guest_beat last_beat; /* the source's last */
    struct prober *prober;    /* destination: asks the guest over the network; NULL: nobody here */
    struct channel *channel;  /* this end of the stream; NULL: none yet */
    struct channel *disks;    /* this end of the way of its disks (disks.h); NULL: none move */
    bool has_moved;           /* bytes of the guest have gone, or come */
    bool was_called_off;      /* by the source, as planned */
    bool has_script_failed;   /* a step of a script could not be done here */
    bool is_switching;        /* source: to post-copy, or it has */
    struct event switch_over; /* source: it is no longer under way */
    bool has_switched;        /* source: the guest may be the destination's by that */
    bool is_unknown;          /* source: what became of the managers' call (managed.h) */
    bool is_moved;            /* destination: released from "moved", so the guest is ours */
    char *guest;              /* destination: what the source then said of it */
    bool boots;               /* and that it was not up yet */
    bool is_moving;           /* it counts among the test's legs that move */
    GError *error;            /* why this end has not ended well; the running fiber's */
};

void handover_step(struct handover *h, enum handover_step step);

/* Which end this host is, and the index of the other one's. */
bool handover_is_source(const struct handover *h);
unsigned handover_other(const struct handover *h);

/* A meeting of the two ends, named "<what> <vm>". tag: a buffer that the meeting refers to. */
struct test_meeting handover_meeting(const struct handover *h, const char *what, char tag[80]);

/*
 * Meets at "ready" and sees that both ends have the same machine, and are asked for the same
 * migration. mine: what this end has to say beside, transfer full. Returns what the other end says;
 * transfer full.
 */
json_t *handover_ready(struct handover *h, json_t *mine, GError **err);

/* Enters into the leg's record what the guest's clock says here, if it says anything. */
void handover_read_clock(struct handover *h);

/*
 * Meets at "start", once the guest's work has gone on for as long as is asked for. From then on
 * both ends have mig_timeout for the leg, whatever that work has taken.
 */
int handover_start(struct handover *h, GError **err);

/* Does one of the test's own pieces of work, unless there is none. */
#define HANDOVER_WORK(h, piece, err)                                                               \
    ((h)->work->piece == NULL ? 0 : (h)->work->piece((h)->seat, err))

/*
 * The body of the fiber that carries out a script at one end: arg is a struct script_run whose leg
 * is the handover. A step that cannot be done is the end of the leg, and fails the test in whatever
 * way the leg may end: what was asked for was not carried out.
 */
int handover_script(void *arg, GError **err);

/* After the stream has ended well: a step of the script that was not done makes the test a WARN,
 * unless it was planned that the leg may end otherwise. */
void handover_warn_undone(struct handover *h, struct script_run *script);

/* Tells the VM here what is asked of the migration: options, limits, credentials. */
int handover_prepare(struct handover *h, enum move_end end, int64_t deadline, GError **err);

/* Destination, before it starts the guest: makes what the source knows of it known to us, and
 * writes to the ledger that the one copy is here. guest: of the source's guest_state(), NULL if it
 * said none; boots: it was not up yet. */
int handover_own(struct handover *h, const char *guest, bool boots, GError **err);

/* Meets at "written", where the source writes all of the stream before the destination reads. */
int handover_written(struct handover *h, GError **err);

int source_run(struct handover *h, GError **err);
int destination_run(struct handover *h, GError **err);

/* After a failure (cause): see above. Sets the record's survivor, and puts what this end learns
 * about itself in place of the cause if that is the better evidence. Works on a cancelled fiber. */
void settle_source(struct handover *h, GError **cause);
void settle_destination(struct handover *h, GError **cause);
