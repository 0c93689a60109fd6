/*
 * A shell command of the user's on this host, with all that it starts.
 *
 * It runs in a session of its own. What it leaves in its working directory, the
 * test's folder, is kept with the results; what it prints goes to NAME.log there (at most
 * SHELL_LOG_BYTES of it). It sees each parameter of the test as KVM_TEST_<name>, as with
 * avocado-vt, and as VTMH_<name>, except for secret ones.
 *
 * What it leaves running in its session lives until shell_end(). What left the session is found by
 * the node's mark, as a leak.
 */
#pragma once

#include "migration/host.h"
#include "sync/autoptr.h"

#define SHELL_LOG_BYTES (1024u * 1024u)

struct shell;

/* name: "pre_command", also of its log. Runs TEXT by /bin/sh. Transfer full: end it in the same
 * fiber by shell_end(). */
struct shell *shell_start(const struct host *host, const char *name, const char *text,
                          const struct params *params, GError **err);

/*
 * Waits until the shell has ended, and is an error if that is not by exit status 0: with the last
 * line that it printed. At the deadline, and when it is cancelled, it still runs.
 */
int shell_await(struct shell *shell, int64_t deadline, GError **err);

/* Kills what is left of it (SIGKILL), waits for that until the deadline, and frees it. Call it on a
 * fiber that is not cancelled, or shielded. NULL is fine. */
int shell_end(struct shell *shell, int64_t deadline, GError **err);
