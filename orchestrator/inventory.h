/* The machines of a job: what -m names. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define INVENTORY_ERROR (inventory_error_quark())
GQuark inventory_error_quark(void);

enum inventory_error {
    INVENTORY_ERROR_SYNTAX, /* not [user@]host[:port] or local:NAME; the message quotes the item */
    INVENTORY_ERROR_TWICE,  /* two items are one machine, or would have one name */
    INVENTORY_ERROR_FILE,   /* -M's file cannot be read; errors in it begin with FILE:LINE */
};

struct machine {
    char *name;     /* unique in the job: host1; user@host:2222 is named "host", or "host:2222" when
                       another machine has the same host part; local:a is "a" */
    char *written;  /* as the user wrote it, for messages */
    bool is_local;  /* a node as a child process here */
    char *host;     /* host part as written, without brackets; NULL if local */
    char *user;     /* NULL: ssh's configuration decides */
    uint16_t port;  /* 0: ssh's configuration decides */
    unsigned index; /* position in -m, from 0 */
    GStrv labels;   /* the words after it in -M's file; empty otherwise */
};

/*
 * Parses a comma-separated list of [user@]host[:port] ([v6]:port) and local:NAME. A machine named
 * twice is an error that names it. Transfer full: array of struct machine.
 */
GPtrArray *inventory_parse(const char *list, GError **err);

/* The same, appended to machines; nothing is appended on failure. */
int inventory_add(GPtrArray *machines, const char *list, GError **err);

/* Appends the machines of a file, one a line, labels behind it, # comments. */
int inventory_read_file(const char *path, GPtrArray *machines, GError **err);

/* An array that frees its machines. Transfer full. */
GPtrArray *inventory_new(void);
void machine_free(struct machine *machine);
