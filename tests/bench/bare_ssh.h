/* The least that libssh2 and libuv need to run one command on many hosts at once. For bench_ssh. */
#pragma once

#include "ssh_hosts.h"

/*
 * Opens a session to each host and runs there, in /bin/sh -s, the script that script_of(arg, host)
 * gives (transfer full). outputs: by host, transfer full. Returns -1 if a step failed anywhere.
 */
int bare_ssh_run(const struct ssh_hosts *hosts, char *(*script_of)(void *arg, unsigned host),
                 void *arg, char **outputs, GError **err);
