/*
 * A world of two hosts in one process, for testing the handover. The hypervisor is a vm_driver of
 * its own ("simulated"), the channel between two of them a transport, the guest what answers at the
 * other end of a serial line; the network, the ledger and the link to the coordinator are made up
 * as well. All else is the product: VM, guest, agreement, scenario, handover, settling, the nodes'
 * meetings, the meeting book and the verdict. Time passes only when everything has come to rest
 * (sim_clock.h).
 *
 * A call of something simulated is a point, counted from 0, the same in each run of the same setup.
 * At any point a fault can strike. After each point the world looks whether what must never be is
 * so, and notes it.
 */
#pragma once

#include "proto/vtmh.pb-c.h"

#include <glib.h>
#include <stdbool.h>

enum { SOURCE, DESTINATION, WORLD_HOSTS };

/* A time of the switch that always comes. */
#define POSTCOPY_AT_ONCE "active"

/* What the test is. */
struct world_setup {
    unsigned n_vms;
    unsigned legs;
    bool offline;
    const char *postcopy_when; /* when to switch to post-copy (mig_postcopy_when); NULL: never */
    bool no_recovery;          /* a stream that breaks in post-copy is not replaced */
    bool ahead;                /* the next destination's hypervisor is started ahead */
    bool may_fail;             /* legs may end in any way, and leave the guest anywhere */
    unsigned retries;          /* of a leg that left the guest on its source */
    bool ends_differ;          /* the destination alone is asked for compression */
    unsigned timeout_s;        /* of a leg (mig_timeout); 0: a minute */
    const char *script;        /* what happens meanwhile (mig_script); NULL: nothing */
    bool managed;              /* managers move the VMs (migration/move/managed.h) */
    bool lets_go;              /* and start them at the destination (mig_hold = no) */
    bool is_direct;            /* the managers reach each other without their nodes' help */
    int slow_host;             /* messages reach this host later than the other; -1: none is slow */
};

enum fault_kind {
    FAULT_NONE,
    FAULT_REFUSED,     /* the call fails and has no effect */
    FAULT_UNHEARD,     /* the call takes effect, but its answer does not come in time */
    FAULT_LATE,        /* the call times out; it takes effect when its VM is called next */
    FAULT_KILLED,      /* the VM that is called is killed just before */
    FAULT_PEER_KILLED, /* the VM's other copy is killed just before */
    FAULT_PANICKED,    /* the guest of the VM that is called panics just before, if it runs */
    FAULT_SOURCE_LOST, /* the link of host SOURCE to the coordinator is cut for good */
    FAULT_DESTINATION_LOST,
    FAULT_INTERRUPTED,    /* Ctrl-C at the coordinator */
    FAULT_SOURCE_STOPPED, /* SIGTERM to the node on SOURCE */
    FAULT_DESTINATION_STOPPED,
    N_CALL_FAULTS,

    /* Those of the matrix: they strike their object, whoever is called. */
    FAULT_SOURCE_VM_KILLED = N_CALL_FAULTS,
    FAULT_DESTINATION_VM_KILLED,
    FAULT_SOURCE_NODE_KILLED, /* its VMs live on, until somebody cleans up there */
    FAULT_DESTINATION_NODE_KILLED,
    FAULT_COORDINATOR_KILLED,
    FAULT_SOURCE_FROZEN, /* node, VMs and all, for longer than the coordinator waits for it */
    FAULT_DESTINATION_FROZEN,
    FAULT_SOURCE_SLOW, /* as frozen, but so shortly that nobody notices */
    FAULT_DESTINATION_SLOW,
    FAULT_WAY_CUT, /* no byte gets from host to host any more, and no word of it */
    /* The connection breaks: all from here on. */
    FAULT_STREAM_CUT,           /* both ends see it */
    FAULT_STREAM_CUT_AT_SOURCE, /* only the source's hypervisor sees it */
    FAULT_STREAM_CUT_AT_DESTINATION,
    N_STREAM_FAULTS,

    /* Those of a manager; its hypervisors live on. */
    FAULT_SOURCE_MANAGER_KILLED = N_STREAM_FAULTS,
    FAULT_DESTINATION_MANAGER_KILLED,
    N_FAULTS,
};

struct fault {
    enum fault_kind kind;
    unsigned point;
};

/* How far the leg has come, for all who could see everything. */
enum world_phase {
    PHASE_NO_LEG,       /* agreeing, booting */
    PHASE_BEFORE_READY, /* until the book has released "ready" */
    PHASE_READY,        /* until the first byte */
    PHASE_MOVING,       /* until both ends have completed; or the book has released "switch" */
    PHASE_SWITCHING,    /* post-copy: until the source's hypervisor has switched */
    PHASE_SWITCHED,     /* post-copy: until the guest's state is on its way */
    PHASE_GIVEN,        /* post-copy: until the destination's copy runs */
    PHASE_TWO_HALVES,   /* post-copy: until both ends have completed */
    PHASE_COMPLETED,    /* until the book has released "moved" */
    PHASE_MOVED,        /* until the destination's copy runs; if it did: the source's has ended */
    PHASE_RUNNING,      /* until the source's copy has ended */
    PHASE_RELEASED,
    N_PHASES,
};

/* What happened. */
struct world_outcome {
    bool is_promise_broken; /* two copies ran, or the guest went back in time */
    GArray *phases;         /* enum world_phase of each point that was passed */
    char *where;         /* the first fault's point, "destination vm_cont vm1"; NULL: not reached */
    bool has_struck;     /* there was something that the first fault could strike */
    Vtmh__Status status; /* the verdict; NONE if there is nobody to have one */
    char *cause;         /* its cause, or NULL */
    GPtrArray *wrong;    /* char *: what must never be and was */
    GPtrArray *log;      /* char *: what was done, for people */
};

const char *fault_name(enum fault_kind kind);
const char *phase_name(enum world_phase phase);

/* Before the first world of a process, and after the last: the folder that its nodes work in. */
void world_set_up(void);
void world_tear_down(void);

/* Runs a test from first to last. At most two faults. */
struct world_outcome *world_run(const struct world_setup *setup, const struct fault *faults,
                                unsigned n_faults);
void world_outcome_free(struct world_outcome *outcome);
