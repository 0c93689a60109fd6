/* The daemon behind vtmh-mem and vtmh-disk: writes a store page by page, round and round, at a set
 * rate, checks each page before it writes it, and answers on a control socket.
 *
 * What a stall has cost is not caught up. A bad page is counted once and repaired, whoever finds
 * it.
 */
#ifndef VTMH_JEOS_WRITER_H
#define VTMH_JEOS_WRITER_H

#include "page.h"
#include "serial.h"

#include <stdint.h>

/* Where the pages are. Both functions return 0, or -1 with errno set. */
struct store {
    /* Sets PAGE to the page's present content, valid until the next call. */
    int (*load)(struct store *store, uint32_t index, struct page **page);
    /* PAGE is what load gave for INDEX, changed. */
    int (*save)(struct store *store, uint32_t index, struct page *page);
    uint32_t pages;
    void *memory; /* the store's own */
    int fd;       /* the store's own */
};

/* One program: its name, and the slot of the bad count it adds to. Its control socket is NAME.sock in
 * /run, or in /tmp for who is not root. */
struct program {
    const char *name;   /* "vtmh-mem" */
    enum bad_slot slot;
};

/* Fills the store, puts the process in the background and serves until `stop`. Returns in the
 * foreground process when the daemon writes and listens: an exit status. */
int writer_start(const struct program *program, struct store *store, double bytes_per_s);

/* Sends VERB to the daemon, prints its answer. Returns an exit status: 0 clean, 1 bad pages, 2 not
 * running or not understood. */
int writer_ask(const struct program *program, const char *verb);

#endif
