/*
 * What becomes of a VM that lives on from an earlier test, when the next one begins on its host.
 * Pure: what there is to know is given.
 *
 * The first that holds decides:
 *
 *     it has ended by itself, or its test has failed    END: it is of no use to anybody
 *     an image that this test makes or writes is open   END: no image is touched that is in use
 *     the test has a VM of that name
 *         force_remove_vm, kill_vm_before_test          END
 *         another environment (env)                     END: a guest never runs twice
 *         it is to move while it boots                  END
 *         another machine, and that is looked at        END
 *         something else works in it                    END
 *         else                                          REUSE
 *     it has none
 *         another environment                           LEAVE: the test knows nothing of it
 *         keep_unrequested_vms                          LEAVE
 *         else                                          END
 *
 * Of one that several hosts could go on with, one does (keep_choose()).
 */
#pragma once

#include <stdbool.h>

enum keep_deed {
    KEEP_LEAVE, /* it rests on */
    KEEP_REUSE, /* the test goes on with it */
    KEEP_END,   /* it is ended; one that the test has boots anew */
};

struct keep_facts {
    const char *ended;   /* how it ended by itself; NULL: it lives */
    bool is_spoiled;     /* the test that kept it has failed */
    const char *in_use;  /* an image that it has open and this test makes or writes; NULL: none */
    bool is_listed;      /* the test has a VM of that name */
    bool is_of_env;      /* both have the same `env` */
    bool is_unwanted;    /* force_remove_vm, kill_vm_before_test */
    bool pauses;         /* paused_after_start_vm */
    bool is_checked;     /* check_vm_needs_restart, check_vm_before_migration */
    const char *machine; /* in what its machine would be another; NULL: in nothing */
    const char *works;   /* likewise of what works in it */
    bool keeps_others;   /* keep_unrequested_vms */
};

/* why_out: of END, a sentence's end ("it has ended: …"). Transfer full; NULL otherwise. */
enum keep_deed keep_judge(const struct keep_facts *facts, char **why_out);

/* Which of n hosts goes on with a VM that these could: the first; n: none. */
unsigned keep_choose(const bool *can, unsigned n);
