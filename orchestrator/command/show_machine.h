/* `vtmh show --machine`: what would be started, as vtmh-node says it. */
#pragma once

#include "orchestrator/selection.h"

/*
 * Prints the machine of one VM as JSON. test: number or name of the test; NULL: the only one.
 * host: whose parameters count, from 1. by_libvirt: as domain XML, with a note on stderr of each
 * thing that goes past libvirt. Returns the exit status: 0; EXIT_BIT_USAGE when something
 * of the command line or the configuration is wrong; EXIT_BIT_JOB when this computer cannot say.
 */
int show_machine(const struct selection *selection, const char *test, const char *vm, unsigned host,
                 bool by_libvirt);
