/*
 * exec: a command at each end, migration_exec_cmd_src and _dst, as the node's child: the hypervisor
 * writes to, or reads from, a socket pair whose other end the command has as stdin and stdout. So
 * its exit status, its deadline and its end are ours: QEMU itself ignores the first, and waits for
 * the command with its big lock held. Without commands the nodes' own relay carries the stream.
 *
 * In a command {address} and {port} are where the destination is reached. Commands are taken to
 * carry bytes one way only.
 */
#include "migration/evidence.h"
#include "migration/move/reach.h"
#include "migration/move/transport/direct.h"
#include "migration/move/transport/relay.h"
#include "migration/move/transport/table.h"
#include "migration/params.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define END_MS 15000 /* for a command to end by itself when its stream has ended */

struct exec {
    struct direct direct; /* first: the way between the hosts, for the relay; address and port */
    int vm_fd;            /* our copy of the hypervisor's end; -1: none */
    int other_fd;         /* the other end of the pair, until the child has it; -1 */
    struct relay *relay;
    struct child *command;
    char *text;    /* the command, filled in */
    char *process; /* as the ledger knows it */
    char *output;  /* path of what it printed to stderr */
    bool is_source;
};

static const char *command_of(const struct seat *seat, bool is_source)
{
    return param_text(seat->request.params,
                      is_source ? "migration_exec_cmd_src" : "migration_exec_cmd_dst");
}

static unsigned exec_traits(const struct params *params)
{
    return param_is_set(params, "migration_exec_cmd_src") ||
                   param_is_set(params, "migration_exec_cmd_dst")
               ? 0
               : TRANSPORT_TWO_WAY;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
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
        host_disown(exec->direct.channel.seat->test->host, OWNED_PROCESS, exec->process);
}

static void exec_close(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;

    end_command(exec);
    relay_free(exec->relay);
    close_fd(&exec->vm_fd);
    close_fd(&exec->other_fd);
    direct_clear(&exec->direct);
    g_free(exec->text);
    g_free(exec->process);
    g_free(exec->output);
    g_free(exec);
}

static struct exec *exec_new(struct seat *seat, bool is_source, GError **err)
{
    struct exec *exec = g_new0(struct exec, 1);
    int pair[2];

    exec->direct.channel = (struct channel){seat->request.transport, seat};
    exec->is_source = is_source;
    exec->vm_fd = exec->other_fd = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "socketpair: %s", g_strerror(errno));
        exec_close(&exec->direct.channel);
        return NULL;
    }
    exec->vm_fd = pair[0];
    exec->other_fd = pair[1];
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

/* Starts the command with its end of the pair, which it then has alone. */
static int start_command(struct exec *exec, const char *command, GError **err)
{
    const struct seat *seat = exec->direct.channel.seat;
    const struct host *host = seat->test->host;
    const char *const argv[] = {"/bin/sh", "-c", NULL, NULL};
    const char *words[4] = {argv[0], argv[1], NULL, NULL};
    g_autofree char *name = g_strdup_printf("%s.exec.stderr.log", seat->name);

    exec->text = fill_in(command, exec->direct.address, exec->direct.port);
    words[2] = exec->text;
    exec->output = g_build_filename(host->log_dir, name, NULL);
    int output = open(exec->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const struct child_fd fds[] = {
        {exec->other_fd, STDIN_FILENO},
        {exec->other_fd, STDOUT_FILENO},
        {output >= 0 ? output : STDERR_FILENO, STDERR_FILENO},
        {.fd = -1},
    };
    const struct child_spec spec = {.argv = words, .fds = fds, .new_session = true};
    exec->command = child_start(&spec, err);
    close_fd(&output);
    close_fd(&exec->other_fd);
    if (exec->command == NULL)
        return -1;
    host_log(host, VTMH__LOG_LEVEL__LOG_INFO, exec->is_source ? "source" : "destination",
             seat->name, "the stream goes through: %s", exec->text);
    exec->process = g_strdup_printf("%d", (int)child_pid(exec->command));
    return host_own(host, OWNED_PROCESS, exec->process, err);
}

static int start_relay(struct exec *exec, GError **err)
{
    const struct relay_pair pair = {exec->other_fd, stream_fd(exec->direct.stream)};

    exec->relay = relay_start(exec->direct.channel.seat->test->host, &pair, 1, err);
    close_fd(&exec->other_fd);
    return exec->relay != NULL ? 0 : -1;
}

/* Where a command is to listen. */
static int choose_port(struct exec *exec, const char *address, GError **err)
{
    const struct move_request *request = &exec->direct.channel.seat->request;

    exec->direct.address = g_strdup(address);
    return reach_free_port(address, request->port_low, request->port_high, &exec->direct.port, err);
}

static struct channel *exec_listen(struct seat *seat, const char *address, int64_t deadline,
                                   GError **err)
{
    const char *command = command_of(seat, false);
    struct exec *exec = exec_new(seat, false, err);

    (void)deadline;
    if (exec == NULL)
        return NULL;
    if (command != NULL
            ? choose_port(exec, address, err) == 0 && start_command(exec, command, err) == 0
            : direct_open(&exec->direct, seat, address, false, err) == 0)
        return &exec->direct.channel;
    exec_close(&exec->direct.channel);
    return NULL;
}

static json_t *exec_ticket(const struct channel *channel)
{
    const struct exec *exec = (const struct exec *)channel;

    return exec->command == NULL ? direct_ticket(channel)
                                 : json_pack("{s:s, s:i}", "address", exec->direct.address, "port",
                                             (int)exec->direct.port);
}

static int exec_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct exec *exec = (struct exec *)channel;

    if (exec->command == NULL &&
        (direct_admit(&exec->direct, deadline, err) < 0 || start_relay(exec, err) < 0))
        return -1;
    if (vm_incoming_fd(channel->seat->vm, exec->vm_fd, deadline, err) < 0)
        return -1;
    close_fd(&exec->vm_fd); /* else the source would not see that the hypervisor has closed it */
    return 0;
}

static int take_ticket(struct exec *exec, const json_t *ticket, const char *peer, GError **err)
{
    const char *address;

    if (ticket_read_address(ticket, peer, &address, &exec->direct.port, err) < 0)
        return -1;
    exec->direct.address = g_strdup(address);
    return 0;
}

static struct channel *exec_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                    int64_t deadline, GError **err)
{
    const char *command = command_of(seat, true);
    struct exec *exec = exec_new(seat, true, err);

    if (exec == NULL)
        return NULL;
    if (command != NULL
            ? take_ticket(exec, ticket, peer, err) == 0 && start_command(exec, command, err) == 0
            : direct_enter(&exec->direct, seat, ticket, peer, deadline, err) == 0 &&
                  start_relay(exec, err) == 0)
        return &exec->direct.channel;
    exec_close(&exec->direct.channel);
    return NULL;
}

static int exec_send(struct channel *channel, int64_t deadline, GError **err)
{
    struct exec *exec = (struct exec *)channel;

    return vm_migrate_fd(channel->seat->vm, exec->vm_fd, deadline, err);
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
                                    exec->direct.channel.seat->test->host->name, how, words),
                        VTMH__EVIDENCE__EVIDENCE_SELF, 0);
}

/* A command that has failed is the cause of what the hypervisors say of their streams. */
static GError *exec_complaint(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;
    int status = 0;

    if (exec->command == NULL || child_await(exec->command, deadline_in(0), &status, NULL) < 0)
        return NULL;
    return failure_of(exec, status);
}

/* All of the stream is at the command's other side only when it says so by its exit status. */
static int exec_finish(struct channel *channel, int64_t deadline, GError **err)
{
    struct exec *exec = (struct exec *)channel;
    int status = 0;
    GError *failure;

    if (exec->command == NULL)
        return 0;
    /* The hypervisor has let go of its end; ours is what keeps the command from seeing the end. */
    if (exec->vm_fd >= 0)
        shutdown(exec->vm_fd, SHUT_WR);
    if (child_await(exec->command, deadline_min(deadline, deadline_in(END_MS)), &status, err) < 0) {
        g_prefix_error(err, "the command '%s' has not ended though its stream has: ", exec->text);
        return -1;
    }
    failure = failure_of(exec, status);
    if (failure == NULL)
        return 0;
    g_propagate_error(err, failure);
    return -1;
}

static int exec_probe(struct channel *channel, int64_t deadline, GError **err)
{
    const struct exec *exec = (const struct exec *)channel;

    /* A command's own port takes one connection only: it is not asked. */
    return exec->command != NULL ? 0 : direct_probe(channel, deadline, err);
}

static void exec_break_off(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;

    if (exec->command != NULL)
        child_signal(exec->command, SIGKILL);
    direct_break_off(channel);
    if (exec->vm_fd >= 0)
        shutdown(exec->vm_fd, SHUT_RDWR);
}

const struct transport transport_exec = {
    .name = "exec",
    .traits = TRANSPORT_TWO_WAY,
    .traits_for = exec_traits,
    .listen = exec_listen,
    .ticket = exec_ticket,
    .receive = exec_receive,
    .connect = exec_connect,
    .send = exec_send,
    .finish = exec_finish,
    .complaint = exec_complaint,
    .probe = exec_probe,
    .break_off = exec_break_off,
    .close = exec_close,
};
