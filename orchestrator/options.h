/* The command line of `vtmh run` (the default command), parsed and checked. */
#pragma once

#include "orchestrator/inventory.h"
#include "orchestrator/report/display.h"
#include "sync/autoptr.h"

struct run_options {
    GPtrArray *machines; /* struct machine */
    char *file;          /* FILE.cfg */
    GPtrArray *extra;    /* char *: lines that act at the end of the file: only, no, k = v */
    bool defaults;       /* -d */
    char *results_dir;   /* -r, or NULL */
    unsigned repeat;     /* --repeat, 1 by default */
    unsigned tuple;      /* --tuple, 2 by default */
    bool fail_fast;
    bool dry_run; /* list the tests that would run */
    bool accept_new_host_keys;
    int64_t job_timeout_ms; /* 0: none */
    enum display_level level;
    char *json_file; /* --json FILE, "-" is stdout */
};

/*
 * argv without the program's and the command's name. Returns 0; 1 when --help or --version was
 * asked for and printed; -1 with a message for "vtmh: …" (exit status 4) that names the nearest
 * known option.
 */
int run_options_parse(int argc, char **argv, struct run_options **options, GError **err);
void run_options_free(struct run_options *options);
AUTOPTR_STRUCT(run_options, run_options_free);

/* The text of `vtmh run --help`. Transfer full. */
char *run_options_help(void);
