/*
 * Proves that KVM on this host really executes guests.
 *
 * There are hosts where /dev/kvm opens, makes a VM and a vCPU, and then hangs or fails the guest at
 * the first SSE instruction, or interprets every instruction. What tells them apart is a guest that
 * uses SSE2 and POPCNT and counts to two million in time: a healthy KVM takes a few milliseconds.
 */
#pragma once

#include "sync/fiber.h"

/* The argument with which a program that offers kvm_proof_main() is started for it. */
#define KVM_PROOF_ARGUMENT "prove-kvm"

/*
 * The proof itself, to be run as a process of its own (`vtmh-node prove-kvm`), since a broken KVM
 * may hang whoever uses it. Prints one line to stdout: "ok" or the reason. Returns the exit status:
 * 0 proven, 1 not.
 */
int kvm_proof_main(void);

/*
 * Runs `self_exe prove-kvm`. *proven_out tells; *reason_out says why not in a sentence (NULL when
 * proven; transfer full). -1 only when the fiber was cancelled.
 */
int kvm_proof_run(const char *self_exe, int64_t deadline, bool *proven_out, char **reason_out,
                  GError **err);
