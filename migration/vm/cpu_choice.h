/* The best CPU model that all hosts of a tuple can run: `auto_cpu_model`. Pure. */
#pragma once

#include "migration/vm/platform.h"

/*
 * The newest by the order of makers' generations, in its newest version, of those that every host
 * runs whole. With KVM only of a maker that is every host's; under TCG of any, Intel's first.
 * NULL: there is none. *better_out: if not NULL, "Haswell-v2, which host2 does not run": the best
 * that some host runs, where that is another; else NULL. Transfer full of both.
 */
char *cpu_choose(const struct vm_offer *const *offers, const char *const *names, unsigned n,
                 bool kvm, char **better_out);

/* Whether a policy out of `auto_cpu_policy` is one that is followed here. */
bool cpu_policy_is_known(const char *policy);
