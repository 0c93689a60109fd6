/*
 * What guests say on their serial line (deploy/guests/README.md), as values: bytes in, lines out;
 * and as it is kept.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum serial_kind {
    SERIAL_TEXT,        /* anything else: kernel messages, the rest of a cut line */
    SERIAL_UP,          /* vtmh NAME up */
    SERIAL_BEAT,        /* T counter ms bad */
    SERIAL_BAD_PAGE,    /* B page have want */
    SERIAL_VERIFIED,    /* V pages bad rounds */
    SERIAL_WORKING_SET, /* W pages */
    SERIAL_RATE,        /* R pages/s */
    SERIAL_SPOILED,     /* C page */
    SERIAL_REFUSED,     /* ? command */
};

struct serial_line {
    enum serial_kind kind;
    uint32_t words[3];
    char name[16]; /* SERIAL_UP */
};

/* Parses a line without its end. */
struct serial_line serial_parse(const char *line);

/* Cuts a stream of bytes into lines. */
struct serial_splitter {
    GString *rest; /* what has come of the next line */
};

typedef void (*serial_line_fn)(const char *line, void *arg);

/*
 * Calls fn for each line that the bytes complete: without LF and CR, valid UTF-8, at most 1,000
 * bytes (a longer one is cut into several).
 */
void serial_split(struct serial_splitter *splitter, const char *bytes, size_t size,
                  serial_line_fn fn, void *arg);
void serial_splitter_clear(struct serial_splitter *splitter);

/* What a guest says, kept in a file: each line with its time, and SERIAL_LOG_BYTES of it at most.
 */
#define SERIAL_LOG_BYTES ((uint64_t)32 << 20)

struct serial_log {
    FILE *file;
    uint64_t size;
};

/* Goes on behind what is there already. -1 with errno. */
int serial_log_open(struct serial_log *log, const char *path);
void serial_log_line(struct serial_log *log, const char *line);
void serial_log_close(struct serial_log *log);
