/* What a job found out: the record from which every report is made. */
#pragma once

#include "orchestrator/leg_totals.h"
#include "proto/vtmh.pb-c.h"
#include "sync/autoptr.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit status bits, as avocado's (and 16: passed with warnings). */
enum exit_bits {
    EXIT_BIT_TESTS_FAILED = 1, /* FAIL or ERROR */
    EXIT_BIT_JOB = 2,          /* the job could not go on: a host unreachable or lost */
    EXIT_BIT_USAGE = 4,        /* command line or configuration */
    EXIT_BIT_INTERRUPTED = 8,
    EXIT_BIT_WARNINGS = 16,
    EXIT_BIT_NOTHING = 32, /* nothing was tested, and no other bit says why */
};

/* What a process used during a leg. -1: not measured. */
struct process_usage {
    double cpu_ms;
    int64_t peak_rss_bytes;
};

enum leg_side { LEG_SOURCE, LEG_DESTINATION, LEG_SIDES };
enum leg_process { LEG_HYPERVISOR, LEG_NODE, LEG_RELAY, LEG_PROCESSES };

/* What stop_to_resume_ms consists of, in ms. All -1: not measured. */
struct downtime_parts {
    double hypervisor, moved, ledger, cont;
};

/* One leg, both ends' views joined. Figures that were not measured are negative. */
struct leg_result {
    char *vm;
    char *source, *destination; /* host names */
    char *protocol, *driver, *guard;
    unsigned leg;
    unsigned attempt;   /* of the leg, from 1 */
    char *status;       /* completed, cancelled, refused, failed, uncertain */
    bool is_as_planned; /* that, and the survivor, are what the test was to see */
    bool offline;
    bool prepared;  /* the destination's hypervisor ran before the leg was asked for */
    bool one_clock; /* the clocks of both hosts are one */
    double cycle_ms, prepare_ms, total_ms, setup_ms, downtime_ms, stop_to_resume_ms;
    double network_gap_ms; /* the larger of the next two */
    double network_gap_in_ms, network_gap_out_ms, network_baseline_ms;
    char *network_gap_at, *network_observer; /* NULL: not known */
    int64_t network_lost, network_announced;
    double guest_gap_ms;                           /* the longest in the whole leg */
    double guest_gap_source_ms, switchover_gap_ms; /* before the guest was stopped; round that */
    double guest_clock_source_ms,
        guest_clock_destination_ms; /* ahead of the host's; NAN: unknown */
    double guest_clock_drift_ms;    /* from the one to the other */
    struct downtime_parts downtime_parts;
    struct process_usage usage[LEG_SIDES][LEG_PROCESSES];
    int64_t transferred_bytes, dirty_syncs;
    int64_t iterations; /* rows of the source's table of this leg (VM.series.csv) */
    int64_t pages_sent_again, set_pages; /* what memory_check rests on */
    int64_t remaining_bytes;             /* at the last look, as the next */
    double bytes_per_s;
    GPtrArray *options; /* char *, of the migration: "xbzrle = yes" */
    json_t *asked;      /* parameters for it alone: name -> value */
    int64_t throttle_percent, xbzrle_pages, compressed_pages, multifd_bytes, switchover_pauses;
    int64_t postcopy_bytes, postcopy_requests;
    int64_t mirrored_bytes;       /* of disks that moved along, as the next */
    double mirror_ms, compare_ms; /* before the memory moved; behind it */
    unsigned recoveries;          /* streams that broke in post-copy and were replaced */
    Vtmh__MemoryCheck memory_check;
    char *not_checked; /* why memory_check is no more than that; NULL: not said */
    uint64_t bad_pages;
    Vtmh__Survivor survivor;
};

struct test_result {
    unsigned number; /* 1-based, in the job */
    char *name;
    char *shortname;
    char *type;  /* may be NULL when the test never began */
    char *guest; /* likewise */
    GStrv hosts;
    Vtmh__Status status;
    char *fail_host;          /* NULL: none, or the coordinator itself */
    char *fail_cause;         /* NULL when passed */
    char *fail_context;       /* where that was, and during what; NULL: not known */
    bool only_agree;          /* its hosts were only to agree: it passes without a leg */
    bool is_unmet;            /* SKIP since a test that it depends on did not pass */
    int64_t start_us, end_us; /* CLOCK_REALTIME, the end elapsed_s behind the start, however that
                                 clock is set meanwhile; 0 if it never began */
    double elapsed_s;         /* by the monotonic clock */
    GPtrArray *legs; /* struct leg_result: all, or the first and last (test_result_add_leg()) */
    struct leg_totals totals;      /* of all */
    unsigned legs_max;             /* legs_in_results: how many are kept before most are left out */
    GPtrArray *notes;              /* char *, no repeats, at most NOTES_MAX */
    GPtrArray *leaks;              /* char * */
    json_t *platform;              /* by VM, see test_result_platform() */
    GPtrArray *unknown_parameters; /* char *: keys that no test type knows */
    bool has_parameters;           /* logdir has a parameters.json */
    char *logdir;                  /* relative to the job's folder: test-results/1-NAME */
};

/* What all tests of a job keep together, in legs; what a test runs on counts as so many. */
#define JOB_LEGS_MAX 10000
#define PLATFORM_LEGS 5

/* As many as legs_in_results says where nobody asks for another number. */
#define LEGS_MAX_USUAL 1000

struct job_result {
    char *id;  /* 40 hex digits */
    char *dir; /* absolute */
    char *command_line;
    int64_t start_us, end_us;
    double elapsed_s;
    GPtrArray *tests;      /* struct test_result, by their numbers */
    unsigned legs_kept;    /* of all of them, see job_result_settle() */
    unsigned first_whole;  /* all tests before this place have been looked through for legs */
    GPtrArray *notes;      /* char *, of the job itself, no repeats */
    json_t *configuration; /* what was to be run, so that it can be run again (replay.h), or NULL */
    json_t *hosts;         /* facts, by name */
    bool allow_empty;      /* --allow-empty: nothing tested is no reason for an exit status */
    unsigned exit_bits;    /* JOB, USAGE, INTERRUPTED: what the tests alone do not tell */
    char *trouble;         /* why the job could not go on, or NULL */
    json_t *drift;         /* what changes with its legs (drift.h); NULL: too few to tell */
    char *drift_text;      /* the same for people, when the job has ended */
    GPtrArray *drift_warnings; /* char *: of drift of which no test was warned */
};

struct leg_result *leg_result_new(void); /* all figures -1 */
void leg_result_free(struct leg_result *leg);
struct test_result *test_result_new(unsigned number, const char *name, const char *shortname);
void test_result_free(struct test_result *test);
struct job_result *job_result_new(void);
void job_result_free(struct job_result *job);

AUTOPTR_STRUCT(leg_result, leg_result_free);
AUTOPTR_STRUCT(test_result, test_result_free);
AUTOPTR_STRUCT(job_result, job_result_free);

/* "3-quick.ping_pong": what the test is called in logs, folders and results.json. Transfer full. */
char *test_result_id(const struct test_result *test);

/* What a failure says: "leg 3 / vm1 on host2 / receiving: QEMU said no". NULL: the test has none.
 * Transfer full. */
char *test_result_failure(const struct test_result *test);

/* The same with the test in front, for where that is not said: "test ping_pong / leg 3 / …". */
char *test_result_failure_of_test(const struct test_result *test);

/*
 * Adds a leg, which counts in the totals: transfer full. When there are more than legs_max, only
 * the first LEGS_AT_END and the last as many are kept (of a smaller legs_max, half of it).
 */
#define LEGS_AT_END 100
void test_result_add_leg(struct test_result *test, struct leg_result *leg);

/* Into the order of leg, attempt and VM. */
void test_result_sort_legs(struct test_result *test);
int leg_result_compare(const struct leg_result *left, const struct leg_result *right);

/* Adds a note unless it is there. After NOTES_MAX one more says that others are left out. */
#define NOTES_MAX 1000
void test_result_note(struct test_result *test, const char *text);
void job_result_note(struct job_result *job, const char *text);

/* Puts a test where its number belongs. Transfer full. */
void job_result_add(struct job_result *job, struct test_result *test);

/* A test has ended. When the tests together keep more than JOB_LEGS_MAX, those that are the oldest
 * and did not fail give up their legs and what they ran on; their totals stay. So a list that is
 * repeated for days takes little memory, and results.json stays of a size. */
void job_result_settle(struct job_result *job, const struct test_result *test);

/*
 * What a VM ran on: {VM: {machine, accelerator, cpu_model, ram_bytes, hosts: {HOST: {binary,
 * version, command_lines: {source: "…", destination: "…"}}}}}. A command line can be pasted.
 */
void test_result_platform(struct test_result *test, const char *host,
                          const Vtmh__Platform *platform);
void test_result_command_line(struct test_result *test, const char *host,
                              const Vtmh__CommandLine *line);

/* Something of the job itself went wrong: it is in the exit status (JOB) and, a line each, in
 * trouble. */
void job_result_trouble(struct job_result *job, const char *what);

/* Of the troubles those that no test has for its cause; NULL: none. Transfer full. */
char *job_result_untold_trouble(const struct job_result *job);

/* "PASS", "FAIL", … "INTERRUPTED" (spelt as avocado spells it), "NONE" while there is no
 * verdict. */
const char *status_name(Vtmh__Status status);

/* How many tests have this status. */
unsigned job_result_count(const struct job_result *job, Vtmh__Status status);

/*
 * The program's exit status: the job's own bits and what the tests' statuses add. When all that is
 * 0 though no test passed (all were skipped or cancelled), it is NOTHING.
 */
int job_result_exit_status(const struct job_result *job);
