#include "tests/bench/vtmh_legs.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Transfer full: the path. */
static char *write_config(const char *guest, bool prepared, unsigned n, GError **err)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("bench-legs-XXXXXX.cfg", &path, err);
    if (fd < 0)
        return NULL;
    dprintf(fd,
            "type = migration_multi_host_ping_pong\nvms = vm1\nguest = %s\nmem = %d\n"
            "enable_kvm = no\ndirty_mem = 1\ndirty_rate = 0\nmigrate_count = %u\n"
            "prepare_ahead = %s\n",
            guest, strcmp(guest, "tick") == 0 ? 32 : 256, n, prepared ? "yes" : "no");
    close(fd);
    return g_steal_pointer(&path);
}

static double figure(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static struct leg_times times_of(const json_t *leg)
{
    const json_t *parts = json_object_get(leg, "downtime_parts");
    struct leg_times times = {
        .leg = figure(leg, "cycle_ms"),
        .prepare = figure(leg, "prepare_ms"),
        .stream = figure(leg, "total_ms"),
        .setup = figure(leg, "setup_ms"),
        .hypervisor = figure(parts, "hypervisor_ms"),
        .moved = figure(parts, "moved_ms"),
        .ledger = figure(parts, "ledger_ms"),
        .cont = figure(parts, "cont_ms"),
    };
    times.finish = times.leg - times.prepare - times.stream;
    return times;
}

static int read_times(const char *results, bool prepared, unsigned n, struct leg_times *times_out,
                      GError **err)
{
    g_autofree char *path = g_build_filename(results, "latest", "results.json", NULL);
    json_error_t error;
    json_auto_t *root = json_load_file(path, 0, &error);
    const json_t *test = json_array_get(json_object_get(root, "tests"), 0);
    const json_t *legs = json_object_get(json_object_get(test, "vtmh"), "migrations");
    if (json_array_size(legs) != n) {
        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %zu legs instead of %u", path,
                    json_array_size(legs), n);
        return -1;
    }
    for (unsigned i = 0; i < n; i++) {
        const json_t *leg = json_array_get(legs, i);
        times_out[i] = times_of(leg);
        if (json_is_true(json_object_get(leg, "prepared")) == (prepared && i > 0))
            continue;
        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: leg %u was%s prepared", path,
                    i + 1, prepared ? " not" : "");
        return -1;
    }
    return 0;
}

int vtmh_legs(const char *vtmh, const char *guest, bool prepared, unsigned n,
              struct leg_times *times_out, GError **err)
{
    g_autofree char *config = write_config(guest, prepared, n, err);
    if (config == NULL)
        return -1;
    g_autofree char *results = g_dir_make_tmp("bench-legs-XXXXXX", err);
    if (results == NULL)
        return -1;
    char *argv[] = {(char *)vtmh, "run",   "-q",   "-m", "local:a,local:b",
                    "-r",         results, config, NULL};
    int status = 0;
    g_autofree char *errors = NULL;
    int ran = -1;
    if (g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &errors,
                     &status, err)) {
        if (g_spawn_check_wait_status(status, err))
            ran = read_times(results, prepared, n, times_out, err);
        else
            g_prefix_error(err, "%s%s: ", errors, vtmh);
    }
    unlink(config);
    char *remove[] = {"rm", "-rf", results, NULL};
    g_spawn_sync(NULL, remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    return ran;
}
