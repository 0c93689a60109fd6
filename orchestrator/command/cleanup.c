#include "orchestrator/command/cleanup.h"

#include "orchestrator/command/machines.h"
#include "orchestrator/deploy.h"
#include "orchestrator/report/text.h"
#include "orchestrator/result.h"

#include <signal.h>
#include <stdio.h>

#define CLEAN_MS 60000 /* connect, end what still runs, remove */

struct request {
    struct machines machines;
    bool with_cache;
};

static const struct argument table[] = {
    MACHINES_ROWS,
    {"cache", .flag = offsetof(struct request, with_cache),
     .help = "also remove the bundles and guests that vtmh uploaded\n"
             "(~/.cache/vtmh there); never what deploy/guest built here"},
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh cleanup -m HOSTS [options]",
    .about =
        "Removes from the hosts what nodes left that were killed: processes, sockets, files.\n"
        "A node that lives, because a job is in progress, is named and not touched; a cache that\n"
        "such a node runs from stays.",
    .more = "examples:\n"
            "  vtmh cleanup -m host1,host2\n"
            "  vtmh cleanup -m host1 --cache\n"
            "\n"
            "exit status, a sum of:\n"
            "  0  all hosts are clean\n"
            "  2  a host could not be reached, or something could not be removed\n"
            "  4  the command line is wrong\n"
            "  8  interrupted",
    .table = table,
};

/* One machine; all local: ones are the same computer and cleaned as one. */
struct target {
    struct cleaning *cleaning;
    const struct machine *machine;
    GString *names;
    struct purged *purged; /* NULL: error says why */
    GError *error;
};

struct cleaning {
    const struct request *request;
    const char *command_line;
    GPtrArray *targets; /* struct target */
    struct scope *scope;
    bool is_interrupted;
};

static void target_free(gpointer data)
{
    struct target *target = data;

    g_string_free(target->names, TRUE);
    purged_free(target->purged);
    g_clear_error(&target->error);
    g_free(target);
}

static void add_targets(struct cleaning *cleaning)
{
    const GPtrArray *machines = cleaning->request->machines.list;
    struct target *here = NULL;

    for (unsigned i = 0; i < machines->len; i++) {
        const struct machine *machine = g_ptr_array_index(machines, i);
        struct target *target;

        if (machine->is_local && here != NULL) {
            g_string_append_printf(here->names, ", %s", machine->name);
            continue;
        }
        target = g_new0(struct target, 1);
        target->cleaning = cleaning;
        target->machine = machine;
        target->names = g_string_new(machine->name);
        g_ptr_array_add(cleaning->targets, target);
        if (machine->is_local)
            here = target;
    }
}

static int clean_one(void *arg, G_GNUC_UNUSED GError **err)
{
    struct target *target = arg;
    const struct request *request = target->cleaning->request;
    const struct deploy_options options = {
        .accept_new_host_keys = request->machines.accept_new_host_keys,
        .command_hint = target->cleaning->command_line,
    };

    target->purged = deploy_purge(target->machine, &options, request->with_cache,
                                  deadline_in(CLEAN_MS), &target->error);
    return 0; /* one that fails does not stop the others */
}

static void on_signal(uv_signal_t *handle, G_GNUC_UNUSED int signum)
{
    struct cleaning *cleaning = handle->data;
    g_autoptr(GError) cause = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, "interrupted");

    cleaning->is_interrupted = true;
    scope_cancel(cleaning->scope, cause);
}

static void free_handle(uv_handle_t *handle)
{
    g_free(handle);
}

static uv_signal_t *watch_signal(struct cleaning *cleaning, int signum)
{
    uv_signal_t *handle = g_new0(uv_signal_t, 1);

    uv_signal_init(fiber_loop(), handle);
    handle->data = cleaning;
    uv_signal_start(handle, on_signal, signum);
    return handle;
}

static int clean_all(void *arg, GError **err)
{
    struct cleaning *cleaning = arg;
    uv_signal_t *interrupt = watch_signal(cleaning, SIGINT);
    uv_signal_t *terminate = watch_signal(cleaning, SIGTERM);
    int result;

    cleaning->scope = scope_open("clean up");
    for (unsigned i = 0; i < cleaning->targets->len; i++) {
        struct target *target = g_ptr_array_index(cleaning->targets, i);

        scope_spawn(cleaning->scope, target->machine->name, clean_one, target);
    }
    result = scope_close(cleaning->scope, err);
    uv_close((uv_handle_t *)interrupt, free_handle);
    uv_close((uv_handle_t *)terminate, free_handle);
    return result;
}

/* format has a %s for the name and one for the line, which comes from the machine. */
static void print_lines(FILE *out, const char *format, const char *name, const GPtrArray *lines)
    G_GNUC_PRINTF(2, 0);

static void print_lines(FILE *out, const char *format, const char *name, const GPtrArray *lines)
{
    for (unsigned i = 0; i < lines->len; i++) {
        g_autofree char *line = text_printable(g_ptr_array_index(lines, i));

        fprintf(out, format, name, line);
    }
}

/* Returns the bits of the exit status that the target adds. */
static int print_target(const struct target *target)
{
    const struct purged *purged = target->purged;
    const char *name = target->names->str;

    if (purged == NULL) {
        fprintf(stderr, "vtmh: %s\n", target->error->message);
        return EXIT_BIT_JOB;
    }
    print_lines(stdout, "%s: removed %s\n", name, purged->removed);
    print_lines(stdout, "%s: %s runs; not touched\n", name, purged->live);
    if (purged->removed->len + purged->live->len + purged->left->len == 0)
        printf("%s: nothing to clean\n", name);
    fflush(stdout);
    print_lines(stderr, "vtmh: %s: could not remove %s\n", name, purged->left);
    return purged->left->len > 0 ? EXIT_BIT_JOB : 0;
}

static int clean(const struct request *request, const char *command_line)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(target_free);
    struct cleaning cleaning = {
        .request = request, .command_line = command_line, .targets = targets};
    int status = 0;

    add_targets(&cleaning);
    fiber_run(clean_all, &cleaning, NULL);
    for (unsigned i = 0; i < targets->len; i++)
        status |= print_target(g_ptr_array_index(targets, i));
    return status | (cleaning.is_interrupted ? EXIT_BIT_INTERRUPTED : 0);
}

int command_cleanup(int argc, char **argv)
{
    g_autofree char *command_line = arguments_command_line("cleanup", argc, argv);
    struct request request = {.with_cache = false};
    int status;

    machines_init(&request.machines);
    status = machines_parse(&arguments, argc, argv, &request.machines);
    if (status < 0)
        status = clean(&request, command_line);
    machines_clear(&request.machines);
    return status;
}
