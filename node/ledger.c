#include "node/ledger.h"

#include "node/owned.h"
#include "node/process.h"
#include "node/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ledger {
    char *dir;
    const char *id; /* within dir */
    int fd;
    off_t bytes;        /* of the file */
    char *head;         /* its first line */
    GPtrArray *entries; /* struct owned */
};

static int fail(GError **err, const char *what, const char *path)
{
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s %s: %s", what, path, g_strerror(errno));
    return -1;
}

int ledger_prepare_base(const char *base, GError **err)
{
    if (mkdir(base, 0700) < 0 && errno != EEXIST)
        return fail(err, "cannot create", base);
    struct stat info;
    if (lstat(base, &info) < 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & 0077) != 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                    "%s is not a folder of this user alone: remove it", base);
        return -1;
    }
    return 0;
}

char *ledger_base(GError **err)
{
    g_autofree char *base = geteuid() == 0 ? g_strdup("/run/vtmh")
                                           : g_strdup_printf("/tmp/vtmh-%u", (unsigned)geteuid());
    return ledger_prepare_base(base, err) < 0 ? NULL : g_steal_pointer(&base);
}

/* is_durable: on the disk when this returns. */
static int append(struct ledger *ledger, const char *line, bool is_durable, GError **err)
{
    size_t size = strlen(line);
    off_t before = lseek(ledger->fd, 0, SEEK_END);
    ssize_t written = write(ledger->fd, line, size);
    if (written == (ssize_t)size && (!is_durable || fdatasync(ledger->fd) == 0)) {
        ledger->bytes += (off_t)size;
        return 0;
    }
    if (written >= 0 && written < (ssize_t)size)
        errno = ENOSPC;
    fail(err, "cannot write the ledger in", ledger->dir);
    /* Half a line would spoil the next one as well. */
    if (before < 0 || ftruncate(ledger->fd, before) < 0)
        g_prefix_error(err, "the ledger is damaged: ");
    return -1;
}

/* Begins the ledger's file in a folder of its own. */
static struct ledger *begin(const char *dir, GError **err)
{
    g_autofree char *path = g_build_filename(dir, "ledger", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail(err, "cannot create", path);
        return NULL;
    }
    struct ledger *ledger = g_new0(struct ledger, 1);
    ledger->fd = fd;
    ledger->dir = g_strdup(dir);
    ledger->entries = g_ptr_array_new_with_free_func(owned_free);
    return ledger;
}

/* Takes the name under which ledger_reap() looks: not before it can read whose folder this is. */
static int publish(struct ledger *ledger, const char *base, GError **err)
{
    const char *id = strrchr(ledger->dir, '-') + 1;
    g_autofree char *dir = g_strdup_printf("%s/node-%s", base, id);
    if (rename(ledger->dir, dir) < 0)
        return fail(err, "cannot create", dir);
    g_free(ledger->dir);
    ledger->dir = g_steal_pointer(&dir);
    ledger->id = strrchr(ledger->dir, '-') + 1;
    return 0;
}

struct ledger *ledger_open(const char *base, const char *name, GError **err)
{
    g_autofree char *dir = g_strdup_printf("%s/new-%d-XXXXXX", base, (int)getpid());
    if (g_mkdtemp_full(dir, 0700) == NULL) {
        fail(err, "cannot create a folder in", base);
        return NULL;
    }
    struct ledger *ledger = begin(dir, err);
    if (ledger == NULL) {
        rmdir(dir);
        return NULL;
    }
    ledger->head = g_strdup_printf("node %d %" G_GUINT64_FORMAT " %s\n", (int)getpid(),
                                   process_start_time(getpid()), name);
    if (append(ledger, ledger->head, true, err) < 0 || publish(ledger, base, err) < 0) {
        ledger_close(ledger, true);
        return NULL;
    }
    return ledger;
}

const char *ledger_dir(const struct ledger *ledger)
{
    return ledger->dir;
}

const char *ledger_id(const struct ledger *ledger)
{
    return ledger->id;
}

/* "+ process 1234 START", "+ path /…". Transfer full. */
static char *line_of(const struct owned *entry)
{
    return entry->kind == OWNED_PROCESS
               ? g_strdup_printf("+ process %s %" G_GUINT64_FORMAT "\n", entry->what,
                                 entry->start_time)
               : g_strdup_printf("+ %s %s\n", owned_kind_names[entry->kind], entry->what);
}

/* Writes what is owned now into a file that takes the place of the ledger's. Where that cannot be
 * done, the long one goes on. */
static void begin_anew(struct ledger *ledger)
{
    g_autofree char *path = g_build_filename(ledger->dir, "ledger", NULL);
    g_autofree char *beside = g_strconcat(path, ".new", NULL);
    g_autoptr(GString) text = g_string_new(ledger->head);
    for (unsigned i = 0; i < ledger->entries->len; i++) {
        g_autofree char *line = line_of(g_ptr_array_index(ledger->entries, i));
        g_string_append(text, line);
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, text->str, text->len) == (ssize_t)text->len && fdatasync(fd) == 0 &&
        rename(beside, path) == 0) {
        close(ledger->fd);
        ledger->fd = fd;
        ledger->bytes = (off_t)text->len;
        return;
    }
    if (fd >= 0)
        close(fd);
    unlink(beside);
    ledger->bytes = 0; /* not to be tried again at each line */
}

int ledger_own(struct ledger *ledger, enum owned_kind kind, const char *what, GError **err)
{
    struct owned entry = {.kind = kind, .what = (char *)what};
    g_autofree char *base = g_path_get_dirname(ledger->dir);
    if (strchr(what, '\n') != NULL || !owned_may_be(base, kind, what)) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "the ledger does not take %s %s",
                    owned_kind_names[kind], what);
        return -1;
    }
    if (kind == OWNED_PROCESS)
        entry.start_time = process_start_time((pid_t)g_ascii_strtoll(what, NULL, 10));
    g_autofree char *line = line_of(&entry);
    if (append(ledger, line, true, err) < 0)
        return -1;
    owned_add(ledger->entries, kind, what, entry.start_time);
    return 0;
}

void ledger_disown(struct ledger *ledger, enum owned_kind kind, const char *what)
{
    /* A line that is not written leaves an entry of something that is gone: harmless. */
    g_autofree char *line = g_strdup_printf("- %s %s\n", owned_kind_names[kind], what);
    append(ledger, line, false, NULL);
    owned_strike(ledger->entries, kind, what);
    if (ledger->bytes > LEDGER_MAX_BYTES)
        begin_anew(ledger);
}

static int host_owns(void *ledger, enum owned_kind kind, const char *what, GError **err)
{
    return ledger_own(ledger, kind, what, err);
}

static void host_disowns(void *ledger, enum owned_kind kind, const char *what)
{
    ledger_disown(ledger, kind, what);
}

const struct host_ops ledger_host_ops = {.own = host_owns, .disown = host_disowns};

GPtrArray *ledger_list(const struct ledger *ledger)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < ledger->entries->len; i++) {
        const struct owned *entry = g_ptr_array_index(ledger->entries, i);
        if (owned_exists(entry))
            g_ptr_array_add(list, owned_describe(entry));
    }
    return list;
}

void ledger_clear(struct ledger *ledger, GPtrArray *leaks)
{
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    owned_dispose(ledger->entries, removed, leaks);
    for (unsigned i = ledger->entries->len; i > 0; i--) {
        const struct owned *entry = g_ptr_array_index(ledger->entries, i - 1);
        if (!owned_exists(entry)) {
            g_autofree char *what = g_strdup(entry->what);
            ledger_disown(ledger, entry->kind, what);
        }
    }
}

void ledger_close(struct ledger *ledger, bool remove)
{
    if (ledger == NULL)
        return;
    close(ledger->fd);
    g_autoptr(GPtrArray) left = ledger_list(ledger);
    if (remove && left->len == 0)
        remove_tree(ledger->dir);
    g_ptr_array_unref(ledger->entries);
    g_free(ledger->head);
    g_free(ledger->dir);
    g_free(ledger);
}
