/*
 * How long is a ping-pong leg through vtmh, with and without prepare_ahead, beside the same leg by
 * a bare QMP loop in the same run?
 *
 * The three take turns, some legs each, so that a machine that slows down meanwhile slows all. The
 * first leg of each turn stands apart: its hypervisor has never migrated, and vtmh has prepared
 * nothing. Prints one line of JSON.
 */
#include "tests/bench/bare_qmp.h"
#include "tests/bench/vtmh_legs.h"

#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: bench_legs [--legs N] [--rounds R] [--guest tick|jeos] [--vtmh PROGRAM]\n"
    "\n"
    "Moves a guest N times (40) to and fro between two local nodes, through vtmh, through vtmh "
    "with\n"
    "prepare_ahead, and by a bare QMP loop that does one step after the other; in turns, R (4) "
    "times\n"
    "a part of the legs. Prints milliseconds a leg (p50, p99, and first legs apart) of each, what "
    "they\n"
    "consist of, and the ratios to the bare loop. The guests are those that deploy/guest builds.\n";

enum way { BARE, VTMH, PREPARED, WAYS };

struct options {
    unsigned legs, rounds;
    const char *guest;
    const char *vtmh;
    char *guests_dir;
};

/* All legs by one way, a round after the other. */
struct bench {
    const struct options *options;
    unsigned per_round;
    struct leg_times *times[WAYS];
};

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Whether a leg is one of those that are asked for: of one round or all (-1), first or later. */
static bool is_meant(const struct bench *bench, unsigned leg, int round, bool is_first)
{
    return (round < 0 || leg / bench->per_round == (unsigned)round) &&
           (leg % bench->per_round == 0) == is_first;
}

/* A percentile of a figure (offset in struct leg_times), by nearest rank. NAN: not measured. */
static double percentile(const struct bench *bench, enum way way, size_t figure, unsigned percent,
                         int round, bool is_first)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    for (unsigned i = 0; i < bench->per_round * bench->options->rounds; i++) {
        double value = *(const double *)((const char *)&bench->times[way][i] + figure);
        if (is_meant(bench, i, round, is_first) && isfinite(value))
            g_array_append_val(values, value);
    }
    if (values->len == 0)
        return NAN;
    g_array_sort(values, compare);
    unsigned rank = (values->len * percent + 99) / 100;
    return g_array_index(values, double, MAX(rank, 1) - 1);
}

static json_t *rounded(double value, double unit)
{
    return isfinite(value) ? json_real(round(value / unit) * unit) : json_null();
}

#define P50(way, figure) percentile(bench, way, offsetof(struct leg_times, figure), 50, -1, false)

static json_t *legs_of(const struct bench *bench, enum way way)
{
    size_t leg = offsetof(struct leg_times, leg);
    return json_pack("{s:o, s:o, s:o}", "p50", rounded(P50(way, leg), 0.1), "p99",
                     rounded(percentile(bench, way, leg, 99, -1, false), 0.1), "first",
                     rounded(percentile(bench, way, leg, 50, -1, true), 0.1));
}

static json_t *parts_of(const struct bench *bench, enum way way)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "prepare", rounded(P50(way, prepare), 0.1), "stream",
                     rounded(P50(way, stream), 0.1), "setup", rounded(P50(way, setup), 0.1),
                     "finish", rounded(P50(way, finish), 0.1));
}

static json_t *downtime_of(const struct bench *bench, enum way way)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "hypervisor", rounded(P50(way, hypervisor), 0.01),
                     "moved", rounded(P50(way, moved), 0.01), "ledger",
                     rounded(P50(way, ledger), 0.01), "cont", rounded(P50(way, cont), 0.01));
}

/* To the bare loop of the same round. */
static json_t *ratios_of(const struct bench *bench, enum way way)
{
    json_t *ratios = json_array();
    size_t leg = offsetof(struct leg_times, leg);
    for (int round = 0; round < (int)bench->options->rounds; round++)
        json_array_append_new(ratios, rounded(percentile(bench, way, leg, 50, round, false) /
                                                  percentile(bench, BARE, leg, 50, round, false),
                                              0.01));
    return ratios;
}

static void take_setup_off(struct bench *bench)
{
    for (enum way way = 0; way < WAYS; way++)
        for (unsigned i = 0; i < bench->per_round * bench->options->rounds; i++)
            bench->times[way][i].less_setup = bench->times[way][i].leg - bench->times[way][i].setup;
}

static void print(struct bench *bench)
{
    double load = NAN;
    take_setup_off(bench);
    getloadavg(&load, 1);
    json_auto_t *line =
        json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "guest",
                  bench->options->guest, "legs", (int)(bench->per_round * bench->options->rounds),
                  "rounds", (int)bench->options->rounds, "load", rounded(load, 0.1), "leg_ms",
                  legs_of(bench, VTMH), "prepared_leg_ms", legs_of(bench, PREPARED), "bare_leg_ms",
                  legs_of(bench, BARE), "ratio", rounded(P50(VTMH, leg) / P50(BARE, leg), 0.01),
                  "prepared_ratio", rounded(P50(PREPARED, leg) / P50(BARE, leg), 0.01), "ratios",
                  ratios_of(bench, VTMH), "prepared_ratios", ratios_of(bench, PREPARED));
    json_object_set_new(line, "parts_ms",
                        json_pack("{s:o, s:o, s:o}", "bare", parts_of(bench, BARE), "vtmh",
                                  parts_of(bench, VTMH), "prepared", parts_of(bench, PREPARED)));
    json_object_set_new(line, "ratio_less_setup",
                        rounded(P50(VTMH, less_setup) / P50(BARE, less_setup), 0.01));
    json_object_set_new(line, "downtime_parts_ms", downtime_of(bench, VTMH));
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', stdout);
}

static int run_bare(const struct options *options, unsigned n, struct leg_times *times,
                    GError **err)
{
    bool is_tick = strcmp(options->guest, "tick") == 0;
    g_autofree char *firmware = g_build_filename(options->guests_dir, "tick/tick.rom", NULL);
    g_autofree char *kernel = g_build_filename(options->guests_dir, "jeos/vmlinuz", NULL);
    g_autofree char *initrd = g_build_filename(options->guests_dir, "jeos/initrd", NULL);
    g_autofree char *append_path = g_build_filename(options->guests_dir, "jeos/command_line", NULL);
    g_autofree char *append = NULL;
    if (!is_tick && !g_file_get_contents(append_path, &append, NULL, err))
        return -1;
    const struct bare_guest guest = {
        .qemu = "qemu-system-x86_64",
        .machine = "pc,accel=tcg",
        /* The RAM that vtmh gives under TCG, see tcg_dirty_sync_quirk. */
        .ram = is_tick ? "32760k" : "262136k",
        .firmware = is_tick ? firmware : NULL,
        .kernel = is_tick ? NULL : kernel,
        .initrd = initrd,
        .append = append != NULL ? g_strchomp(append) : NULL,
    };
    return bare_qmp_legs(&guest, n, times, err);
}

static int run_way(const struct bench *bench, enum way way, unsigned round, GError **err)
{
    const struct options *options = bench->options;
    struct leg_times *times = &bench->times[way][(size_t)round * bench->per_round];
    return way == BARE ? run_bare(options, bench->per_round, times, err)
                       : vtmh_legs(options->vtmh, options->guest, way == PREPARED, bench->per_round,
                                   times, err);
}

static int measure(const struct options *options, GError **err)
{
    struct bench bench = {.options = options, .per_round = options->legs / options->rounds};
    int result = 0;
    for (unsigned way = 0; way < WAYS; way++)
        bench.times[way] = g_new0(struct leg_times, bench.per_round * options->rounds);
    for (unsigned round = 0; result == 0 && round < options->rounds; round++)
        for (unsigned turn = 0; result == 0 && turn < WAYS; turn++)
            result = run_way(&bench, (enum way)((round + turn) % WAYS), round, err);
    if (result == 0)
        print(&bench);
    for (unsigned way = 0; way < WAYS; way++)
        g_free(bench.times[way]);
    return result;
}

/* vtmh lies two folders above build/tests/bench. */
static char *default_vtmh(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = g_path_get_dirname(self);
    g_autofree char *path = g_build_filename(dir, "..", "..", "vtmh", NULL);
    return g_canonicalize_filename(path, NULL);
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"legs", required_argument, NULL, 'l'},  {"rounds", required_argument, NULL, 'r'},
        {"guest", required_argument, NULL, 'g'}, {"vtmh", required_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    g_autofree char *vtmh = default_vtmh();
    g_autofree char *guests = g_build_filename(g_get_user_cache_dir(), "vtmh", "guests", NULL);
    struct options options = {
        .legs = 40, .rounds = 4, .guest = "tick", .vtmh = vtmh, .guests_dir = guests};
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        if (option == 'l')
            options.legs = (unsigned)g_ascii_strtoull(optarg, NULL, 10);
        else if (option == 'r')
            options.rounds = (unsigned)g_ascii_strtoull(optarg, NULL, 10);
        else if (option == 'g')
            options.guest = optarg;
        else if (option == 'v')
            options.vtmh = optarg;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 4;
        }
    }
    options.rounds = CLAMP(options.rounds, 1, MAX(options.legs / 2, 1));
    if (options.legs < 2 ||
        (strcmp(options.guest, "tick") != 0 && strcmp(options.guest, "jeos") != 0)) {
        fputs(usage, stderr);
        return 4;
    }
    g_autoptr(GError) error = NULL;
    if (measure(&options, &error) == 0)
        return 0;
    fprintf(stderr, "bench_legs: %s\n", error->message);
    return 1;
}
