#include "node/ledger.h"

#include "node/process.h"
#include "node/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KILL_MS 5000
#define TERM_MS 15000

static const char *const kind_names[] = {
    [OWNED_PROCESS] = "process",
    [OWNED_PATH] = "path",
    [OWNED_SOCKET] = "socket",
    [OWNED_GUEST] = "guest",
};

/* One thing that is owned. */
struct entry {
    enum owned_kind kind;
    char *what;
    uint64_t start_time; /* of a process */
};

struct ledger {
    char *dir;
    const char *id; /* within dir */
    int fd;
    GPtrArray *entries; /* struct entry */
};

static void entry_free(gpointer data)
{
    struct entry *entry = data;
    g_free(entry->what);
    g_free(entry);
}

static int fail(GError **err, const char *what, const char *path)
{
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s %s: %s", what, path, g_strerror(errno));
    return -1;
}

int ledger_prepare_base(const char *base, GError **err)
{
    if (mkdir(base, 0700) < 0 && errno != EEXIST)
        return fail(err, "cannot make", base);
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

/*
 * Whether a path may be owned, and so be removed with all below it: only what lies below the nodes' own base.
 * A ledger that is read back may have been damaged, and what it says is done as root.
 */
static bool may_own_path(const char *base, const char *path)
{
    g_autofree char *plain = g_canonicalize_filename(path, "/");
    g_autofree char *below = g_strdup_printf("%s/", base);
    return strcmp(plain, path) == 0 && g_str_has_prefix(path, below);
}

static int append(struct ledger *ledger, const char *line, GError **err)
{
    size_t size = strlen(line);
    off_t before = lseek(ledger->fd, 0, SEEK_END);
    ssize_t written = write(ledger->fd, line, size);
    if (written == (ssize_t)size && fdatasync(ledger->fd) == 0)
        return 0;
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
        fail(err, "cannot make", path);
        return NULL;
    }
    struct ledger *ledger = g_new0(struct ledger, 1);
    ledger->fd = fd;
    ledger->dir = g_strdup(dir);
    ledger->entries = g_ptr_array_new_with_free_func(entry_free);
    return ledger;
}

/* Takes the name under which ledger_reap() looks: not before it can read whose folder this is. */
static int publish(struct ledger *ledger, const char *base, GError **err)
{
    const char *id = strrchr(ledger->dir, '-') + 1;
    g_autofree char *dir = g_strdup_printf("%s/node-%s", base, id);
    if (rename(ledger->dir, dir) < 0)
        return fail(err, "cannot make", dir);
    g_free(ledger->dir);
    ledger->dir = g_steal_pointer(&dir);
    ledger->id = strrchr(ledger->dir, '-') + 1;
    return 0;
}

struct ledger *ledger_open(const char *base, const char *name, GError **err)
{
    g_autofree char *dir = g_strdup_printf("%s/new-%d-XXXXXX", base, (int)getpid());
    if (g_mkdtemp_full(dir, 0700) == NULL) {
        fail(err, "cannot make a folder in", base);
        return NULL;
    }
    struct ledger *ledger = begin(dir, err);
    if (ledger == NULL) {
        rmdir(dir);
        return NULL;
    }
    g_autofree char *line = g_strdup_printf("node %d %" G_GUINT64_FORMAT " %s\n", (int)getpid(),
                                            process_start_time(getpid()), name);
    if (append(ledger, line, err) < 0 || publish(ledger, base, err) < 0) {
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

static struct entry *add_entry(GPtrArray *entries, enum owned_kind kind, const char *what,
                               uint64_t start_time)
{
    struct entry *entry = g_new0(struct entry, 1);
    entry->kind = kind;
    entry->what = g_strdup(what);
    entry->start_time = start_time;
    g_ptr_array_add(entries, entry);
    return entry;
}

static void strike_entry(GPtrArray *entries, enum owned_kind kind, const char *what)
{
    for (unsigned i = 0; i < entries->len; i++) {
        const struct entry *entry = g_ptr_array_index(entries, i);
        if (entry->kind == kind && strcmp(entry->what, what) == 0) {
            g_ptr_array_remove_index(entries, i);
            return;
        }
    }
}

int ledger_own(struct ledger *ledger, enum owned_kind kind, const char *what, GError **err)
{
    uint64_t start_time = 0;
    g_autofree char *line = NULL;
    g_autofree char *base = g_path_get_dirname(ledger->dir);
    if (strchr(what, '\n') != NULL || (kind == OWNED_PATH && !may_own_path(base, what))) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "the ledger does not take %s %s",
                    kind_names[kind], what);
        return -1;
    }
    if (kind == OWNED_PROCESS) {
        start_time = process_start_time((pid_t)g_ascii_strtoll(what, NULL, 10));
        line = g_strdup_printf("+ process %s %" G_GUINT64_FORMAT "\n", what, start_time);
    } else {
        line = g_strdup_printf("+ %s %s\n", kind_names[kind], what);
    }
    if (append(ledger, line, err) < 0)
        return -1;
    add_entry(ledger->entries, kind, what, start_time);
    return 0;
}

int ledger_note_link(struct ledger *ledger, const char *socket_path, GError **err)
{
    g_autofree char *line = g_strdup_printf("+ socket %s\n", socket_path);
    return append(ledger, line, err);
}

void ledger_disown(struct ledger *ledger, enum owned_kind kind, const char *what)
{
    /* A line that cannot be written leaves an entry of something that is gone: harmless. */
    g_autofree char *line = g_strdup_printf("- %s %s\n", kind_names[kind], what);
    append(ledger, line, NULL);
    strike_entry(ledger->entries, kind, what);
}

static bool exists(const struct entry *entry)
{
    struct stat info;
    switch (entry->kind) {
    case OWNED_PROCESS:
        return process_runs((pid_t)g_ascii_strtoll(entry->what, NULL, 10), entry->start_time);
    case OWNED_PATH:
        return lstat(entry->what, &info) == 0; /* a link counts, wherever it leads */
    case OWNED_SOCKET:
        return lstat(entry->what, &info) == 0 && S_ISSOCK(info.st_mode);
    case OWNED_GUEST:
        return false;
    }
    return false;
}

static char *describe(const struct entry *entry)
{
    if (entry->kind != OWNED_PROCESS)
        return g_strdup_printf("%s %s", kind_names[entry->kind], entry->what);
    g_autofree char *name = process_name((pid_t)g_ascii_strtoll(entry->what, NULL, 10));
    return g_strdup_printf("process %s (%s)", entry->what, name);
}

GPtrArray *ledger_list(const struct ledger *ledger)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < ledger->entries->len; i++) {
        const struct entry *entry = g_ptr_array_index(ledger->entries, i);
        if (exists(entry))
            g_ptr_array_add(list, describe(entry));
    }
    return list;
}

/* Ends or removes one thing; whether it is gone. */
static bool dispose(const struct entry *entry)
{
    if (!exists(entry))
        return true;
    if (entry->kind == OWNED_PROCESS)
        return process_end((pid_t)g_ascii_strtoll(entry->what, NULL, 10), entry->start_time,
                           SIGKILL, deadline_in(KILL_MS));
    if (entry->kind == OWNED_SOCKET)
        return unlink(entry->what) == 0; /* a socket, as exists() has seen */
    return remove_tree(entry->what) == 0;
}

/* Processes first, since they may hold paths. What was there is appended to removed or to leaks. */
static void dispose_all(GPtrArray *entries, GPtrArray *removed, GPtrArray *leaks)
{
    for (int kind = OWNED_PROCESS; kind <= OWNED_SOCKET; kind++) {
        for (unsigned i = 0; i < entries->len; i++) {
            const struct entry *entry = g_ptr_array_index(entries, i);
            if ((int)entry->kind != kind || !exists(entry))
                continue;
            char *what = describe(entry); /* while it has a name */
            g_ptr_array_add(dispose(entry) ? removed : leaks, what);
        }
    }
}

void ledger_clear(struct ledger *ledger, GPtrArray *leaks)
{
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    dispose_all(ledger->entries, removed, leaks);
    for (unsigned i = ledger->entries->len; i > 0; i--) {
        const struct entry *entry = g_ptr_array_index(ledger->entries, i - 1);
        if (!exists(entry)) {
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
    g_free(ledger->dir);
    g_free(ledger);
}

/* ---- what dead nodes left -------------------------------------------------------------------- */

void reaping_init(struct reaping *outcome)
{
    outcome->removed = g_ptr_array_new_with_free_func(g_free);
    outcome->live = g_ptr_array_new_with_free_func(g_free);
    outcome->left = g_ptr_array_new_with_free_func(g_free);
}

void reaping_clear(struct reaping *outcome)
{
    g_clear_pointer(&outcome->removed, g_ptr_array_unref);
    g_clear_pointer(&outcome->live, g_ptr_array_unref);
    g_clear_pointer(&outcome->left, g_ptr_array_unref);
}

struct found {
    const char *base;
    pid_t pid; /* of the node */
    uint64_t start_time;
    char *name; /* of the host in its job; NULL if it does not say */
    GPtrArray *entries;
};

static void read_line(struct found *found, char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    unsigned n = g_strv_length(words);
    if (n < 3)
        return;
    if (strcmp(words[0], "node") == 0) {
        found->pid = (pid_t)g_ascii_strtoll(words[1], NULL, 10);
        char *name = strchr(words[2], ' ');
        found->start_time = g_ascii_strtoull(words[2], NULL, 10);
        g_free(found->name);
        found->name = g_strdup(name != NULL ? name + 1 : NULL);
        return;
    }
    for (unsigned kind = 0; kind < G_N_ELEMENTS(kind_names); kind++) {
        if (strcmp(words[1], kind_names[kind]) != 0)
            continue;
        if (strcmp(words[0], "-") == 0) {
            strike_entry(found->entries, kind, words[2]);
        } else if (strcmp(words[0], "+") != 0) {
            return; /* whatever it says, it does not say that this is ours */
        } else if (kind == OWNED_PROCESS) {
            char *start = strchr(words[2], ' ');
            if (start == NULL)
                return;
            *start++ = '\0';
            add_entry(found->entries, kind, words[2], g_ascii_strtoull(start, NULL, 10));
        } else if (kind != OWNED_PATH || may_own_path(found->base, words[2])) {
            add_entry(found->entries, kind, words[2], 0);
        }
    }
}

/* Reads a ledger; a line cut short by a crash is the last and says nothing. */
static void read_ledger(const char *dir, struct found *found)
{
    g_autofree char *path = g_build_filename(dir, "ledger", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    char *end;
    for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        read_line(found, line);
    }
}

/* Ends what a node started but died before it could write down. */
static void end_children(const char *dir, struct reaping *outcome)
{
    g_autoptr(GArray) pids = process_find_by_environment(NODE_VARIABLE, dir);
    for (unsigned i = 0; i < pids->len; i++) {
        pid_t pid = g_array_index(pids, pid_t, i);
        g_autofree char *name = process_name(pid);
        bool ended = process_end(pid, process_start_time(pid), SIGKILL, deadline_in(KILL_MS));
        g_ptr_array_add(ended ? outcome->removed : outcome->left,
                        g_strdup_printf("process %d (%s)", (int)pid, name));
    }
}

static char *describe_node(const struct found *found)
{
    return g_strdup_printf("node %d (%s)", (int)found->pid,
                           found->name != NULL ? found->name : "?");
}

/* Whether the node is gone; the one that is asked for is ended. */
static bool end_node(const struct found *found, bool is_asked_for, struct reaping *outcome)
{
    if (found->pid == 0 || !process_runs(found->pid, found->start_time))
        return true;
    if (!is_asked_for) {
        g_ptr_array_add(outcome->live, describe_node(found));
        return false;
    }
    bool ended =
        process_end(found->pid, found->start_time, SIGTERM, deadline_in(TERM_MS)) ||
        process_end(found->pid, found->start_time, SIGKILL, deadline_in(KILL_MS));
    g_ptr_array_add(ended ? outcome->removed : outcome->left, describe_node(found));
    return ended;
}

static void remove_rest(const char *dir, const struct found *found, struct reaping *outcome)
{
    unsigned left = outcome->left->len;
    dispose_all(found->entries, outcome->removed, outcome->left);
    end_children(dir, outcome);
    /* As long as something is left, its ledger stays for the next try. */
    if (outcome->left->len > left || access(dir, F_OK) != 0)
        return;
    g_ptr_array_add(remove_tree(dir) == 0 ? outcome->removed : outcome->left,
                    g_strdup_printf("path %s", dir));
}

static void reap_one(const char *dir, pid_t pid, struct reaping *outcome)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
    g_autofree char *base = g_path_get_dirname(dir);
    struct found found = {.base = base, .entries = entries};
    read_ledger(dir, &found);
    if (end_node(&found, found.pid == pid, outcome))
        remove_rest(dir, &found, outcome);
    g_free(found.name);
}

/* The folder of a node that died before it could write whose it is: "new-PID-XXXXXX". */
static void reap_unborn(const char *dir, const char *name)
{
    pid_t pid = (pid_t)g_ascii_strtoll(name + strlen("new-"), NULL, 10);
    if (pid > 0 && process_start_time(pid) == 0)
        remove_tree(dir);
}

int ledger_reap(const char *base, pid_t pid, struct reaping *outcome, GError **err)
{
    g_autoptr(GDir) folder = g_dir_open(base, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *dir = g_build_filename(base, name, NULL);
        if (g_str_has_prefix(name, "node-"))
            reap_one(dir, pid, outcome);
        else if (g_str_has_prefix(name, "new-"))
            reap_unborn(dir, name);
    }
    if (outcome->left->len == 0)
        return 0;
    g_autoptr(GString) list = g_string_new(NULL);
    for (unsigned i = 0; i < outcome->left->len; i++)
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(outcome->left, i));
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "could not be removed: %s", list->str);
    return -1;
}
