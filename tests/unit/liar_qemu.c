#include "tests/unit/liar_qemu.h"

#include "migration/vm/qemu.h"
#include "migration/vm/qemu_binary.h"
#include "sync/stream.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t liar_patience_ms = 20;

#define LINE_MAX_BYTES 65536

const char *const liar_honest_script =
    /* the offer */
    "!{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n"
    "{}\n"
    "{\"qemu\": {\"major\": 7, \"minor\": 2, \"micro\": 1}, \"package\": \"\"}\n"
    "[{\"name\": \"pc-i440fx-7.2\", \"alias\": \"pc\"}, {\"name\": \"none\"}]\n"
    "[{\"name\": \"qemu64\"}]\n"
    "[{\"capability\": \"events\", \"state\": false}, {\"capability\": \"xbzrle\"}]\n"
    "{\"downtime-limit\": 300, \"max-bandwidth\": 134217728}\n"
    "{\"present\": true}\n"
    "[{\"name\": \"pvpanic\", \"parent\": \"isa-device\"}]\n"
    "[{\"name\": \"virtio-net-pci\"}]\n"
    "{}\n"
    "-\n"
    /* a source: created, moved away */
    "!{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n"
    "{}\n"
    "{}\n"
    "\"  TCP[HOST_FORWARD]  3  127.0.0.1 37873  10.0.2.15  22  0  0\"\n"
    "{\"status\": \"running\", \"running\": true}\n"
    "{}\n"
    "{\"status\": \"prelaunch\", \"running\": false}\n"
    "{}\n"
    "[{\"capability\": \"events\", \"state\": false}]\n"
    "{}\n"
    "[{\"capability\": \"events\", \"state\": true}]\n"
    "{\"downtime-limit\": 300}\n"
    "{}\n"
    "{\"downtime-limit\": 300, \"max-bandwidth\": 9223372036854775807}\n"
    "{}\n"
    "{}\n"
    "!{\"timestamp\": {\"seconds\": 5, \"microseconds\": 7}, \"event\": \"MIGRATION\","
    " \"data\": {\"status\": \"setup\"}}\n"
    "!{\"timestamp\": {\"seconds\": 5, \"microseconds\": 8}, \"event\": \"STOP\"}\n"
    "!{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}}\n"
    "{\"status\": \"completed\", \"total-time\": 5, \"downtime\": 1, \"ram\": {\"mbps\": 2.5,"
    " \"transferred\": 4096, \"remaining\": 0, \"total\": 8192, \"dirty-sync-count\": 3,"
    " \"dirty-pages-rate\": 7, \"page-size\": 4096}}\n"
    "-\n"
    /* a destination: listens, receives */
    "!{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n"
    "{}\n"
    "{}\n"
    "\"  TCP[HOST_FORWARD]  3  127.0.0.1 37873  10.0.2.15  22  0  0\"\n"
    "[{\"capability\": \"events\", \"state\": true}]\n"
    "{\"downtime-limit\": 300}\n"
    "{}\n"
    "{\"downtime-limit\": 300, \"max-bandwidth\": 9223372036854775807}\n"
    "{}\n"
    "{\"socket-address\": [{\"type\": \"inet\", \"host\": \"127.0.0.1\", \"port\": \"4444\"}]}\n"
    "!{\"event\": \"MIGRATION\", \"data\": {\"status\": \"setup\"}}\n"
    "!{\"event\": \"MIGRATION\", \"data\": {\"status\": \"failed\"}}\n";

/* What is left of the script; the QEMUs of a life read on where the one before has ended. */
static const char *script_at, *script_end;
static char *binary_path; /* a file that grows with each life, so that each is asked anew */

struct qemu_process {
    struct qmp *qmp;
    struct stream *own_side;
    struct scope *scope;
    struct event ended;
};

/* The next line of this process's part of the script; NULL at its end. Transfer full. */
static char *next_line(void)
{
    size_t left = (size_t)(script_end - script_at);
    const char *newline = left > 0 ? memchr(script_at, '\n', left) : NULL;
    const char *end = newline != NULL ? newline : script_end;
    char *line;

    if (left == 0 || *script_at == '-')
        return NULL;
    line = g_strndup(script_at, (size_t)(end - script_at));
    script_at = newline != NULL ? newline + 1 : script_end;
    return line;
}

/* To the part of the next process. */
static void skip_part(void)
{
    for (char *line; (line = next_line()) != NULL;)
        g_free(line);
    if (script_at < script_end)
        script_at++;
    if (script_at < script_end && *script_at == '\n')
        script_at++;
}

/* Says the lines that need no command.*/
static int say_unasked(struct qemu_process *process, GError **err)
{
    while (script_at < script_end && *script_at == '!') {
        g_autofree char *line = next_line();

        if (stream_write(process->own_side, line + 1, strlen(line + 1),
                         deadline_in(liar_patience_ms), err) < 0 ||
            stream_write(process->own_side, "\n", 1, deadline_in(liar_patience_ms), err) < 0)
            return -1;
    }
    return 0;
}

static int answer(struct qemu_process *process, const char *command, GError **err)
{
    json_auto_t *message = json_loads(command, 0, NULL);
    json_int_t id = json_integer_value(json_object_get(message, "id"));
    g_autofree char *line = next_line();
    g_autofree char *said = NULL;

    if (line == NULL)
        return -1;
    said = g_strdup_printf("{\"return\": %s, \"id\": %d}\n", line, (int)id);
    return stream_write(process->own_side, said, strlen(said), deadline_in(liar_patience_ms), err);
}

static int lie(void *arg, GError **err)
{
    struct qemu_process *process = arg;

    for (;;) {
        g_autofree char *command = NULL;

        if (say_unasked(process, NULL) < 0)
            break;
        command = stream_read_line(process->own_side, LINE_MAX_BYTES, DEADLINE_NEVER, err);
        if (command == NULL)
            return -1;
        if (strstr(command, "\"quit\"") != NULL || answer(process, command, NULL) < 0)
            break;
    }
    shutdown(stream_fd(process->own_side), SHUT_RDWR);
    event_set(&process->ended);
    return 0;
}

char *qemu_find_binary(const char *name, const char *who, GError **err)
{
    (void)name, (void)who, (void)err;
    return g_strdup(binary_path);
}

struct qemu_process *qemu_process_start(const struct qemu_start *start, GError **err)
{
    struct qemu_process *process = g_new0(struct qemu_process, 1);
    int pair[2];

    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    process->own_side = stream_new(pair[0], err);
    process->qmp = qmp_open(pair[1], NULL, NULL, start->on_event, start->arg, err);
    process->scope = scope_open("liar");
    scope_spawn_detached(process->scope, "liar", lie, process);
    return process;
}

int qemu_process_greet(struct qemu_process *process, int64_t deadline, GError **err)
{
    return qmp_greet(process->qmp, deadline, err);
}

int qemu_process_command(struct qemu_process *process, const char *name, json_t *arguments, int fd,
                         int64_t deadline, json_t **reply_out, GError **err)
{
    return qmp_command(process->qmp, name, arguments, fd, deadline, reply_out, err);
}

/* ---- of the program that speaks to libvirt, which no liar is */

int qemu_process_ask(struct qemu_process *process, const char *name, json_t *arguments,
                     int64_t deadline, json_t **reply_out, json_t **refusal_out, GError **err)
{
    return qmp_ask(process->qmp, name, arguments, -1, deadline, reply_out, refusal_out, err);
}

struct qmp_later *qemu_process_later(struct qemu_process *process, const char *name,
                                     json_t *arguments, qmp_answer_fn on_answer, void *arg,
                                     GError **err)
{
    return qmp_later(process->qmp, name, arguments, on_answer, arg, err);
}

void qemu_process_on_ended(struct qemu_process *process, qmp_ended_fn on_ended, void *arg)
{
    qmp_on_ended(process->qmp, on_ended, arg);
}

void qemu_process_kill(struct qemu_process *process)
{
    event_set(&process->ended);
}

int qemu_process_log_to(struct qemu_process *process, const char *log_prefix, GHashTable *known,
                        GError **err)
{
    (void)process, (void)log_prefix, (void)known, (void)err;
    return 0;
}

pid_t qemu_process_pid(const struct qemu_process *process)
{
    (void)process;
    return 1;
}

struct event *qemu_process_ended(struct qemu_process *process)
{
    return &process->ended;
}

void qemu_process_await_silence(struct qemu_process *process)
{
    await_event(qmp_ended(process->qmp), deadline_in(liar_patience_ms), NULL);
}

GError *qemu_process_death(struct qemu_process *process, enum vm_error code)
{
    (void)process;
    return g_error_new_literal(VM_ERROR, (int)code, "the liar ended");
}

char *qemu_process_last_words(const struct qemu_process *process, bool *are_own_out)
{
    *are_own_out = false;
    (void)process;
    return NULL;
}

int qemu_process_status(const struct qemu_process *process)
{
    (void)process;
    return 0;
}

int qemu_process_end(struct qemu_process *process, GError **err)
{
    (void)err;
    qmp_command(process->qmp, "quit", NULL, -1, deadline_in(liar_patience_ms), NULL, NULL);
    return 0;
}

void qemu_process_free(struct qemu_process *process)
{
    if (process == NULL)
        return;
    qmp_close(process->qmp);
    scope_abandon(process->scope);
    stream_close(process->own_side);
    skip_part();
    g_free(process);
}

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    (void)node, (void)kind, (void)what, (void)err;
    return 0;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    (void)node, (void)kind, (void)what;
}

static void keep_log(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                     const char *text)
{
    (void)node, (void)level, (void)role, (void)vm, (void)text;
}

static const struct host_ops ops = {.own = own, .disown = disown, .log = keep_log};
static const struct host host = {
    .ops = &ops, .name = "host1", .address = "127.0.0.1", .log_dir = "/nonexistent"};

static struct vm *make_vm(const struct params *params, bool incoming)
{
    static const struct vm_boot boot = {
        .kernel = "k", .initrd = "i", .append = "", .network = true};
    static const struct vm_platform platform = {
        .machine = (char *)"pc", .cpu = (char *)"qemu64", .ram_bytes = 32 << 20};
    const struct vm_spec spec = {.host = &host,
                                 .name = "vm1",
                                 .params = params,
                                 .platform = &platform,
                                 .incoming = incoming,
                                 .boot = &boot};

    return vm_create(&spec, deadline_in(liar_patience_ms), NULL);
}

static bool move_out(const struct params *params)
{
    const struct vm_move move = {.downtime_limit_ms = -1};
    struct vm *vm = make_vm(params, false);
    g_autofree char *state = NULL;
    struct vm_move_stats stats;
    bool completed = false;
    int pair[2];

    if (vm == NULL)
        return false;
    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    vm_run_state(vm, &state, deadline_in(liar_patience_ms), NULL);
    vm_stop(vm, deadline_in(liar_patience_ms), NULL);
    vm_cont(vm, deadline_in(liar_patience_ms), NULL);
    if (vm_prepare_move(vm, &move, deadline_in(liar_patience_ms), NULL) == 0 &&
        vm_migrate_fd(vm, pair[0], deadline_in(liar_patience_ms), NULL) == 0)
        vm_await_migrated(vm, deadline_in(liar_patience_ms), NULL);
    vm_move_stats(vm, &stats, deadline_in(liar_patience_ms), NULL);
    vm_migrate_cancel(vm, &completed, deadline_in(liar_patience_ms), NULL);
    close(pair[0]);
    close(pair[1]);
    vm_destroy(vm, NULL);
    return completed && strcmp(stats.status, "completed") == 0;
}

static bool move_in(const struct params *params)
{
    const struct vm_move move = {.downtime_limit_ms = -1};
    struct vm *vm = make_vm(params, true);
    g_autoptr(GError) error = NULL;
    uint16_t port;

    if (vm == NULL)
        return false;
    if (vm_prepare_move(vm, &move, deadline_in(liar_patience_ms), NULL) == 0 &&
        vm_incoming_uri(vm, "tcp:127.0.0.1:0", &port, deadline_in(liar_patience_ms), NULL) == 0)
        vm_await_migrated(vm, deadline_in(liar_patience_ms), &error);
    vm_destroy(vm, NULL);
    return error != NULL && strstr(error->message, "failed on host1") != NULL;
}

struct life {
    const struct params *params;
    unsigned good;
};

static int live(void *arg, GError **err)
{
    struct life *life = arg;
    const struct params *params = life->params;
    g_autoptr(vm_offer) offer = vm_offer_probe(&host, params, deadline_in(liar_patience_ms), NULL);

    (void)err;
    if (offer != NULL) {
        const struct vm_offer *const offers[] = {offer, offer};
        const char *const names[] = {"a", "b"};
        json_auto_t *json = vm_offer_to_json(offer);
        g_autoptr(vm_offer) again = vm_offer_from_json(json, NULL);
        g_autoptr(vm_platform) platform = vm_platform_decide(offers, names, 2, params, NULL);

        g_assert(again != NULL);
        life->good += 1 + (platform != NULL);
    }
    life->good += move_out(params);
    life->good += move_in(params);
    return 0;
}

unsigned liar_live(const struct params *params, const char *script, size_t size)
{
    struct life life = {.params = params};
    int fd;

    if (binary_path == NULL) {
        fd = g_file_open_tmp("vtmh-liar-XXXXXX", &binary_path, NULL);
        g_assert(fd >= 0 && unlink(binary_path) == 0);
        g_free(binary_path);
        binary_path = g_strdup_printf("/proc/self/fd/%d", fd);
    }
    fd = open(binary_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    g_assert(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
    script_at = script;
    script_end = script + size;
    fiber_run(live, &life, NULL);
    return life.good;
}
