#include "migration/move/script.h"

#include "cfg/params.h"
#include "migration/move/script_pattern.h"

#include <signal.h>
#include <string.h>

#define COMMAND_MS 10000 /* for a hypervisor to take a command */
#define CANCEL_MS 60000  /* … and to call a migration off */

static const struct {
    const char *word;
    enum script_action action;
    bool has_size, has_time, has_end;
} actions[] = {
    {"cancel", SCRIPT_CANCEL, false, false, false},
    {"speed", SCRIPT_SPEED, true, false, false},
    {"downtime", SCRIPT_DOWNTIME, false, true, false},
    {"pause", SCRIPT_PAUSE, false, false, false},
    {"resume", SCRIPT_RESUME, false, false, false},
    {"postcopy", SCRIPT_POSTCOPY, false, false, false},
    {"cut", SCRIPT_CUT, false, false, false},
    {"kill", SCRIPT_KILL, false, false, true},
    {"freeze", SCRIPT_FREEZE, false, false, true},
    {"thaw", SCRIPT_THAW, false, false, true},
};

static const struct {
    const char *word;
    enum script_when when;
    int factor;
} units[] = {
    {"s", SCRIPT_AFTER_MS, 1000}, {"ms", SCRIPT_AFTER_MS, 1},  {"%", SCRIPT_AT_PERCENT, 1},
    {"syncs", SCRIPT_AT_SYNC, 1}, {"sync", SCRIPT_AT_SYNC, 1},
};

static void clear_step(gpointer data)
{
    struct script_step *step = data;
    g_free(step->text);
}

/* A number with its unit. */
static bool read_number(const char *word, enum script_when *when, int64_t *number_out)
{
    char *end;
    double number = g_ascii_strtod(word, &end);

    for (size_t i = 0; i < G_N_ELEMENTS(units) && end != word; i++)
        if (strcmp(units[i].word, end) == 0) {
            *when = units[i].when;
            *number_out = (int64_t)(number * units[i].factor);
            return number >= 0;
        }
    return false;
}

static bool read_when(const char *word, struct script_step *step)
{
    g_auto(GStrv) parts = g_strsplit(word, "+", 2);
    enum script_when unit = SCRIPT_AFTER_MS;

    if (parts[1] != NULL &&
        (!read_number(parts[1], &unit, &step->later_ms) || unit != SCRIPT_AFTER_MS))
        return false;
    if (*parts[0] == '\0') {
        step->when = SCRIPT_AT_ONCE;
        return true;
    }
    if (g_ascii_isalpha(*parts[0])) {
        step->when = SCRIPT_AT_STATUS;
        g_strlcpy(step->status, parts[0], sizeof(step->status));
        return g_regex_match_simple("^" SCRIPT_STATUS "$", parts[0], 0, 0);
    }
    return read_number(parts[0], &step->when, &step->at);
}

static bool read_action(char **words, struct script_step *step)
{
    const char *with = words[0] != NULL ? words[1] : NULL;
    int64_t ms;

    for (size_t i = 0; i < G_N_ELEMENTS(actions) && words[0] != NULL; i++) {
        if (strcmp(actions[i].word, words[0]) != 0)
            continue;
        step->action = actions[i].action;
        if (actions[i].has_size)
            return with != NULL &&
                   params_parse_size("mig_script", with, 1, &step->value, NULL) == 0;
        if (actions[i].has_time) {
            if (with == NULL || params_parse_duration_ms("mig_script", with, &ms, NULL) < 0)
                return false;
            step->value = (uint64_t)ms;
            return true;
        }
        if (!actions[i].has_end)
            return with == NULL;
        step->at_destination = g_strcmp0(with, "destination") == 0;
        /* How far the migration has come only its source knows. */
        return step->at_destination
                   ? step->when != SCRIPT_AT_PERCENT && step->when != SCRIPT_AT_SYNC
                   : g_strcmp0(with, "source") == 0;
    }
    return false;
}

/* Words that are not empty. Transfer full. */
static GStrv split(const char *text)
{
    g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    for (char **part = parts; *part != NULL; part++)
        if (**part != '\0')
            g_strv_builder_add(words, *part);
    return g_strv_builder_end(words);
}

GArray *script_parse(const char *text, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(text, ";", -1);
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(struct script_step));

    g_array_set_clear_func(steps, clear_step);
    for (char **part = parts; *part != NULL; part++) {
        g_auto(GStrv) words = split(*part);
        struct script_step step = {0};

        if (words[0] == NULL)
            continue;
        if (!read_when(words[0], &step) || !read_action(words + 1, &step)) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                        "mig_script: '%s' is no step: WHEN WHAT, as in '2s cancel'",
                        g_strstrip(*part));
            return NULL;
        }
        step.text = g_strdup(g_strstrip(*part));
        g_array_append_val(steps, step);
    }
    return g_steal_pointer(&steps);
}

bool script_does(const GArray *script, enum script_action action)
{
    for (unsigned i = 0; script != NULL && i < script->len; i++)
        if (g_array_index(script, struct script_step, i).action == action)
            return true;
    return false;
}

static bool is_reached(const struct script_run *run, const struct script_step *step)
{
    if (step->when == SCRIPT_AT_STATUS)
        return strcmp(vm_move_status(run->vm), step->status) == 0;
    const struct vm_move_stats *stats = &run->looks->last;
    if (step->when == SCRIPT_AT_SYNC)
        return stats->dirty_syncs >= step->at;
    return stats->total_bytes > 0 && stats->remaining_bytes >= 0 &&
           100 * (stats->total_bytes - stats->remaining_bytes) >= step->at * stats->total_bytes;
}

static int await_reached(struct script_run *run, const struct script_step *step, GError **err)
{
    while (!is_reached(run, step)) {
        struct event *const events[] = {vm_move_changed(run->vm),
                                        run->looks != NULL ? &run->looks->changed : NULL};
        size_t n = run->looks != NULL ? 2 : 1;

        for (size_t i = 0; i < n; i++)
            event_reset(events[i]);
        if (await_any(events, n, DEADLINE_NEVER, err) < 0)
            return -1;
    }
    return 0;
}

static int await_step(struct script_run *run, const struct script_step *step, int64_t began_ms,
                      GError **err)
{
    if (step->when == SCRIPT_AFTER_MS && await_deadline(began_ms + step->at, err) < 0)
        return -1;
    if (step->when > SCRIPT_AFTER_MS && await_reached(run, step, err) < 0)
        return -1;
    return step->later_ms > 0 ? await_deadline(deadline_in(step->later_ms), err) : 0;
}

static int call_off(const struct script_run *run, GError **err)
{
    bool completed = false;
    g_autoptr(GError) error = NULL;

    if (*run->has_switched || vm_is_postcopy(run->vm)) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "cancel comes after the switch to post-copy, where it would end "
                    "the guest of %s",
                    vm_name(run->vm));
        return -1;
    }
    *run->called_off = true;
    if (vm_migrate_cancel(run->vm, &completed, deadline_in(CANCEL_MS), &error) == 0) {
        *run->called_off = !completed;
        return 0;
    }
    /* A leg that has ended by it cancels this fiber; else the hypervisor has not done it. */
    *run->called_off = g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

/* A process that has ended may have given its number to another; one that a manager has not made
 * yet, or has ended, has none, and 0 would be ourselves. */
static int send_signal(const struct script_run *run, int signal, GError **err)
{
    pid_t pid = vm_pid(run->vm);
    if (pid > 0 && !vm_has_left(run->vm) && !event_is_set(vm_exited(run->vm)) &&
        kill(pid, signal) == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "the hypervisor of %s %s", vm_name(run->vm),
                pid > 0 ? "has ended already" : "is not there yet");
    return -1;
}

static int do_step(const struct script_run *run, const struct script_step *step, GError **err)
{
    int64_t deadline = deadline_in(COMMAND_MS);

    host_log(run->host, VTMH__LOG_LEVEL__LOG_INFO, run->at_destination ? "destination" : "source",
             vm_name(run->vm), "mig_script: %s", step->text);
    switch (step->action) {
    case SCRIPT_CANCEL:
        return call_off(run, err);
    case SCRIPT_SPEED:
        return vm_set_speed(run->vm, step->value, deadline, err);
    case SCRIPT_DOWNTIME:
        return vm_set_downtime(run->vm, (int64_t)step->value, deadline, err);
    case SCRIPT_PAUSE:
        return vm_stop(run->vm, deadline, err);
    case SCRIPT_RESUME:
        return vm_cont(run->vm, deadline, err);
    case SCRIPT_POSTCOPY:
        return run->switch_over(run->leg, err);
    case SCRIPT_CUT:
        return run->cut(run->leg, err);
    case SCRIPT_KILL:
        return send_signal(run, SIGKILL, err);
    case SCRIPT_FREEZE:
        return send_signal(run, SIGSTOP, err);
    case SCRIPT_THAW:
        return send_signal(run, SIGCONT, err);
    }
    return 0;
}

/* The next one of this end's that is not done yet; NULL: all are. */
static const struct script_step *due_step(struct script_run *run)
{
    for (; run->next < run->steps->len; run->next++) {
        const struct script_step *step = &g_array_index(run->steps, struct script_step, run->next);

        if (step->at_destination == run->at_destination)
            return step;
    }
    return NULL;
}

int script_run(void *arg, GError **err)
{
    struct script_run *run = arg;
    int64_t began_ms = deadline_in(0);

    const struct script_step *step;

    for (; (step = due_step(run)) != NULL; run->next++)
        if (await_step(run, step, began_ms, err) < 0 || do_step(run, step, err) < 0) {
            g_prefix_error(err, "mig_script: '%s' on %s: ", step->text, run->host->name);
            return -1;
        }
    return 0;
}

const char *script_due(struct script_run *run)
{
    const struct script_step *step = run->steps != NULL ? due_step(run) : NULL;

    return step != NULL ? step->text : NULL;
}
