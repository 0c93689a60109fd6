/* `vtmh run --dry-run`: what would be run, without touching a host. */
#pragma once

#include "orchestrator/options.h"

#include <glib.h>

/*
 * Prints a line for each test on stdout: its number, its name, and why it would be skipped; on
 * stderr, each once with the number of its tests, what there is to be warned of and (unless -q was
 * given) to be noted, the hosts and how often the list is run. -1 with a message for the user: exit
 * status 4.
 */
int dry_run(const struct run_options *options, GError **err);
