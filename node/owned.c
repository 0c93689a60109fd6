#include "node/owned.h"

#include "migration/net/link.h"
#include "node/process.h"
#include "node/remove.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KILL_MS 5000

const char *const owned_kind_names[] = {
    [OWNED_PROCESS] = "process", [OWNED_PATH] = "path",     [OWNED_STREAM] = "stream",
    [OWNED_LINK] = "link",       [OWNED_BESIDE] = "beside", [OWNED_IMAGE] = "image",
    [OWNED_GUEST] = "guest",
};

void owned_free(gpointer data)
{
    struct owned *entry = data;
    g_free(entry->what);
    g_free(entry);
}

struct image_file {
    uint64_t device, inode;
    const char *path; /* within what was read */
};

static bool read_image(const char *what, struct image_file *file)
{
    char *end;

    file->device = g_ascii_strtoull(what, &end, 10);
    if (!g_ascii_isdigit(*what) || *end != ':')
        return false;
    what = end + 1;
    file->inode = g_ascii_strtoull(what, &end, 10);
    file->path = end + 1;
    return g_ascii_isdigit(*what) && *end == ' ' && *file->path == '/' && file->path[1] != '/';
}

static bool image_exists(const char *what)
{
    struct image_file file;
    struct stat info;

    return read_image(what, &file) && lstat(file.path, &info) == 0 && S_ISREG(info.st_mode) &&
           info.st_uid == geteuid() && info.st_dev == file.device && info.st_ino == file.inode;
}

bool owned_may_be(const char *base, enum owned_kind kind, const char *what)
{
    if (kind == OWNED_LINK)
        return link_may_be_ours(what);
    struct image_file file;
    if (kind == OWNED_IMAGE) {
        g_autofree char *path =
            read_image(what, &file) ? g_canonicalize_filename(file.path, "/") : NULL;
        return path != NULL && strcmp(path, file.path) == 0;
    }
    if (kind != OWNED_PATH && kind != OWNED_STREAM && kind != OWNED_BESIDE)
        return true;
    g_autofree char *plain = g_canonicalize_filename(what, "/");
    g_autofree char *below = g_strdup_printf("%s/", base);
    g_autofree char *name = g_path_get_basename(what);
    if (strcmp(plain, what) != 0)
        return false;
    if (kind == OWNED_PATH)
        return g_str_has_prefix(what, below);
    return kind == OWNED_STREAM
               ? g_str_has_prefix(name, "vtmh-") && g_str_has_suffix(name, ".migration")
               : g_str_has_prefix(name, ".vtmh-") && g_str_has_suffix(name, ".part");
}

void owned_add(GPtrArray *entries, enum owned_kind kind, const char *what, uint64_t start_time)
{
    struct owned *entry = g_new0(struct owned, 1);
    entry->kind = kind;
    entry->what = g_strdup(what);
    entry->start_time = start_time;
    g_ptr_array_add(entries, entry);
}

void owned_strike(GPtrArray *entries, enum owned_kind kind, const char *what)
{
    for (unsigned i = 0; i < entries->len; i++) {
        const struct owned *entry = g_ptr_array_index(entries, i);
        if (entry->kind == kind && strcmp(entry->what, what) == 0) {
            g_ptr_array_remove_index(entries, i);
            return;
        }
    }
}

bool owned_exists(const struct owned *entry)
{
    struct stat info;
    switch (entry->kind) {
    case OWNED_PROCESS:
        return process_runs((pid_t)g_ascii_strtoll(entry->what, NULL, 10), entry->start_time);
    case OWNED_PATH:
        return lstat(entry->what, &info) == 0; /* a link counts, wherever it leads */
    case OWNED_STREAM:
    case OWNED_BESIDE:
        return lstat(entry->what, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid();
    case OWNED_LINK:
        return link_exists(entry->what);
    case OWNED_IMAGE:
        return image_exists(entry->what);
    case OWNED_GUEST:
        return false;
    }
    return false;
}

char *owned_describe(const struct owned *entry)
{
    struct image_file file;
    if (entry->kind == OWNED_IMAGE && read_image(entry->what, &file))
        return g_strdup_printf("image %s", file.path);
    if (entry->kind != OWNED_PROCESS)
        return g_strdup_printf("%s %s", owned_kind_names[entry->kind], entry->what);
    g_autofree char *name = process_name((pid_t)g_ascii_strtoll(entry->what, NULL, 10));
    return g_strdup_printf("process %s (%s)", entry->what, name);
}

/* Ends or removes one thing; whether it is gone. */
static bool dispose(const struct owned *entry)
{
    if (!owned_exists(entry))
        return true;
    if (entry->kind == OWNED_PROCESS)
        return process_end((pid_t)g_ascii_strtoll(entry->what, NULL, 10), entry->start_time,
                           SIGKILL, deadline_in(KILL_MS));
    if (entry->kind == OWNED_LINK)
        return link_delete(entry->what);
    if (entry->kind == OWNED_STREAM || entry->kind == OWNED_BESIDE)
        return unlink(entry->what) == 0;
    struct image_file file;
    if (entry->kind == OWNED_IMAGE)
        return read_image(entry->what, &file) && unlink(file.path) == 0;
    return remove_tree(entry->what) == 0;
}

void owned_dispose(GPtrArray *entries, GPtrArray *removed, GPtrArray *leaks)
{
    for (int kind = OWNED_PROCESS; kind < OWNED_GUEST; kind++) {
        for (unsigned i = 0; i < entries->len; i++) {
            const struct owned *entry = g_ptr_array_index(entries, i);
            if ((int)entry->kind != kind || !owned_exists(entry))
                continue;
            char *what = owned_describe(entry); /* while it has a name */
            g_ptr_array_add(dispose(entry) ? removed : leaks, what);
        }
    }
}
