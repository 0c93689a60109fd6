/*
 * A world of two hosts in one process, for testing the handover: hypervisors, guests and the
 * network are fakes; scenario, handover, settling, the nodes' meetings, the meeting book and the
 * verdict are the real ones. No time passes and no descriptor is opened: each wait ends by an
 * event, and when everything has come to rest, the world lets the next deadline pass.
 *
 * A call of a fake is a point, counted from 0, the same in each run of the same setup. At any point
 * a fault can strike. After each point the world looks whether what must never be is so, and notes
 * it.
 */
#pragma once

#include "proto/vtmh.pb-c.h"

#include <glib.h>
#include <stdbool.h>

enum { SOURCE, DESTINATION, WORLD_HOSTS };

/* What the test is. */
struct world_setup {
    unsigned n_vms;
    unsigned legs;
    bool offline;
    bool may_fail;    /* legs may end in any way, and leave the guest anywhere */
    unsigned retries; /* of a leg that left the guest on its source */
    bool ends_differ; /* the destination alone is asked for compression */
    int slow_host;    /* messages reach this host later than the other; -1: none is slow */
};

enum fault_kind {
    FAULT_NONE,
    FAULT_REFUSED,     /* the call fails and has no effect */
    FAULT_UNHEARD,     /* the call takes effect, but its answer does not come in time */
    FAULT_LATE,        /* the call times out; it takes effect when its VM is called next */
    FAULT_KILLED,      /* the VM that is called is killed just before */
    FAULT_PEER_KILLED, /* the VM's other copy is killed just before */
    FAULT_PANICKED,    /* the guest of the VM that is called panics just before, if it runs */
    FAULT_SOURCE_LOST, /* host SOURCE falls silent for good */
    FAULT_DESTINATION_LOST,
    FAULT_INTERRUPTED,    /* Ctrl-C at the coordinator */
    FAULT_SOURCE_STOPPED, /* SIGTERM to the node on SOURCE */
    FAULT_DESTINATION_STOPPED,
    N_FAULTS,
};

struct fault {
    enum fault_kind kind;
    unsigned point;
};

/* What happened. */
struct world_outcome {
    bool is_promise_broken; /* two copies ran, or the guest went back in time */
    unsigned n_points;      /* that were passed */
    char *where;         /* the first fault's point, "destination vm_cont vm1"; NULL: not reached */
    Vtmh__Status status; /* the verdict */
    char *cause;         /* its cause, or NULL */
    GPtrArray *wrong;    /* char *: what must never be and was */
    GPtrArray *log;      /* char *: what was done, for people */
};

const char *fault_name(enum fault_kind kind);

/* Runs a test from first to last. At most two faults. */
struct world_outcome *world_run(const struct world_setup *setup, const struct fault *faults,
                                unsigned n_faults);
void world_outcome_free(struct world_outcome *outcome);
