/* What dead nodes left: reading their ledgers and doing what they can do no more. */
#include "node/ledger.h"

#include "node/owned.h"
#include "node/process.h"
#include "node/remove.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define KILL_MS 5000
#define TERM_MS 15000

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
    for (unsigned kind = 0; kind < OWNED_KINDS; kind++) {
        if (strcmp(words[1], owned_kind_names[kind]) != 0)
            continue;
        if (strcmp(words[0], "-") == 0) {
            owned_strike(found->entries, kind, words[2]);
        } else if (strcmp(words[0], "+") != 0) {
            return; /* whatever it says, it does not say that this is ours */
        } else if (kind == OWNED_PROCESS) {
            char *start = strchr(words[2], ' ');
            if (start == NULL)
                return;
            *start++ = '\0';
            owned_add(found->entries, kind, words[2], g_ascii_strtoull(start, NULL, 10));
        } else if (owned_may_be(found->base, kind, words[2])) {
            owned_add(found->entries, kind, words[2], 0);
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
    bool ended = process_end(found->pid, found->start_time, SIGTERM, deadline_in(TERM_MS)) ||
                 process_end(found->pid, found->start_time, SIGKILL, deadline_in(KILL_MS));
    g_ptr_array_add(ended ? outcome->removed : outcome->left, describe_node(found));
    return ended;
}

static void remove_rest(const char *dir, const struct found *found, struct reaping *outcome)
{
    unsigned left = outcome->left->len;
    /* First who would make anew what is removed. */
    end_children(dir, outcome);
    owned_dispose(found->entries, outcome->removed, outcome->left);
    /* As long as something is left, its ledger stays for the next try. */
    if (outcome->left->len > left || access(dir, F_OK) != 0)
        return;
    g_ptr_array_add(remove_tree(dir) == 0 ? outcome->removed : outcome->left,
                    g_strdup_printf("path %s", dir));
}

static void reap_one(const char *dir, pid_t pid, struct reaping *outcome)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(owned_free);
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

/*
 * One at a time removes: two nodes that start together would each take the other's work for a
 * failure. It may block, as nothing else runs yet in a process that reaps. Returns a descriptor, or
 * -1 (no lock then).
 */
static int lock_base(const char *base)
{
    int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        flock(fd, LOCK_EX);
    return fd;
}

/* In a folder: it is spared. */
#define SPARED "spared"

int reap_spare(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, SPARED, NULL);
    return g_file_set_contents(path, "", 0, NULL) ? 0 : -1;
}

static bool is_spared(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, SPARED, NULL);
    return access(path, F_OK) == 0;
}

static void reap_all(const char *base, pid_t pid, bool and_spared, struct reaping *outcome)
{
    g_autoptr(GDir) folder = g_dir_open(base, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *dir = g_build_filename(base, name, NULL);
        if (g_str_has_prefix(name, "node-") && (and_spared || !is_spared(dir)))
            reap_one(dir, pid, outcome);
        else if (g_str_has_prefix(name, "new-"))
            reap_unborn(dir, name);
    }
}

int ledger_reap(const char *base, pid_t pid, bool and_spared, struct reaping *outcome, GError **err)
{
    int lock = lock_base(base);
    reap_all(base, pid, and_spared, outcome);
    if (lock >= 0)
        close(lock);
    if (outcome->left->len == 0)
        return 0;
    g_autoptr(GString) list = g_string_new(NULL);
    for (unsigned i = 0; i < outcome->left->len; i++)
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(outcome->left, i));
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "could not be removed: %s", list->str);
    return -1;
}
