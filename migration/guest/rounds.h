/* Letting the guest's memory writer warm up before a move. */
#pragma once

#include "migration/guest/guest.h"

/*
 * Waits until the guest has had the time, by its own clock, to write its whole working set rounds
 * times from now on (dirty_mem, dirty_rate). Why: a dirty page that goes untracked is one that the
 * emulator has written before and remembers; in a guest whose pages are all fresh, such a bug
 * cannot be seen. Nothing to wait for if the guest does not write.
 */
int guest_await_rounds(struct guest *guest, const struct params *params, int64_t rounds,
                       int64_t deadline, GError **err);
