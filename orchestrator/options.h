/* The command line of `vtmh run` (the default command), parsed and checked. */
#pragma once

#include "orchestrator/inventory.h"
#include "orchestrator/report/display.h"
#include "orchestrator/selection.h"
#include "orchestrator/where.h"
#include "sync/autoptr.h"

#define TUPLE_MAX 64 /* hosts of one test */

/* What --dry-run asks for. */
enum run_dry {
    RUN_REAL,
    RUN_DRY,   /* tell what would run, without touching a host */
    RUN_HOSTS, /* the same, and let the hosts agree on it */
};

struct run_options {
    struct selection selection; /* first: SELECTION_ROWS has it as its target */
    GPtrArray *machines;        /* struct machine */
    struct where *where;        /* --where, or NULL */
    char *where_text;           /* as it was written */
    GPtrArray *left_out;        /* char *: which machines it leaves out by their labels, and why */
    char *test;                 /* --test: the one test to run, by number or name; or NULL */
    char *replay;               /* --replay: the job to run again, or NULL; see replay.h */
    bool allow_changed;         /* replay it though its configuration has changed */
    char *results_dir;          /* -r, or NULL */
    unsigned repeat;            /* rounds of the list; 0: until something ends the job */
    int64_t for_ms;             /* --for, 0: any time */
    bool until_fail;            /* --until-fail */
    unsigned max_fail;          /* --max-fail, 0: any number */
    unsigned tuple;             /* --tuple, 2 by default */
    bool each;                  /* each test on every tuple */
    bool fail_fast;
    bool alone;       /* --share no: no other job on the hosts */
    enum run_dry dry; /* --dry-run */
    bool allow_empty; /* no test that passed is no reason for an exit status */
    GStrv holds;      /* --hold: points at which a test waits for Enter; NULL: none */
    bool keep;        /* --keep */
    bool accept_new_host_keys;
    int64_t job_timeout_ms; /* 0: none */
    enum display_level level;
    char *json_file;    /* --json FILE, "-" is stdout */
    char *metrics_file; /* --metrics FILE */
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
