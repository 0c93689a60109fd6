/*
 * Which hosts a job takes: --where 'pool=rack3,kernel!=5.10'. All conditions must hold. A key is a
 * label of the host, or else a fact that it tells of itself when its node runs. A value may have *
 * and ?; that of a fact also means what begins with it and goes on with a dot or a dash ("5.10":
 * "5.10.0-30-amd64"). Pure.
 */
#pragma once

#include "orchestrator/inventory.h"
#include "sync/autoptr.h"

#include <jansson.h>

struct where;

/* ARGUMENTS_ERROR_VALUE. Transfer full. */
struct where *where_parse(const char *text, GError **err);
void where_free(struct where *where);
AUTOPTR_STRUCT(where, where_free);

/* Whether there is a condition that only a fact of some machine can answer. */
bool where_asks_facts(const struct where *where, const GPtrArray *machines);

/* A key that is neither a label of any machine nor a fact; NULL: there is none. */
const char *where_strange(const struct where *where, const GPtrArray *machines);

/*
 * Why the machine is not to be taken: "it has pool=rack1". NULL: it is, as far as is known. facts:
 * of the machine, as results.json has them; NULL: not known yet. Transfer full.
 */
char *where_refuses(const struct where *where, const struct machine *machine, const json_t *facts);

/* Names them all, when none are known: "kernel, arch, …". */
#define WHERE_FACTS "kernel, arch, system, cpu, cpus, memory_bytes, libvirt"
