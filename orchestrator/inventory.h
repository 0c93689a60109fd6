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
    GStrv labels;   /* "KEY=VALUE": of -M's file; empty otherwise */
    char *file;     /* of that; NULL otherwise … */
    unsigned line;  /* … and its line, from 1 … */
    char *text;     /* … which reads so */
};

/* The value of a label, or NULL. Transfer none. */
const char *machine_label(const struct machine *machine, const char *key);

/* An error about a word of the machine's line: "FILE:LINE: …", the line and a caret. Returns -1. */
int machine_error(const struct machine *machine, const char *word, GError **err, const char *format,
                  ...) G_GNUC_PRINTF(4, 5);

/*
 * Parses a comma-separated list of [user@]host[:port] ([v6]:port) and local:NAME. A machine named
 * twice is an error that names it. Transfer full: array of struct machine.
 */
GPtrArray *inventory_parse(const char *list, GError **err);

/* The same, appended to machines; nothing is appended on failure. */
int inventory_add(GPtrArray *machines, const char *list, GError **err);

/* Appends the machines of a file, one a line: NAME [WHERE] KEY=VALUE…, where WHERE is as in -m and
 * may be left out if it is NAME; # comments. */
int inventory_read_file(const char *path, GPtrArray *machines, GError **err);

/*
 * What -m and -M say together, in named: without a list all of the file; of a list those of the
 * file that it names, and others as they are. known is emptied.
 */
int inventory_join(GPtrArray *named, GPtrArray *known, GError **err);

/* An array that frees its machines. Transfer full. */
GPtrArray *inventory_new(void);
void machine_free(struct machine *machine);
