/*
 * A VM that lives on behind its test (keep_vms_after_test), until the next test of its host goes on
 * with it or ends it, or the job is over. The node keeps it; it stays in the ledger.
 *
 * While nobody has it, somebody has to listen to its serial port: a guest that nobody hears stands
 * still one day.
 */
#pragma once

#include "migration/vm/vm.h"
#include "sync/autoptr.h"

#define KEPT_SAID_BYTES 65536 /* of what it says meanwhile, the last so many are kept */

struct kept {
    struct vm *vm;         /* owned; NULL: a test has it again */
    char *guest_state;     /* what its guest is doing (guest_state()) */
    struct params *params; /* of the VM, in the test that kept it */
    char *made_of;         /* what it was started as (scenario/process/same.h) */
    char *works;           /* what works in its guest, likewise */
    char *env;             /* the environment that it belongs to (env) */
    GStrv images;          /* where the images are that it has open */
    bool is_changed;       /* it is not as it was started: something was plugged in or out */

    /* Of the node. */
    uint64_t test;   /* that has kept it */
    bool is_spoiled; /* … and has failed, when all was known of it */
    void *home;      /* what the VM's host lives in; let go of when nobody has it any more */
    GDestroyNotify leave_home;

    struct fiber *listener; /* NULL: nobody listens here */
    GByteArray *said;       /* since it was kept */
};

/* Takes the VM over. Transfer full. */
struct kept *kept_new(struct vm *vm);

/* Listens to it, in a fiber of the scope, until kept_wake(). */
void kept_sleep(struct kept *kept, struct scope *scope);
void kept_wake(struct kept *kept);

/* A VM that it still has is let go of: see vm_drop(). NULL is fine. */
void kept_free(struct kept *kept);

AUTOPTR_STRUCT(kept, kept_free);
