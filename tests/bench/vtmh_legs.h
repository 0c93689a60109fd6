/* The product's legs for bench_legs: a whole run over two local hosts. */
#pragma once

#include "tests/bench/leg_times.h"

#include <glib.h>
#include <stdbool.h>

/* Moves a guest ("tick", "jeos") n times to and fro by a program vtmh. prepared: with
 * prepare_ahead. times_out: of the n legs, from its results.json. Returns 0, or -1 with err. */
int vtmh_legs(const char *vtmh, const char *guest, bool prepared, unsigned n,
              struct leg_times *times_out, GError **err);
