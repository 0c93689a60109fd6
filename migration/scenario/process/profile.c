/*
 * Profilers that run on each host for the time of the test, and what they say is in its folder
 * (NAME.log). One that is not there, or not known, is a note: the test is the same without it.
 */
#include "migration/params.h"
#include "migration/scenario/process/host_shell.h"
#include "migration/scenario/process/rows.h"

#define END_MS 5000

const char *const profile_params[] = {"profilers", NULL};

static const struct profiler {
    const char *name, *command; /* its program is called as it is */
} known[] = {
    {"kvm_stat", "exec kvm_stat -l"},
    {"vmstat", "exec vmstat -t 1"},
    {"mpstat", "exec mpstat 1"},
};

static void free_nothing(gpointer shell)
{
    g_assert(shell == NULL);
}

int profile_begin(struct step_on *on, GError **err)
{
    struct test *test = on->scene->test;
    GPtrArray *shells = on->state = g_ptr_array_new_with_free_func(free_nothing);
    g_auto(GStrv) names = param_list(on->params, "profilers");
    for (char **name = names; *name != NULL; name++) {
        const struct profiler *profiler = NULL;
        for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
            if (g_str_equal(known[i].name, *name))
                profiler = &known[i];
        g_autofree char *path = profiler != NULL ? g_find_program_in_path(*name) : NULL;
        if (path == NULL) {
            test_note(test, "the profiler %s is not %s", *name,
                      profiler != NULL ? "on all hosts" : "known");
            continue;
        }
        struct shell *shell = shell_start(test->host, *name, profiler->command, on->params, err);
        if (shell == NULL)
            return -1;
        g_ptr_array_add(shells, shell);
    }
    return 0;
}

/* One that has ended before, as kvm_stat does where there is no KVM, says so in its log. */
int profile_end(struct step_on *on, GError **err)
{
    g_autoptr(GPtrArray) shells = g_steal_pointer(&on->state);
    int result = 0;
    fiber_shield();
    while (shells->len > 0) {
        struct shell *shell = g_ptr_array_steal_index(shells, shells->len - 1);
        if (shell_end(shell, deadline_in(END_MS), result == 0 ? err : NULL) < 0)
            result = -1;
    }
    fiber_unshield();
    return result;
}
