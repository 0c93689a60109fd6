/* A server and a target that fits it, for the tests of the SSH session; one bed a test process. */
#pragma once

#include "ssh_server.h"

#include <criterion/criterion.h>
#include <string.h>

#define HINT "vtmh --accept-host-key host2"

extern struct ssh_server *server;
extern const char *identities[4]; /* of the target; the first is the accepted one */
extern struct known_hosts_policy policy;
extern struct ssh_target target;

int64_t soon(void);

/* Prepares a server with more configuration; run() does it without. */
void prepare(const char *extra);

/* Runs a test's body in a fiber, with the server started; known: its host keys are in
 * known_hosts. */
void run(fiber_fn fn, bool known);

/* Connects and runs a command. */
int whoami(void *arg, GError **err);

void assert_error(const GError *err, GQuark domain, int code, const char *part);

/* Connects, and expects this failure of SSH_ERROR. */
void assert_refused(int code, const char *part);

/* Runs the tests of a program, or says why not: the body of main(). */
int run_tests(int argc, char **argv);
