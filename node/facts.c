#include "node/facts.h"

#include "node/libvirt_version.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What stands behind the first KEY and the separator on a line of a file, without quotes. Transfer
 * full, never NULL. */
static char *find_line(const char *path, const char *key, char separator)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char *value = strchr(*line, separator);

        if (value == NULL || !g_str_has_prefix(*line, key))
            continue;
        value = g_strstrip(value + 1);
        if (*value == '"' && value[1] != '\0' && g_str_has_suffix(value, "\"")) {
            value[strlen(value) - 1] = '\0';
            value++;
        }
        return g_utf8_make_valid(value, -1);
    }
    return g_strdup("");
}

void facts_fill(Vtmh__Welcome *welcome)
{
    struct utsname kernel;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    welcome->kernel = g_strdup(uname(&kernel) == 0 ? kernel.release : "");
    welcome->arch = g_strdup(*welcome->kernel != '\0' ? kernel.machine : "");
    welcome->system = find_line("/etc/os-release", "PRETTY_NAME", '=');
    welcome->cpu = find_line("/proc/cpuinfo", "model name", ':');
    welcome->libvirt = libvirt_version_find();
    welcome->cpus = cpus > 0 ? (uint32_t)cpus : 0;
    welcome->memory_bytes = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

void facts_clear(Vtmh__Welcome *welcome)
{
    g_free(welcome->kernel);
    g_free(welcome->arch);
    g_free(welcome->system);
    g_free(welcome->cpu);
    g_free(welcome->libvirt);
}
