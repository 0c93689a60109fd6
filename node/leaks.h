/* The leak check after a test: what is still here that should not be. */
#pragma once

#include "node/node.h"

/*
 * Looks at the ledger, at the processes that carry the node's mark, and at the test's scratch
 * folder, each independent of the other. Transfer full: char *, "process 12 (qemu-system-x86)",
 * "file …".
 */
GPtrArray *leaks_find(const struct node *node, const char *run_dir);
