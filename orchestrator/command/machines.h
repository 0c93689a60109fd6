/* What the commands have in common that work on machines without a job: -m, -M, host keys. */
#pragma once

#include "orchestrator/arguments.h"

#include <stdbool.h>

/* First member of what such a command parses into: the rows below have it as their target. */
struct machines {
    GPtrArray *list;  /* struct machine */
    GPtrArray *known; /* those of -M, until all is read */
    bool accept_new_host_keys;
};

void machines_init(struct machines *machines);
void machines_clear(struct machines *machines);

/* Rows of an argument table. */
/* clang-format off */
#define MACHINES_ROWS                                                                              \
    {"machines", 'm', "HOSTS", .take = machines_take_list,                                         \
     .help = "the hosts, separated by commas: [user@]host[:port],\n"                            \
             "or local:NAME for this computer"},                                                   \
    {"machine-file", 'M', "FILE", .take = machines_take_file,                                      \
     .help = "hosts from a file, one a line: NAME [WHERE] KEY=VALUE…;\n"                             \
             "with -m those that it names"},                                                  \
    {"accept-new-host-keys", .flag = offsetof(struct machines, accept_new_host_keys),              \
     .help = "trust hosts that known_hosts does not have, and add\n"                            \
             "them; a changed key is still refused"}
/* clang-format on */

int machines_take_list(const char *value, void *target, GError **err);
int machines_take_file(const char *value, void *target, GError **err);

/*
 * Parses argv into machines (initialized) and what is behind it. Returns -1 when the command may go
 * on, else the exit status, after printing help or the error. No host is an error.
 */
int machines_parse(const struct arguments *arguments, int argc, char **argv,
                   struct machines *machines);
