#include "proto/sample.h"

#include "sync/usage.h"

#include <glib.h>
#include <sys/stat.h>

bool sample_is_due(struct sample_pace *pace)
{
    int64_t now_us = g_get_monotonic_time();
    if (pace->last_us != 0 && ++pace->legs < SAMPLE_EVERY_LEGS &&
        now_us - pace->last_us < (int64_t)SAMPLE_EVERY_MS * 1000)
        return false;
    *pace = (struct sample_pace){.last_us = now_us};
    return true;
}

void sampler_look(struct sampler *sampler)
{
    sampler->pressure = pressure_read(&sampler->meter);
}

/* What a file takes: not its length, for what was sent may have been given back (node/files.h). */
static int64_t bytes_of(const struct stat *status)
{
    int64_t taken = (int64_t)status->st_blocks * 512;
    return S_ISREG(status->st_mode) ? MIN((int64_t)status->st_size, taken) : 0;
}

/* Files in a folder and below it; one that is gone meanwhile has none. */
static void count_files(const char *folder, Vtmh__Sample *sample)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name = dir != NULL ? g_dir_read_name(dir) : NULL; name != NULL;
         name = g_dir_read_name(dir)) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        struct stat status;
        if (lstat(path, &status) < 0)
            continue;
        if (S_ISDIR(status.st_mode)) {
            count_files(path, sample);
        } else {
            sample->files++;
            sample->file_bytes += bytes_of(&status);
        }
    }
}

void sample_process(const struct sampler *sampler, const char *process, pid_t pid,
                    const char *const *folders, Vtmh__Sample *sample)
{
    const struct footprint footprint = footprint_of(pid);
    const struct pressure *pressure = &sampler->pressure;
    *sample = (Vtmh__Sample)VTMH__SAMPLE__INIT;
    sample->process = (char *)process;
    sample->rss_bytes = footprint.rss_bytes;
    sample->descriptors = footprint.descriptors;
    sample->cpu_ms = footprint.cpu_ms;
    sample->cpu_pressure = pressure->cpu;
    sample->memory_pressure = pressure->memory;
    sample->io_pressure = pressure->io;
    sample->steal = pressure->steal;
    sample->load = pressure->load;
    sample->files = sample->file_bytes = folders != NULL ? 0 : -1;
    for (; folders != NULL && *folders != NULL; folders++)
        count_files(*folders, sample);
}
