/*
 * When a migration that does not get on is called stalled. Pure: the time, and what was seen, are
 * passed in.
 *
 * The clock of mig_stall_timeout runs only while the hypervisor answers that the stream flows, and
 * no byte has moved. Before it flows (setup), and while there is no answer, QEMU may be walking the
 * guest's memory with its one lock held, which takes seconds a GiB under TCG: then a limit holds
 * that grows with the memory. A process that does not answer and uses no CPU either is hung.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum stall_finding {
    STALL_NONE,
    STALL_BYTES, /* it answers that the stream flows, and no byte has moved */
    STALL_SETUP, /* it answers that it is still preparing, for too long */
    STALL_HUNG,  /* no answer, and the process uses no CPU */
    STALL_SLOW,  /* no answer for too long, though the process uses CPU */
};

struct stall {
    int64_t stall_ms;    /* mig_stall_timeout */
    int64_t patience_ms; /* the limit that grows with the guest's memory */
    int64_t began_ms, moved_ms, answered_ms, asked_ms;
    int64_t cpu_ms; /* that the process had used when it was asked */
    int64_t bytes;
};

void stall_init(struct stall *stall, int64_t stall_ms, int64_t patience_ms, int64_t now_ms);

/* A question is about to be asked. cpu_ms: what the process has used so far, -1: not known. */
void stall_ask(struct stall *stall, int64_t now_ms, int64_t cpu_ms);

/* It was answered. status: as query-migrate names it. */
enum stall_finding stall_answered(struct stall *stall, int64_t now_ms, const char *status,
                                  int64_t bytes);

/* It was not, for stall_ms. */
enum stall_finding stall_unanswered(const struct stall *stall, int64_t now_ms, int64_t cpu_ms);
