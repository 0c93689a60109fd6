/*
 * exec without commands of the user's (for those: exec_commands.c): the nodes' relay has the place
 * of the command, at each end of the connection between the nodes.
 */
#include "migration/move/transport/direct.h"
#include "migration/move/transport/pair.h"
#include "migration/move/transport/relay.h"
#include "migration/move/transport/table.h"
#include "migration/params.h"

struct exec {
    struct direct direct; /* first: the way between the hosts */
    int vm_fd;            /* the hypervisor's end, until it has it; -1 */
    struct relay *relay;
};

static bool exec_fits(const struct params *params)
{
    return !param_is_set(params, "migration_exec_cmd_src") &&
           !param_is_set(params, "migration_exec_cmd_dst");
}

static void exec_close(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;

    relay_free(exec->relay);
    pair_close(&exec->vm_fd);
    direct_clear(&exec->direct);
    g_free(exec);
}

static struct exec *exec_new(void)
{
    struct exec *exec = g_new0(struct exec, 1);

    exec->vm_fd = -1;
    return exec;
}

/* Between the connection and the hypervisor; the relay has them alone. */
static int start_relay(struct exec *exec, GError **err)
{
    int vm_side = -1;
    int done = -1;

    if (pair_open(&exec->vm_fd, &vm_side, err) == 0 &&
        (exec->relay = relay_start(exec->direct.channel.seat->test->host, err)) != NULL)
        done = relay_carry(exec->relay, vm_side, stream_fd(exec->direct.stream), err);
    pair_close(&vm_side);
    g_clear_pointer(&exec->direct.stream, stream_close);
    return done;
}

static struct channel *exec_listen(struct seat *seat, const char *address, int64_t deadline,
                                   GError **err)
{
    struct exec *exec = exec_new();

    (void)deadline;
    if (direct_open(&exec->direct, seat, address, false, 1, err) == 0)
        return &exec->direct.channel;
    exec_close(&exec->direct.channel);
    return NULL;
}

static int exec_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct exec *exec = (struct exec *)channel;

    return direct_admit(&exec->direct, deadline, err) < 0 || start_relay(exec, err) < 0
               ? -1
               : pair_receive(channel->seat->vm, &exec->vm_fd, deadline, err);
}

static struct channel *exec_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                    int64_t deadline, GError **err)
{
    struct exec *exec = exec_new();

    if (direct_enter(&exec->direct, seat, ticket, peer, deadline, err) == 0 &&
        start_relay(exec, err) == 0)
        return &exec->direct.channel;
    exec_close(&exec->direct.channel);
    return NULL;
}

static int exec_send(struct channel *channel, int64_t deadline, GError **err)
{
    return pair_send(channel->seat->vm, &((struct exec *)channel)->vm_fd, deadline, err);
}

static GError *exec_complaint(struct channel *channel)
{
    struct exec *exec = (struct exec *)channel;

    return exec->relay != NULL ? relay_complaint(exec->relay) : NULL;
}

static pid_t exec_carrier(const struct channel *channel)
{
    return relay_pid(((const struct exec *)channel)->relay);
}

static void exec_break_off(struct channel *channel)
{
    relay_break_off(((const struct exec *)channel)->relay);
}

const struct transport transport_exec = {
    .name = "exec",
    .traits = TRANSPORT_TWO_WAY,
    .guard = "relay",
    .fits = exec_fits,
    .other = &transport_exec_commands,
    .listen = exec_listen,
    .ticket = direct_ticket,
    .receive = exec_receive,
    .connect = exec_connect,
    .send = exec_send,
    .carrier = exec_carrier,
    .complaint = exec_complaint,
    .probe = direct_probe,
    .break_off = exec_break_off,
    .close = exec_close,
};
