/*
 * What an error of VM_ERROR rests on, as data beside its words: which end's failure it testifies
 * to, and when. It is decided where the error is made, since only there is it known whether a
 * hypervisor spoke of itself or of what it saw of the other end; the verdict compares it
 * (orchestrator/verdict.h), and nobody reads the words.
 */
#pragma once

#include "migration/vm/platform.h"
#include "proto/vtmh.pb-c.h"

/*
 * Sets it on an error of VM_ERROR; returns the error. at_us: CLOCK_MONOTONIC of the thing itself,
 * 0: when the error was made.
 */
GError *evidence_set(GError *error, Vtmh__Evidence evidence, int64_t at_us);

/* The error speaks of a failure on another host of the test, by index. */
void evidence_set_about(GError *error, unsigned host);

/*
 * Of any error. Not set: PEER for VM_ERROR_UNREACHABLE, SELF for all others.
 */
Vtmh__Evidence evidence_of(const GError *error);
int64_t evidence_at_us(const GError *error); /* 0: not known */
int evidence_about(const GError *error);     /* -1: this host */

/* What was being done when it came to be, see sync/doing.h. Errors of other domains than VM_ERROR
 * and SYNC_ERROR: what the running fiber is doing now. Transfer none. */
struct doing *evidence_doing(const GError *error);
