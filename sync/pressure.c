#include "sync/pressure.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STAT_COLUMNS 8 /* user nice system idle iowait irq softirq steal */

int64_t pressure_parse_waited(const char *text)
{
    const char *total = g_str_has_prefix(text, "some ") ? strstr(text, "total=") : NULL;
    const char *end = strchr(text, '\n');
    unsigned long long waited_us;

    if (total == NULL || (end != NULL && total > end) ||
        sscanf(total, "total=%llu", &waited_us) != 1)
        return -1;
    return (int64_t)waited_us;
}

static int64_t read_waited(const char *path)
{
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? pressure_parse_waited(text) : -1;
}

static void read_ticks(struct pressure_meter *meter)
{
    unsigned long long ticks[STAT_COLUMNS];
    FILE *stat = fopen("/proc/stat", "re");
    bool is_read = stat != NULL && fscanf(stat, "cpu %llu %llu %llu %llu %llu %llu %llu %llu",
                                          &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4],
                                          &ticks[5], &ticks[6], &ticks[7]) == STAT_COLUMNS;

    if (stat != NULL)
        fclose(stat);
    meter->ticks = is_read ? 0 : -1;
    meter->stolen_ticks = is_read ? (int64_t)ticks[STAT_COLUMNS - 1] : -1;
    for (unsigned i = 0; is_read && i < STAT_COLUMNS; i++)
        meter->ticks += (int64_t)ticks[i];
}

static double read_load(void)
{
    FILE *loadavg = fopen("/proc/loadavg", "re");
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    double load;
    bool is_read = loadavg != NULL && fscanf(loadavg, "%lf", &load) == 1;

    if (loadavg != NULL)
        fclose(loadavg);
    return is_read && cpus > 0 ? load / (double)cpus : -1;
}

static double share(int64_t before, int64_t now, int64_t whole)
{
    return before < 0 || now < before || whole <= 0
               ? -1
               : MIN((double)(now - before) / (double)whole, 1);
}

struct pressure pressure_read(struct pressure_meter *meter)
{
    struct pressure_meter before = *meter;
    int64_t *waited_us = meter->waited_us;

    meter->at_us = g_get_monotonic_time();
    waited_us[PRESSURE_CPU] = read_waited("/proc/pressure/cpu");
    waited_us[PRESSURE_MEMORY] = read_waited("/proc/pressure/memory");
    waited_us[PRESSURE_IO] = read_waited("/proc/pressure/io");
    read_ticks(meter);
    if (before.at_us == 0)
        return (struct pressure){-1, -1, -1, -1, read_load()};

    int64_t passed_us = meter->at_us - before.at_us;
    return (struct pressure){
        .cpu = share(before.waited_us[PRESSURE_CPU], waited_us[PRESSURE_CPU], passed_us),
        .memory = share(before.waited_us[PRESSURE_MEMORY], waited_us[PRESSURE_MEMORY], passed_us),
        .io = share(before.waited_us[PRESSURE_IO], waited_us[PRESSURE_IO], passed_us),
        .steal = before.ticks < 0
                     ? -1
                     : share(before.stolen_ticks, meter->stolen_ticks, meter->ticks - before.ticks),
        .load = read_load(),
    };
}
