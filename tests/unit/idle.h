/* Children that do nothing, for tests of what ends processes. They die with the test. */
#pragma once

#include <sys/types.h>

/* A copy of the test that waits until it is ended. SIGTERM ends it, whatever the runner thinks. */
pid_t idle_start(void);

/*
 * Another program, with name=value in its environment from its first moment. It ends by itself when
 * *input_out is closed.
 */
pid_t idle_start_marked(const char *name, const char *value, int *input_out);

/* Kills it, if it still runs, and reaps it. */
void idle_end(pid_t pid);
