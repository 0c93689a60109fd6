/* A job's statistics, as the protocol says them. */
#pragma once

#include <jansson.h>
#include <libvirt/libvirt.h>

/* {type, operation, …}. type: virDomainJobType; -1: of a job that is over, as the parameters tell.
 * Transfer full. */
json_t *job_stats_to_json(int type, const virTypedParameter *parameters, int count);
