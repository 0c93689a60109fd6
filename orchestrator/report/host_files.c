#include "orchestrator/report/host_files.h"

#include "orchestrator/report/file.h"
#include "orchestrator/report/parts.h"
#include "orchestrator/report/store.h"
#include "orchestrator/report/text.h"

#include <string.h>

#define FILE_COSTS_BYTES 4096 /* also an empty one takes room, and there may be many */
#define FOLDER_MODE 0777      /* less the umask */

struct host_files {
    char *folder;
    GHashTable *parts; /* "HOST/FILE" -> struct parts */
    GHashTable *taken; /* HOST -> int64_t *: bytes on the disk; beyond the bound: that was told */
};

static void free_parts(gpointer parts)
{
    parts_free(parts);
}

struct host_files *host_files_new(const char *folder)
{
    struct host_files *files = g_new0(struct host_files, 1);

    files->folder = g_strdup(folder);
    files->parts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_parts);
    files->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return files;
}

void host_files_free(struct host_files *files)
{
    g_hash_table_unref(files->parts);
    g_hash_table_unref(files->taken);
    g_free(files->folder);
    g_free(files);
}

/* Whether every part of a relative path stays below its folder. */
static bool is_below(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    if (parts[0] == NULL)
        return false;
    for (char **part = parts; *part != NULL; part++)
        if (**part == '\0' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
            return false;
    return true;
}

static int64_t *taken_by(struct host_files *files, const char *host)
{
    int64_t *taken = g_hash_table_lookup(files->taken, host);

    if (taken == NULL) {
        taken = g_new0(int64_t, 1);
        g_hash_table_insert(files->taken, g_strdup(host), taken);
    }
    return taken;
}

/* New where the host has not sent of it yet; its folder is made then. NULL: that failed. */
static struct parts *parts_of(struct host_files *files, const char *host, const char *file,
                              int64_t *taken, GError **err)
{
    g_autofree char *key = g_strdup_printf("%s/%s", host, file);
    g_autofree char *path = g_build_filename(files->folder, key, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    struct parts *parts = g_hash_table_lookup(files->parts, key);

    if (parts != NULL)
        return parts;
    if (g_mkdir_with_parents(parent, FOLDER_MODE) < 0) {
        file_fail(err, "create", parent);
        return NULL;
    }
    parts = parts_new(path, STORE_FILE_PART_BYTES, 1);
    g_hash_table_insert(files->parts, g_steal_pointer(&key), parts);
    *taken += FILE_COSTS_BYTES;
    return parts;
}

/* How much more a file will take on the disk at most. */
static int64_t growth(const struct parts *parts, size_t size)
{
    int64_t most = (int64_t)3 * STORE_FILE_PART_BYTES; /* the first, the newest, the one before */

    return MIN((int64_t)size, MAX(most - parts_bytes(parts), 0));
}

static enum host_files_end add(struct parts *parts, const void *data, size_t size, int64_t *taken,
                               GError **err)
{
    int64_t before = parts_bytes(parts);
    bool had_gap = parts_have_gap(parts);
    int result = parts_append(parts, data, size, err);

    *taken += parts_bytes(parts) - before;
    parts_rest(parts); /* there may be thousands of files */
    if (result < 0)
        return HOST_FILES_BROKEN;
    return parts_have_gap(parts) && !had_gap ? HOST_FILES_GAP : HOST_FILES_TAKEN;
}

enum host_files_end host_files_append(struct host_files *files, const char *host, const char *file,
                                      const void *data, size_t size, GError **err)
{
    int64_t *taken = taken_by(files, host);
    struct parts *parts;

    if (!is_below(file)) {
        g_autofree char *shown = text_printable(file);

        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s sent a file with the forbidden name \"%s\"", host, shown);
        return HOST_FILES_REFUSED;
    }
    if (*taken > STORE_HOST_BYTES)
        return HOST_FILES_TAKEN;
    parts = parts_of(files, host, file, taken, err);
    if (parts == NULL)
        return HOST_FILES_BROKEN;
    if (*taken + growth(parts, size) <= STORE_HOST_BYTES)
        return add(parts, data, size, taken, err);
    *taken = STORE_HOST_BYTES + 1;
    g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
                "the files of %s for this test are larger than %d MiB: the rest is left out", host,
                STORE_HOST_BYTES >> 20);
    return HOST_FILES_REFUSED;
}
