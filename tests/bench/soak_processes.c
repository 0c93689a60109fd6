#include "tests/bench/soak_processes.h"

#include "sync/usage.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void process_free(gpointer data)
{
    struct soak_process *process = data;
    g_free(process->name);
    g_free(process->folder);
    g_free(process);
}

static void add(GPtrArray *processes, char *name, pid_t pid, char *folder)
{
    struct soak_process *process = g_new(struct soak_process, 1);
    *process = (struct soak_process){name, pid, folder};
    g_ptr_array_add(processes, process);
}

/* Words that end with NULs. */
static bool has_word(const char *words, gsize size, const char *word)
{
    for (const char *at = words; at < words + size; at += strlen(at) + 1)
        if (strcmp(at, word) == 0)
            return true;
    return false;
}

static char *read_of(pid_t pid, const char *file, gsize *size_out)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, file);
    char *text = NULL;
    return g_file_get_contents(path, &text, size_out, NULL) ? text : NULL;
}

/* The node's own: where its ledger lies. Transfer full. */
static char *folder_of(pid_t pid)
{
    for (int fd = 3; fd < 64; fd++) {
        g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int)pid, fd);
        g_autofree char *file = g_file_read_link(path, NULL);
        if (file != NULL && g_str_has_suffix(file, "/ledger"))
            return g_path_get_dirname(file);
    }
    return NULL;
}

static void add_if_node(GPtrArray *processes, pid_t pid, const char *mark)
{
    gsize size = 0;
    g_autofree char *environment = read_of(pid, "environ", &size);
    if (environment == NULL || !has_word(environment, size, mark))
        return;
    g_autofree char *words = read_of(pid, "cmdline", &size);
    char *folder = words != NULL && has_word(words, size, "serve") ? folder_of(pid) : NULL;
    if (folder == NULL)
        return;
    /* vtmh-node serve --name NAME */
    const char *name = words;
    while (name < words + size && strcmp(name, "--name") != 0)
        name += strlen(name) + 1;
    name += strlen("--name") + 1;
    add(processes, g_strdup_printf("node %s", name < words + size ? name : ""), pid, folder);
}

GPtrArray *soak_processes_find(pid_t coordinator, const char *mark, const char *results, unsigned n)
{
    g_autofree char *latest = g_build_filename(results, "latest", NULL);
    g_autofree char *folder = realpath(latest, NULL);
    g_autoptr(GPtrArray) processes = g_ptr_array_new_with_free_func(process_free);
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *name;
    if (folder == NULL || proc == NULL)
        return NULL;
    add(processes, g_strdup("coordinator"), coordinator, g_strdup(folder));
    while ((name = g_dir_read_name(proc)) != NULL)
        if (g_ascii_isdigit(*name))
            add_if_node(processes, (pid_t)g_ascii_strtoll(name, NULL, 10), mark);
    return processes->len == n + 1 ? g_steal_pointer(&processes) : NULL;
}

static int64_t file_bytes; /* nftw() has no argument of ours */

static int add_file(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)path, (void)where;
    if (type == FTW_F)
        file_bytes += (int64_t)info->st_blocks * 512; /* a log has holes where it was sent */
    return 0;
}

struct soak_look soak_process_look(const struct soak_process *process)
{
    struct footprint footprint = footprint_of(process->pid);
    file_bytes = 0;
    int walked = nftw(process->folder, add_file, 16, FTW_PHYS);
    return (struct soak_look){footprint.rss_bytes, footprint.descriptors,
                              walked == 0 ? file_bytes : -1};
}
