/*
 * Legs through a whole run of vtmh with two local hosts: does anything grow with them?
 *
 * simulated: the nodes are those of tests/sim, whose guests cost nothing; all else is the product's
 * own programs. qemu: tick in QEMU.
 *
 * Prints a line of JSON with what each process has once in so many legs, and at the end one with
 * the slopes by leg, each with its standard error (orchestrator/drift/trend.h: without the first
 * third). As root the nodes' own folder is a tmpfs of this bench, as /run is one where vtmh is
 * used.
 */
#include "orchestrator/drift/trend.h"
#include "tests/bench/soak_processes.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: bench_soak [--legs N] [--driver simulated|qemu] [--vms N] [--every N] [--keep]\n"
    "                  [--vtmh PROGRAM]\n"
    "\n"
    "Moves guests N times (10000) to and fro between two local nodes, in a test of so many VMs "
    "(1)\n"
    "that move at once, and looks at all processes once in so many legs (1000), at most four "
    "times\n"
    "a second. The last line: legs, seconds, lost_records, slopes {process: {rss_bytes,\n"
    "descriptors, file_bytes: [a leg, its error]}}, and what the results cost. --keep leaves "
    "them.\n";

#define FIGURES 3
#define LOOK_US 250000UL
#define HOSTS 2
#define MARK "VTMH_BENCH" /* in the environment of what we start */

struct options {
    unsigned legs, vms, every;
    bool is_simulated, keeps;
    const char *vtmh;
};

struct bench {
    const struct options *options;
    char *build;   /* where vtmh lies */
    char *dir;     /* of this run */
    char *results; /* in it */
    char *metrics; /* what vtmh says of its legs */
    char *mark;    /* in the environment of its nodes */
    pid_t pid;
    GPtrArray *processes; /* struct soak_process; NULL: not all are there yet */
    struct trend *trends[HOSTS + 1][FIGURES];
    struct soak_look last[HOSTS + 1]; /* before the end */
};

static const char *const figure_names[FIGURES] = {"rss_bytes", "descriptors", "file_bytes"};

static int64_t figure_of(const struct soak_look *look, unsigned figure)
{
    const int64_t figures[FIGURES] = {look->rss_bytes, look->descriptors, look->file_bytes};
    return figures[figure];
}

static void print(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', stdout);
    fflush(stdout);
    json_decref(line);
}

/* Others' nodes are not touched by that: the mount is seen by this process and its children only.
 */
static void make_tmpfs(void)
{
    if (geteuid() != 0)
        return;
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        (mkdir("/run/vtmh", 0700) < 0 && errno != EEXIST) ||
        mount("none", "/run/vtmh", "tmpfs", 0, "mode=0700") < 0)
        fprintf(stderr, "bench_soak: /run/vtmh is no tmpfs: %m\n");
}

/* Transfer full: the path. */
static char *write_config(const struct bench *bench, GError **err)
{
    const struct options *options = bench->options;
    g_autoptr(GString) text = g_string_new("type = migration_multi_host_ping_pong\nguest = tick\n"
                                           "mem = 32\nenable_kvm = no\ndirty_mem = 1\n"
                                           "dirty_rate = 0\ntest_timeout = 1000h\nvms =");
    char *path = g_build_filename(bench->dir, "soak.cfg", NULL);
    for (unsigned i = 0; i < options->vms; i++)
        g_string_append_printf(text, " vm%u", i + 1);
    g_string_append_printf(text, "\nmigrate_count = %u\n", options->legs / MAX(options->vms, 1));
    if (g_file_set_contents(path, text->str, -1, err))
        return path;
    g_free(path);
    return NULL;
}

/* What vtmh asks of a guest before it starts; nobody reads it in a simulated one. */
static int make_guest(const struct bench *bench, GError **err)
{
    g_autofree char *dir = g_build_filename(bench->dir, "vtmh", "guests", "tick", NULL);
    g_autofree char *version = g_build_filename(dir, "VERSION", NULL);
    g_autofree char *rom = g_build_filename(dir, "tick.rom", NULL);
    g_mkdir_with_parents(dir, 0700);
    return g_file_set_contents(version, "0\n", -1, err) && g_file_set_contents(rom, "0\n", -1, err)
               ? 0
               : -1;
}

static int start(struct bench *bench, GError **err)
{
    const struct options *options = bench->options;
    g_autofree char *config = write_config(bench, err);
    if (config == NULL)
        return -1;
    g_auto(GStrv) environment =
        g_environ_setenv(g_get_environ(), MARK, strchr(bench->mark, '=') + 1, TRUE);
    if (options->is_simulated) {
        g_autofree char *nodes = g_build_filename(bench->build, "tests", "sim", NULL);
        if (make_guest(bench, err) < 0)
            return -1;
        environment = g_environ_setenv(environment, "VTMH_EXEC_PATH", nodes, TRUE);
        environment = g_environ_setenv(environment, "XDG_CACHE_HOME", bench->dir, TRUE);
    }
    char *argv[] = {(char *)options->vtmh,
                    "run",
                    "-q",
                    "-m",
                    "local:a,local:b",
                    "-r",
                    bench->results,
                    "--metrics",
                    bench->metrics,
                    config,
                    NULL};
    GPid pid;
    if (!g_spawn_async(NULL, argv, environment,
                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, &pid,
                       err))
        return -1;
    bench->pid = pid;
    return 0;
}

/* As vtmh itself says, once a second. */
static unsigned legs_so_far(const struct bench *bench)
{
    g_autofree char *text = NULL;
    double legs = 0;
    if (!g_file_get_contents(bench->metrics, &text, NULL, NULL))
        return 0;
    for (const char *at = text; (at = strstr(at, "\nvtmh_legs_total{")) != NULL; at++)
        legs += g_ascii_strtod(strstr(at, "} ") + 2, NULL);
    return (unsigned)legs;
}

static void look(struct bench *bench, unsigned legs, bool is_told)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < bench->processes->len; i++) {
        const struct soak_process *process = g_ptr_array_index(bench->processes, i);
        struct soak_look now = soak_process_look(process);
        if (now.rss_bytes <= 0)
            continue; /* it has ended */
        json_t *figures = json_object();
        bench->last[i] = now;
        for (unsigned f = 0; f < FIGURES; f++) {
            trend_add(bench->trends[i][f], 0, legs, (double)figure_of(&now, f));
            json_object_set_new(figures, figure_names[f], json_integer(figure_of(&now, f)));
        }
        json_object_set_new(all, process->name, figures);
    }
    if (is_told)
        print(json_pack("{s:i, s:o}", "legs", (int)legs, "processes", all));
    else
        json_decref(all);
}

/* Until vtmh has ended. Returns its wait status. */
static int watch(struct bench *bench)
{
    unsigned seen = 0, told = 0;
    int status;
    while (waitpid(bench->pid, &status, WNOHANG) == 0) {
        unsigned legs = legs_so_far(bench);
        if (bench->processes == NULL)
            bench->processes = soak_processes_find(bench->pid, bench->mark, bench->results, HOSTS);
        if (bench->processes != NULL && legs > seen) {
            bool is_told = legs / bench->options->every > told / bench->options->every;
            look(bench, legs, is_told);
            seen = legs;
            told = is_told ? legs : told;
        }
        g_usleep(LOOK_US);
    }
    return status;
}

static json_t *slopes(const struct bench *bench)
{
    json_t *all = json_object();
    for (unsigned i = 0; bench->processes != NULL && i < bench->processes->len; i++) {
        const struct soak_process *process = g_ptr_array_index(bench->processes, i);
        json_t *figures = json_object();
        for (unsigned f = 0; f < FIGURES; f++) {
            struct trend_slope slope;
            json_object_set_new(figures, figure_names[f],
                                trend_slope(bench->trends[i][f], &slope)
                                    ? json_pack("[f, f]", slope.slope, slope.error)
                                    : json_null());
        }
        json_object_set_new(all, process->name, figures);
    }
    return all;
}

static double ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    double value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_double(statement, 0);
    else
        fprintf(stderr, "bench_soak: %s: %s\n", sql, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return value;
}

static int64_t bytes_of(const struct bench *bench, const char *file)
{
    g_autofree char *path = g_build_filename(bench->results, "latest", file, NULL);
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}

/* What the results hold of the legs, and how fast they answer. */
static void add_results(const struct bench *bench, json_t *line)
{
    g_autofree char *path = g_build_filename(bench->results, "latest", "job.db", NULL);
    sqlite3 *db = NULL;
    double legs = -1, percentile_s = -1;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        legs = ask(db, "SELECT count(*) FROM legs WHERE status = 'completed'");
        int64_t began_us = g_get_monotonic_time();
        if (ask(db, "SELECT downtime_ms FROM legs WHERE downtime_ms IS NOT NULL ORDER BY "
                    "downtime_ms LIMIT 1 OFFSET (SELECT count(*) FROM legs) * 95 / 100") >= 0)
            percentile_s = (double)(g_get_monotonic_time() - began_us) / 1e6;
    }
    sqlite3_close(db);
    json_object_set_new(line, "lost_records",
                        json_real((double)bench->options->legs - MAX(legs, 0)));
    json_object_set_new(line, "percentile_s", json_real(percentile_s));
    json_object_set_new(line, "results_json_bytes", json_integer(bytes_of(bench, "results.json")));
    json_object_set_new(line, "job_db_bytes", json_integer(bytes_of(bench, "job.db")));
    json_object_set_new(line, "records_bytes", json_integer(bytes_of(bench, "records.ndjson")));
}

static int measure(struct bench *bench, GError **err)
{
    const struct options *options = bench->options;
    double load = -1;
    int64_t began_us = g_get_monotonic_time();
    if (start(bench, err) < 0)
        return -1;
    int status = watch(bench);
    double seconds = (double)(g_get_monotonic_time() - began_us) / 1e6;
    bool passed = g_spawn_check_wait_status(status, err);
    getloadavg(&load, 1);
    json_t *line =
        json_pack("{s:s, s:i, s:i, s:f, s:f, s:f, s:b, s:o}", "driver",
                  options->is_simulated ? "simulated" : "qemu", "legs", (int)options->legs, "vms",
                  (int)options->vms, "seconds", seconds, "leg_ms", 1e3 * seconds / options->legs,
                  "load", load, "passed", (int)passed, "slopes", slopes(bench));
    add_results(bench, line);
    print(line);
    if (!passed)
        g_prefix_error(err, "vtmh: ");
    return passed ? 0 : -1;
}

static void open_bench(struct bench *bench)
{
    bench->results = g_build_filename(bench->dir, "results", NULL);
    bench->metrics = g_build_filename(bench->dir, "soak.prom", NULL);
    bench->mark = g_strdup_printf(MARK "=soak-%d", (int)getpid());
    for (unsigned i = 0; i <= HOSTS; i++)
        for (unsigned f = 0; f < FIGURES; f++)
            bench->trends[i][f] = trend_new(1);
}

static void close_bench(struct bench *bench)
{
    char *remove[] = {"rm", "-rf", bench->dir, NULL};
    if (bench->options->keeps)
        fprintf(stderr, "bench_soak: %s\n", bench->results);
    else
        g_spawn_sync(NULL, remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    for (unsigned i = 0; i <= HOSTS; i++)
        for (unsigned f = 0; f < FIGURES; f++)
            trend_free(bench->trends[i][f]);
    g_clear_pointer(&bench->processes, g_ptr_array_unref);
    g_free(bench->build);
    g_free(bench->dir);
    g_free(bench->results);
    g_free(bench->metrics);
    g_free(bench->mark);
}

/* bench_soak lies in build/tests/bench. */
static char *build_folder(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = g_path_get_dirname(self);
    g_autofree char *path = g_build_filename(dir, "..", "..", NULL);
    return g_canonicalize_filename(path, NULL);
}

static int run(struct options *options)
{
    struct bench bench = {.options = options, .build = build_folder()};
    g_autofree char *vtmh = g_build_filename(bench.build, "vtmh", NULL);
    g_autoptr(GError) error = NULL;
    if (options->vtmh == NULL)
        options->vtmh = vtmh;
    bench.dir = g_dir_make_tmp("bench-soak-XXXXXX", &error);
    if (bench.dir == NULL) {
        fprintf(stderr, "bench_soak: %s\n", error->message);
        g_free(bench.build);
        return 1;
    }
    open_bench(&bench);
    make_tmpfs();
    int result = measure(&bench, &error);
    close_bench(&bench);
    if (result == 0)
        return 0;
    fprintf(stderr, "bench_soak: %s\n", error->message);
    return 1;
}

static unsigned count(const char *text)
{
    return (unsigned)MIN(g_ascii_strtoull(text, NULL, 10), G_MAXINT);
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"legs", required_argument, NULL, 'l'}, {"driver", required_argument, NULL, 'd'},
        {"vms", required_argument, NULL, 'n'},  {"every", required_argument, NULL, 'e'},
        {"vtmh", required_argument, NULL, 'v'}, {"keep", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    struct options options = {.legs = 10000, .vms = 1, .every = 1000, .is_simulated = true};
    const char *driver = "simulated";
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        if (option == 'l')
            options.legs = count(optarg);
        else if (option == 'd')
            driver = optarg;
        else if (option == 'n')
            options.vms = count(optarg);
        else if (option == 'e')
            options.every = count(optarg);
        else if (option == 'v')
            options.vtmh = optarg;
        else if (option == 'k')
            options.keeps = true;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 4;
        }
    }
    options.is_simulated = strcmp(driver, "simulated") == 0;
    if (options.vms == 0 || options.legs < options.vms || options.legs % options.vms != 0 ||
        options.every == 0 || (!options.is_simulated && strcmp(driver, "qemu") != 0)) {
        fputs(usage, stderr);
        return 4;
    }
    return run(&options);
}
