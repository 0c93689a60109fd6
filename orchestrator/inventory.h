/* The machines of a job: what -m names. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct machine {
    char *name;    /* what the user calls it: host1, user@host:2222 is named "host", local:a is "a" */
    bool is_local; /* a node as a child process here */
    char *host;    /* host part as written; NULL if local */
    char *user;    /* NULL: ssh's configuration decides */
    uint16_t port; /* 0: ssh's configuration decides */
    unsigned index; /* position in -m, from 0 */
};

/*
 * Parses a comma-separated list of [user@]host[:port] ([v6]:port) and local:NAME. A machine named twice
 * is an error that names it. Transfer full: array of struct machine.
 */
GPtrArray *inventory_parse(const char *list, GError **err);

/* Appends the machines of a file, one a line, # comments. */
int inventory_read_file(const char *path, GPtrArray *machines, GError **err);
void machine_free(struct machine *machine);
