/*
 * How long is a ping-pong leg through vtmh, beside the same leg by a bare QMP loop in the same run?
 *
 * The loop runs before and after vtmh, half of its legs each time, so that a machine that slows
 * down meanwhile slows both. Prints one line of JSON.
 */
#include "tests/bench/bare_qmp.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: bench_legs [--legs N] [--guest tick|jeos] [--vtmh PROGRAM]\n"
    "\n"
    "Moves a guest N times (20) to and fro between two local nodes, through vtmh and by a bare QMP "
    "loop,\n"
    "and prints milliseconds a leg (p50, p99) of both and their ratio. The guests are those that\n"
    "deploy/guest builds.\n";

struct options {
    unsigned legs;
    const char *guest;
    const char *vtmh;
    char *guests_dir;
};

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double percentile(double *sorted, unsigned n, unsigned percent)
{
    unsigned at = (n * percent + 99) / 100;
    return sorted[at == 0 ? 0 : at - 1];
}

static int run_bare(const struct options *options, unsigned legs, double *ms, GError **err)
{
    bool is_tick = strcmp(options->guest, "tick") == 0;
    g_autofree char *firmware = g_build_filename(options->guests_dir, "tick/tick.rom", NULL);
    g_autofree char *kernel = g_build_filename(options->guests_dir, "jeos/vmlinuz", NULL);
    g_autofree char *initrd = g_build_filename(options->guests_dir, "jeos/initrd", NULL);
    const struct bare_guest guest = {
        .qemu = "qemu-system-x86_64",
        .machine = "pc,accel=tcg",
        /* The RAM that vtmh gives under TCG, see tcg_dirty_sync_quirk. */
        .ram = is_tick ? "32760k" : "262136k",
        .firmware = is_tick ? firmware : NULL,
        .kernel = is_tick ? NULL : kernel,
        .initrd = initrd,
        .append =
            "console=ttyS0 quiet cryptomgr.notests no_timer_check tsc=reliable mitigations=off "
            "nokaslr noreplace-smp acpi=noirq",
    };
    return bare_qmp_legs(&guest, legs, ms, err);
}

static char *write_config(const struct options *options, GError **err)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("bench-legs-XXXXXX.cfg", &path, err);
    if (fd < 0)
        return NULL;
    dprintf(fd,
            "type = migration_multi_host_ping_pong\nvms = vm1\nguest = %s\nmem = %d\n"
            "enable_kvm = no\ndirty_mem = 1\ndirty_rate = 0\nmigrate_count = %u\n",
            options->guest, strcmp(options->guest, "tick") == 0 ? 32 : 256, options->legs);
    close(fd);
    return g_steal_pointer(&path);
}

/* The cycles of all legs from results.json. */
static int read_cycles(const char *results_dir, unsigned legs, double *ms, GError **err)
{
    g_autofree char *path = g_build_filename(results_dir, "latest", "results.json", NULL);
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    const json_t *test = json_array_get(json_object_get(root, "tests"), 0);
    const json_t *moves = json_object_get(json_object_get(test, "vtmh"), "migrations");
    int read = 0;
    if (json_array_size(moves) != legs) {
        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %zu legs instead of %u", path,
                    json_array_size(moves), legs);
        read = -1;
    }
    for (unsigned i = 0; read == 0 && i < legs; i++)
        ms[i] = json_number_value(json_object_get(json_array_get(moves, i), "cycle_ms"));
    json_decref(root);
    return read;
}

static int run_vtmh(const struct options *options, double *ms, GError **err)
{
    g_autofree char *config = write_config(options, err);
    if (config == NULL)
        return -1;
    g_autofree char *results = g_dir_make_tmp("bench-legs-XXXXXX", err);
    if (results == NULL)
        return -1;
    char *argv[] = {
        (char *)options->vtmh, "run", "-q", "-m", "local:a,local:b", "-r", results, config, NULL};
    int status = 0;
    g_autofree char *errors = NULL;
    int ran = -1;
    if (g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &errors,
                     &status, err)) {
        if (g_spawn_check_wait_status(status, err))
            ran = read_cycles(results, options->legs, ms, err);
        else
            g_prefix_error(err, "%s%s: ", errors, options->vtmh);
    }
    unlink(config);
    char *remove[] = {"rm", "-rf", results, NULL};
    g_spawn_sync(NULL, remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    return ran;
}

static int measure(const struct options *options, GError **err)
{
    unsigned n = options->legs;
    unsigned half = n / 2;
    g_autofree double *bare = g_new0(double, n);
    g_autofree double *ours = g_new0(double, n);
    if (run_bare(options, half, bare, err) < 0 || run_vtmh(options, ours, err) < 0 ||
        run_bare(options, n - half, bare + half, err) < 0)
        return -1;
    qsort(bare, n, sizeof(double), compare);
    qsort(ours, n, sizeof(double), compare);
    printf("{\"guest\":\"%s\",\"legs\":%u,\"leg_ms\":{\"p50\":%.1f,\"p99\":%.1f},"
           "\"bare_leg_ms\":{\"p50\":%.1f,\"p99\":%.1f},\"ratio\":%.2f}\n",
           options->guest, n, percentile(ours, n, 50), percentile(ours, n, 99),
           percentile(bare, n, 50), percentile(bare, n, 99),
           percentile(ours, n, 50) / percentile(bare, n, 50));
    return 0;
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
        {"legs", required_argument, NULL, 'l'},
        {"guest", required_argument, NULL, 'g'},
        {"vtmh", required_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    g_autofree char *vtmh = default_vtmh();
    g_autofree char *guests = g_build_filename(g_get_user_cache_dir(), "vtmh", "guests", NULL);
    struct options options = {.legs = 20, .guest = "tick", .vtmh = vtmh, .guests_dir = guests};
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        if (option == 'l')
            options.legs = (unsigned)g_ascii_strtoull(optarg, NULL, 10);
        else if (option == 'g')
            options.guest = optarg;
        else if (option == 'v')
            options.vtmh = optarg;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 4;
        }
    }
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
