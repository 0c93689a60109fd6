/*
 * exec with commands of the user's, migration_exec_cmd_src and _dst, each the node's child: its
 * exit status, its deadline and its end are ours, since QEMU itself ignores the first, and waits
 * for the command with its big lock held. A relay between the hypervisor and the command counts
 * what the hypervisor at the source gave, and that at the destination got: a command that loses the
 * tail of a stream is else not noticed by either.
 *
 *     source's VM -> relay -> command ~~~~~> command -> relay -> destination's VM
 *
 * In a command {address} and {port} are where the destination is reached. Commands are taken to
 * carry bytes one way only.
 */
#include "migration/evidence.h"
#include "migration/move/reach.h"
#include "migration/move/transport/pair.h"
#include "migration/move/transport/relay.h"
#include "migration/move/transport/table.h"
#include "migration/params.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define END_MS 15000 /* for a command to end by itself when its stream has ended */

struct exec {
    struct channel channel; /* first */
    char *address;          /* the destination's */
    uint16_t port;
    int vm_fd; /* the hypervisor's end, until it has it; -1 */
    struct relay *relay;
    struct child *command;
    char *text;    /* the command, filled in */
    char *process; /* as the ledger knows it */
    char *output;  /* path of what it printed to stderr */
    bool is_source;
    int64_t carried; /* bytes, when all have gone through; -1 */
};

static const char *command_of(const struct seat *seat, bool is_source)
{
    return param_text(seat->request.params,
                      is_source ? "migration_exec_cmd_src" : "migration_exec_cmd_dst");
}

static bool exec_fits(const struct params *params)
{
    return param_is_set(params, "migration_exec_cmd_src") ||
           param_is_set(params, "migration_exec_cmd_dst");
}

static void end_command(struct exec *exec)
{
    if (exec->command == NULL)
        return;
    fiber_shield();
    child_signal(exec->command, SIGKILL);
    child_await(exec->command, deadline_in(END_MS), NULL, NULL);
    fiber_unshield();
    g_clear_pointer(&exec->command, child_free);
    if (exec->process != NULL)
        host_disown(exec->channel.seat->test->host, OWNED_PROCESS, exec->process);
}

static void exec_close(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;

    end_command(exec);
    relay_free(exec->relay);
    pair_close(&exec->vm_fd);
    g_free(exec->address);
    g_free(exec->text);
    g_free(exec->process);
    g_free(exec->output);
    g_free(exec);
}

static struct exec *exec_new(struct seat *seat, bool is_source, const char *address)
{
    struct exec *exec = g_new0(struct exec, 1);

    exec->channel = (struct channel){seat->request.transport, seat};
    exec->is_source = is_source;
    exec->address = g_strdup(address);
    exec->vm_fd = -1;
    exec->carried = -1;
    return exec;
}

/* {address} and {port} filled in. Transfer full. */
static char *fill_in(const char *command, const char *address, uint16_t port)
{
    g_autoptr(GString) text = g_string_new(command);
    g_autofree char *number = g_strdup_printf("%u", port);

    g_string_replace(text, "{address}", address, 0);
    g_string_replace(text, "{port}", number, 0);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* With its end of the stream, the rest of its output into a file. */
static int start_command(struct exec *exec, const char *command, int stream_fd, GError **err)
{
    const struct seat *seat = exec->channel.seat;
    const struct host *host = seat->test->host;
    const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
    g_autofree char *name = g_strdup_printf("%s.exec.stderr.log", seat->name);

    argv[2] = exec->text = fill_in(command, exec->address, exec->port);
    exec->output = g_build_filename(host->log_dir, name, NULL);
    int output = open(exec->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int printed = output >= 0 ? output : STDERR_FILENO;
    const struct child_fd fds[] = {
        {stream_fd, exec->is_source ? STDIN_FILENO : STDOUT_FILENO},
        {printed, STDERR_FILENO},
        {exec->is_source ? printed : -1, STDOUT_FILENO},
        {.fd = -1},
    };
    const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};
    exec->command = child_start(&spec, err);
    pair_close(&output);
    if (exec->command == NULL)
        return -1;
    host_log(host, VTMH__LOG_LEVEL__LOG_INFO, exec->is_source ? "source" : "destination",
             seat->name, "the stream goes through: %s", exec->text);
    exec->process = g_strdup_printf("%d", (int)child_pid(exec->command));
    return host_own(host, OWNED_PROCESS, exec->process, err);
}

/* The hypervisor's pair, the command's, and the relay between; then what is of the command alone is
 * closed here. */
static int start(struct exec *exec, GError **err)
{
    const struct seat *seat = exec->channel.seat;
    const char *command = command_of(seat, exec->is_source);
    int vm_side = -1, near = -1, far = -1;
    int done = -1;

    if (command == NULL)
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_MISSING,
                    "%s is not set: a command at one end needs one at the other",
                    exec->is_source ? "migration_exec_cmd_src" : "migration_exec_cmd_dst");
    else if (pair_open(&exec->vm_fd, &vm_side, err) == 0 && pair_open(&near, &far, err) == 0 &&
             (exec->relay = relay_start(seat->test->host, err)) != NULL &&
             relay_carry(exec->relay, vm_side, near, err) == 0)
        done = start_command(exec, command, far, err);
    pair_close(&vm_side);
    pair_close(&near);
    pair_close(&far);
    return done;
}

static struct channel *exec_listen(struct seat *seat, const char *address, int64_t deadline,
                                   GError **err)
{
    const struct move_request *request = &seat->request;
    struct exec *exec = exec_new(seat, false, address);

    (void)deadline;
    if (reach_free_port(address, request->port_low, request->port_high, &exec->port, err) == 0 &&
        start(exec, err) == 0)
        return &exec->channel;
    exec_close(&exec->channel);
    return NULL;
}

static json_t *exec_ticket(const struct channel *channel)
{
    const struct exec *exec = (const struct exec *)channel;

    return ticket_of_address(exec->address, exec->port);
}

static int exec_receive(struct channel *channel, int64_t deadline, GError **err)
{
    return pair_receive(channel->seat->vm, &((struct exec *)channel)->vm_fd, deadline, err);
}

static struct channel *exec_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                    int64_t deadline, GError **err)
{
    const char *address;
    uint16_t port;

    (void)deadline;
    if (ticket_read_address(ticket, peer, &address, &port, err) < 0)
        return NULL;
    struct exec *exec = exec_new(seat, true, address);
    exec->port = port;
    if (start(exec, err) == 0)
        return &exec->channel;
    exec_close(&exec->channel);
    return NULL;
}

static int exec_send(struct channel *channel, int64_t deadline, GError **err)
{
    return pair_send(channel->seat->vm, &((struct exec *)channel)->vm_fd, deadline, err);
}

static char *last_words(const struct exec *exec)
{
    char *text = NULL;

    if (!g_file_get_contents(exec->output, &text, NULL, NULL) || *g_strstrip(text) == '\0') {
        g_free(text);
        return g_strdup("it printed nothing");
    }
    char *line = strrchr(text, '\n');
    char *last = g_strdup(line != NULL ? line + 1 : text);
    g_free(text);
    return last;
}

/* What the command's exit status says; NULL if it is 0. Transfer full. */
static GError *failure_of(const struct exec *exec, int status)
{
    if (status == 0)
        return NULL;
    g_autofree char *how = child_describe_status(status);
    g_autofree char *words = last_words(exec);
    return evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                                    "the command '%s' on %s ended with %s: %s", exec->text,
                                    exec->channel.seat->test->host->name, how, words),
                        VTMH__EVIDENCE__EVIDENCE_SELF, 0);
}

/* A command that has failed is the cause of what the hypervisors say of their streams. */
static GError *exec_complaint(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;
    int status = 0;

    if (child_await(exec->command, deadline_in(0), &status, NULL) < 0 || status == 0)
        return relay_complaint(exec->relay);
    return failure_of(exec, status);
}

/* All of the stream is at the command's other side only when it says so by its exit status. */
static int exec_finish(struct channel *channel, int64_t deadline, GError **err)
{
    struct exec *exec = (struct exec *)channel;
    int64_t soon = deadline_min(deadline, deadline_in(END_MS));
    uint64_t there, back;
    int status = 0;

    if (child_await(exec->command, soon, &status, err) < 0) {
        g_prefix_error(err, "the command '%s' has not ended though its stream has: ", exec->text);
        return -1;
    }
    GError *failure = failure_of(exec, status);
    if (failure != NULL) {
        g_propagate_error(err, failure);
        return -1;
    }
    if (relay_carried(exec->relay, &there, &back, soon, err) < 0)
        return -1;
    exec->carried = (int64_t)(exec->is_source ? there : back);
    return 0;
}

static int64_t exec_carried(const struct channel *channel)
{
    return ((const struct exec *)channel)->carried;
}

static pid_t exec_carrier(const struct channel *channel)
{
    return relay_pid(((const struct exec *)channel)->relay);
}

static void exec_break_off(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;

    child_signal(exec->command, SIGKILL);
    relay_break_off(exec->relay);
}

/* A command's own port takes one connection only: it is not asked (probe). */
const struct transport transport_exec_commands = {
    .name = "exec",
    .guard = "none",
    .fits = exec_fits,
    .listen = exec_listen,
    .ticket = exec_ticket,
    .receive = exec_receive,
    .connect = exec_connect,
    .send = exec_send,
    .finish = exec_finish,
    .carried = exec_carried,
    .carrier = exec_carrier,
    .complaint = exec_complaint,
    .break_off = exec_break_off,
    .close = exec_close,
};
