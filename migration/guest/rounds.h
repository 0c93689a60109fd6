/* Letting the guest's memory writer warm up before a move. */
#pragma once

#include "migration/guest/guest.h"

/*
 * Waits until the guest has had the time, by its own clock, to write its whole working set rounds
 * times from now on (dirty_mem, dirty_rate), and until it says that it has written it once at all.
 * Why: a dirty page that goes untracked is one that the emulator has written before and remembers;
 * in a guest whose pages are all fresh, such a bug cannot be seen. Nothing to wait for if the guest
 * does not write. Memory that is bad already is an error of VM_ERROR_GUEST: the move cannot be
 * blamed for it.
 */
int guest_await_rounds(struct guest *guest, const struct params *params, int64_t rounds,
                       int64_t deadline, GError **err);

/* How long that takes a guest which keeps its rate, in ms; 0 if it does not write. */
int guest_rounds_ms(const struct params *params, int64_t rounds, int64_t *ms_out, GError **err);

/* How many pages the guest's memory writer has. */
int guest_set_pages(const struct params *params, int64_t *pages_out, GError **err);
