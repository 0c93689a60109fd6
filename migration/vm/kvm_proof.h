/*
 * Proves that KVM on this host really executes guests.
 *
 * There are hosts where /dev/kvm opens, makes a VM and a vCPU, and then hangs or fails the guest at
 * the first SSE instruction, or interprets every instruction. What tells them apart is a guest that
 * uses SSE2 and POPCNT and counts to two million in time: a healthy KVM takes a few milliseconds.
 */
#pragma once

#include "migration/vm/file_identity.h"
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

/* A proof, and of which device it is one. Zero at first; lives as long as the process. */
struct kvm_proof {
    bool is_known;
    struct file_identity device;
    bool proven;
    char *reason;
};

/*
 * Makes the proof true of the device as it is now: runs it (kvm_proof_run()) the first time, and
 * when the device has come, gone or changed since. -1 only when the fiber was cancelled.
 */
int kvm_proof_keep(struct kvm_proof *proof, const char *device, const char *self_exe,
                   int64_t deadline, GError **err);
