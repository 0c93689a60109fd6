/* pre_command before the test and post_command after it, on each host that has one. */
#include "migration/params.h"
#include "migration/scenario/process/host_shell.h"
#include "migration/scenario/process/rows.h"

#define KILL_MS 5000

const char *const command_params[] = {"pre_command", "post_command", NULL};

struct commands {
    struct shell *before; /* what it left running lives until the end */
    struct shell *after;
    int64_t after_by; /* the deadline of that */
};

/* The value of NAME_timeout or NAME_noncritical. */
struct limits {
    int64_t timeout_ms;
    bool noncritical;
};

static int read_limits(const struct params *params, const char *name, struct limits *limits,
                       GError **err)
{
    g_autofree char *timeout = g_strconcat(name, "_timeout", NULL);
    g_autofree char *noncritical = g_strconcat(name, "_noncritical", NULL);
    return param_duration_ms(params, timeout, &limits->timeout_ms, err) < 0 ||
                   param_bool(params, noncritical, &limits->noncritical, err) < 0
               ? -1
               : 0;
}

/* A failure that does not count is a note; whether it does not. */
static bool is_let_pass(struct test *test, const char *name, const struct limits *limits,
                        const GError *error)
{
    if (!limits->noncritical || fiber_is_cancelled())
        return false;
    test_note(test, "%s (%s_noncritical)", error->message, name);
    return true;
}

/* A time-out becomes that of the parameter. */
static void say_limit(GError **error, const struct step_on *on, const char *name,
                      const struct limits *limits)
{
    if (!g_error_matches(*error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        return;
    g_clear_error(error);
    if (on->ends_by != DEADLINE_NEVER)
        g_set_error(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT,
                    "%s was not over in the little time that it has after a test that has failed",
                    name);
    else
        g_set_error(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT,
                    "%s was not over within %g s (%s_timeout)", name,
                    (double)limits->timeout_ms / 1000, name);
}

int command_begin(struct step_on *on, GError **err)
{
    static const char name[] = "pre_command";
    struct test *test = on->scene->test;
    struct commands *commands = on->state = g_new0(struct commands, 1);
    struct limits limits;
    if (!param_is_set(on->params, name))
        return 0;
    if (read_limits(on->params, name, &limits, err) < 0)
        return -1;

    g_autoptr(GError) error = NULL;
    commands->before =
        shell_start(test->host, name, param_text(on->params, name), on->params, &error);
    if (commands->before != NULL &&
        shell_await(commands->before, deadline_in(limits.timeout_ms), &error) == 0)
        return 0;
    say_limit(&error, on, name, &limits);
    /* What failed does not run on beside the test. */
    fiber_shield();
    shell_end(g_steal_pointer(&commands->before), deadline_in(KILL_MS), NULL);
    fiber_unshield();
    if (is_let_pass(test, name, &limits, error))
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static bool is_called_off(const GError *error, const struct step_on *on)
{
    return on->ends_by == DEADLINE_NEVER &&
           g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED);
}

static int run_after(const struct step_on *on, struct commands *commands, GError **err)
{
    static const char name[] = "post_command";
    struct test *test = on->scene->test;
    struct limits limits;
    if (!param_is_set(on->params, name))
        return 0;
    if (read_limits(on->params, name, &limits, err) < 0)
        return -1;

    g_autoptr(GError) error = NULL;
    if (commands->after == NULL) {
        commands->after =
            shell_start(test->host, name, param_text(on->params, name), on->params, &error);
        commands->after_by = deadline_in(limits.timeout_ms);
    }
    if (commands->after != NULL &&
        shell_await(commands->after, deadline_min(commands->after_by, on->ends_by), &error) == 0)
        return 0;
    if (!is_called_off(error, on)) {
        say_limit(&error, on, name, &limits);
        if (is_let_pass(test, name, &limits, error))
            return 0;
    }
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

int command_end(struct step_on *on, GError **err)
{
    struct commands *commands = on->state;
    g_autoptr(GError) error = NULL;
    int result = run_after(on, commands, &error);
    if (is_called_off(error, on)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    struct shell *const shells[] = {commands->after, commands->before};
    g_clear_pointer(&on->state, g_free);
    fiber_shield();
    for (unsigned i = 0; i < G_N_ELEMENTS(shells); i++)
        if (shell_end(shells[i], deadline_in(KILL_MS), error == NULL ? &error : NULL) < 0)
            result = -1;
    fiber_unshield();
    if (error != NULL)
        g_propagate_error(err, g_steal_pointer(&error));
    return result;
}
