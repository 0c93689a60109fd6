/*
 * parameters.json of a test: what each host was to do, and who said so.
 *
 *     {"host1": {"mem": {"origin": "base.cfg:12", "value": "32"}, …}, "host2": {…}}
 *
 * origin: FILE:LINE, "command line", "default" (the parameter is known and nobody has set it), or
 * "vtmh" (hosts, hostid). Values of secret parameters are "***".
 */
#pragma once

#include "cfg/params.h"

#include <jansson.h>

/* names: of the tuple, in order. Transfer full. */
json_t *parameters_json(const struct params *test, const char *const *names, unsigned n_hosts);
