/* The qemu driver: one process a VM, spoken to by QMP. */
#include "migration/vm/qemu.h"

#include "migration/machine/agent.h"
#include "migration/machine/chardev.h"
#include "migration/params.h"
#include "migration/vm/core_dump.h"
#include "migration/vm/line_pair.h"
#include "migration/vm/qemu_cmdline.h"
#include "migration/vm/qemu_launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int qemu_command(struct qemu_vm *vm, const char *name, json_t *arguments, int64_t deadline,
                 json_t **reply_out, GError **err)
{
    g_autoptr(GError) error = NULL;

    if (qemu_process_command(vm->process, name, arguments, -1, deadline, reply_out, &error) == 0)
        return 0;
    if (g_error_matches(error, VM_ERROR, VM_ERROR_DIED))
        g_propagate_error(err, vm_death(&vm->base)); /* the guest may have ended it */
    else
        g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static int qemu_ask(struct vm *vm, const char *name, json_t *arguments, int64_t deadline,
                    json_t **reply_out, GError **err)
{
    return qemu_command(qemu_vm(vm), name, arguments, deadline, reply_out, err);
}

static void on_event(const char *name, const json_t *data, int64_t time_us, void *arg)
{
    struct qemu_vm *vm = arg;
    const char *status = json_string_value(json_object_get(data, "status"));

    if (qemu_on_event(&vm->base, name, data, time_us))
        return;
    if (strcmp(name, "DEVICE_DELETED") == 0)
        qemu_plug_on_left(vm, data, false);
    else if (strcmp(name, "DEVICE_UNPLUG_GUEST_ERROR") == 0 ||
             strcmp(name, "MEM_UNPLUG_ERROR") == 0)
        qemu_plug_on_left(vm, data, true);
    else if (g_str_has_prefix(name, "BLOCK_JOB_"))
        qemu_mirror_on_job(vm, name, data);
    else if (strcmp(name, "MIGRATION") == 0 && status != NULL)
        qemu_move_on_status(vm, status, time_us);
}

static int own(struct qemu_vm *vm, GError **err)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)vm->base.pid);

    return host_own(vm->base.host, OWNED_PROCESS, pid, err);
}

static void disown(struct qemu_vm *vm)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)vm->base.pid);

    host_disown(vm->base.host, OWNED_PROCESS, pid);
}

/* Transfer full. */
static GStrv words_of(const struct device *board, const char *binary)
{
    const struct qemu_cmdline line = {.binary = binary, .board = board, .qmp_fd = QEMU_FD_QMP};

    return qemu_cmdline_build(&line);
}

/* The guest's memory would be most of a core (`core_dumps`). */
static GStrv add_core_words(const struct vm_spec *spec, GStrv argv)
{
    const char *more = params_get_or(spec->params, "extra_params", "");
    guint n = g_strv_length(argv);

    if (!param_is_yes(spec->params, "core_dumps") || strstr(more, "dump-guest-core") != NULL)
        return argv;
    argv = g_renew(char *, argv, n + 3);
    argv[n] = g_strdup("-machine");
    argv[n + 1] = g_strdup("dump-guest-core=off");
    argv[n + 2] = NULL;
    return argv;
}

static struct vm_offer *offer(const struct host *host, const struct params *params,
                              int64_t deadline, GError **err)
{
    (void)host;
    return qemu_offer(params, deadline, err);
}

static json_t *qemu_show(const struct vm_spec *spec, GError **err)
{
    g_autofree char *binary = qemu_binary_of(spec, "QEMU", err);
    g_autoptr(device) board = binary != NULL ? qemu_machine_of(spec, NULL, err) : NULL;
    g_auto(GStrv) words = board != NULL ? add_core_words(spec, words_of(board, binary)) : NULL;
    json_t *list;

    if (words == NULL)
        return NULL;
    list = json_array();
    for (char **word = words; *word != NULL; word++) {
        g_autofree char *valid = g_utf8_make_valid(*word, -1);

        json_array_append_new(list, json_string(valid));
    }
    return json_pack("{s:o, s:o}", "machine", machine_to_json(board), "words", list);
}

/* What goes to and from the guest through a descriptor of its hypervisor. */
enum { QEMU_LINE_SERIAL, QEMU_LINE_AGENT, QEMU_LINES };

/* Our end of one; *theirs: the hypervisor's. Transfer full of both. */
static struct stream *open_line(const char *who, const char *tcp_host, int *theirs, GError **err)
{
    int pair[2];

    if (line_pair(tcp_host, pair, err) < 0) {
        g_prefix_error(err, "%s cannot start: ", who);
        return NULL;
    }
    *theirs = pair[1];
    return stream_new(pair[0], err);
}

/* theirs: 0 where there is none, to be closed even after an error. */
static int open_lines(struct qemu_vm *vm, const struct device *board, const char *who,
                      int theirs[QEMU_LINES], GError **err)
{
    vm->base.serial = open_line(who, machine_serial_host(board), &theirs[QEMU_LINE_SERIAL], err);
    if (vm->base.serial == NULL || !machine_has_agent(board))
        return vm->base.serial != NULL ? 0 : -1;
    vm->base.agent = open_line(who, NULL, &theirs[QEMU_LINE_AGENT], err);
    return vm->base.agent != NULL ? 0 : -1;
}

static void add_lines(GArray *fds, const int theirs[QEMU_LINES])
{
    static const int as[QEMU_LINES] = {
        [QEMU_LINE_SERIAL] = QEMU_FD_SERIAL,
        [QEMU_LINE_AGENT] = QEMU_FD_AGENT,
    };

    for (int i = 0; i < QEMU_LINES; i++) {
        const struct child_fd fd = {.fd = theirs[i], .as = as[i]};

        if (fd.fd > 0)
            g_array_append_val(fds, fd);
    }
}

static int launch_process(struct qemu_vm *vm, const struct vm_spec *spec,
                          const struct device *board, const struct qemu_launch *launch,
                          const char *who, const int lines[QEMU_LINES], GError **err)
{
    g_autofree char *prefix = g_build_filename(spec->host->log_dir, spec->name, NULL);
    g_autofree char *words = g_strjoinv(" ", launch->argv);
    g_autofree char *core_dir = core_dump_folder(spec->host, spec->name);
    const struct child_fd no_fd = {.fd = -1};
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof no_fd);
    struct qemu_start start = {
        .who = who,
        .binary = launch->argv[0],
        .argv = (const char *const *)launch->argv,
        .env = (const char *const *)launch->env,
        .core_dir = g_file_test(core_dir, G_FILE_TEST_IS_DIR) ? core_dir : NULL,
        .log_prefix = prefix,
        .known = spec->host->known,
        .on_event = on_event,
        .arg = vm,
    };

    vm->base.net = vm_net_open(spec->host, spec->name, board, err);
    if (vm->base.net == NULL)
        return -1;
    add_lines(fds, lines);
    vm_net_add_fds(vm->base.net, fds);
    qemu_monitors_add_fds(&vm->base, fds);
    qemu_tpm_add_fd(vm, fds);
    g_array_append_val(fds, no_fd);
    start.more_fds = (const struct child_fd *)(const void *)fds->data;
    host_log(spec->host, VTMH__LOG_LEVEL__LOG_DEBUG, spec->incoming ? "destination" : "source",
             spec->name, "starting %s", words);
    host_command_line(spec->host, spec->name, spec->incoming ? "destination" : "source",
                      start.argv);
    vm->process = qemu_process_start(&start, err);
    if (vm->process == NULL)
        return -1;
    vm_net_started(vm->base.net);
    qemu_tpm_started(vm);
    vm->base.pid = qemu_process_pid(vm->process);
    vm->base.core_dir = g_strdup(start.core_dir);
    return 0;
}

static int start_process(struct qemu_vm *vm, const struct vm_spec *spec, const struct device *board,
                         const char *who, const int lines[QEMU_LINES], GError **err)
{
    g_autofree char *binary = qemu_binary_of(spec, who, err);
    struct qemu_launch launch = {NULL, NULL};
    int result = -1;

    if (binary != NULL &&
        qemu_launch_of(
            &launch, spec->params,
            add_core_words(spec, qemu_monitors_add_words(&vm->base, words_of(board, binary))),
            err) == 0)
        result = launch_process(vm, spec, board, &launch, who, lines, err);
    qemu_launch_clear(&launch);
    return result;
}

static void qemu_free(struct qemu_vm *vm)
{
    g_clear_pointer(&vm->migration.defaults, json_decref);
    g_clear_pointer(&vm->migration.were_set, json_decref);
    qemu_mirrors_clear(vm);
    qemu_process_free(vm->process);
    qemu_tpm_free(vm);
    g_clear_pointer(&vm->leaving, g_hash_table_unref);
    qemu_beside_free(&vm->base);
    g_free(vm->base.core_dir);
    g_free(vm);
}

static int qemu_destroy(struct vm *base, int *status_out, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    int result = 0;

    if (vm->process != NULL)
        qemu_beside_end(base);
    if (vm->process != NULL)
        result = qemu_process_end(vm->process, err);
    if (vm->process != NULL && result == 0) {
        *status_out = qemu_process_status(vm->process);
        if (base->core_dir != NULL)
            core_dump_bring(base->core_dir, base->host, base->name);
        disown(vm);
    }
    if (result == 0)
        qemu_tpm_end(vm);
    if (result == 0)
        qemu_beside_clear(base);
    if (result == 0)
        vm_net_close(g_steal_pointer(&vm->base.net));
    qemu_free(vm);
    return result;
}

static void qemu_drop(struct vm *base)
{
    qemu_free(qemu_vm(base));
}

static int qemu_rehost(struct vm *base, const struct host *host, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    g_autofree char *prefix = g_build_filename(host->log_dir, base->name, NULL);

    if (qemu_process_log_to(vm->process, prefix, host->known, err) < 0 ||
        qemu_monitors_log_to(&vm->base, host, err) < 0)
        return -1;
    base->host = host;
    vm_net_rehost(base->net, host);
    return 0;
}

/* A guest that panics is kept as it is, with what it has said. Not known to QEMU before 6.0. */
static int keep_after_panic(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;

    if (qemu_command(vm, "set-action", json_pack("{s:s}", "panic", "pause"), deadline, NULL,
                     &error) == 0 ||
        g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND))
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

/* It waited to be told to make its machine. */
static int make_machine(struct qemu_vm *vm, const struct device *board, int64_t deadline,
                        GError **err)
{
    if (!device_get_bool(board->local, "preconfig"))
        return 0;
    return qemu_command(vm, "x-exit-preconfig", NULL, deadline, NULL, err);
}

static int start(struct qemu_vm *vm, const struct vm_spec *spec, int64_t deadline, GError **err)
{
    g_autofree char *who = g_strdup_printf("QEMU of %s on %s", spec->name, spec->host->name);
    struct device *board = NULL;
    int theirs[QEMU_LINES] = {0};
    int started;

    if (qemu_beside_claim(&vm->base, spec, err) < 0)
        return -1;
    board = qemu_machine_of(spec, &vm->base, err);
    vm->base.board = board;
    if (board == NULL || qemu_beside_prepare(&vm->base, board, deadline, err) < 0 ||
        qemu_monitors_prepare(&vm->base, spec, err) < 0 || qemu_tpm_start(vm, spec, err) < 0)
        return -1;
    started = open_lines(vm, board, who, theirs, err);
    if (started == 0)
        started = start_process(vm, spec, board, who, theirs, err);
    for (int i = 0; i < QEMU_LINES; i++)
        if (theirs[i] > 0)
            close(theirs[i]);
    if (started < 0)
        return -1;
    device_set_live(board);
    if (own(vm, err) < 0 || qemu_process_greet(vm->process, deadline, err) < 0 ||
        make_machine(vm, board, deadline, err) < 0 || keep_after_panic(vm, deadline, err) < 0 ||
        qemu_monitors_begin(&vm->base, spec, deadline, err) < 0 ||
        qemu_beside_begin(&vm->base, spec, board, deadline, err) < 0)
        return -1;
    return qemu_find_forwards(&vm->base, board, deadline, err);
}

static struct vm *qemu_create(const struct vm_spec *spec, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = g_new0(struct qemu_vm, 1);

    vm->base.driver = &qemu_driver;
    vm->base.host = spec->host;
    vm->base.name = g_strdup(spec->name);
    vm->migration.listens = spec->incoming && spec->incoming_uri != NULL;
    if (start(vm, spec, deadline, err) == 0)
        return &vm->base;
    vm_destroy(&vm->base, NULL);
    return NULL;
}

static struct event *qemu_exited(struct vm *vm)
{
    return qemu_process_ended(qemu_vm(vm)->process);
}

static GError *qemu_death(struct vm *vm)
{
    /* What the guest did may still be on its way to us. */
    qemu_process_await_silence(qemu_vm(vm)->process);
    return qemu_process_death(qemu_vm(vm)->process, VM_ERROR_DIED);
}

static int qemu_cont(struct vm *vm, int64_t deadline, GError **err)
{
    g_autofree char *state = NULL;

    if (qemu_run_state(vm, &state, deadline, err) < 0)
        return -1;
    if (strcmp(state, "inmigrate") == 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "%s on %s is still receiving: continuing it now would start it unasked when "
                    "the stream ends",
                    vm->name, vm->host->name);
        return -1;
    }
    return qemu_command(qemu_vm(vm), "cont", NULL, deadline, NULL, err);
}

static int qemu_stop(struct vm *vm, int64_t deadline, GError **err)
{
    return qemu_command(qemu_vm(vm), "stop", NULL, deadline, NULL, err);
}

const struct vm_driver qemu_driver = {
    .name = "qemu",
    .show = qemu_show,
    .offer = offer,
    .create = qemu_create,
    .destroy = qemu_destroy,
    .drop = qemu_drop,
    .rehost = qemu_rehost,
    .each_owned = qemu_tpm_each_owned,
    .exited = qemu_exited,
    .death = qemu_death,
    .ask = qemu_ask,
    .cont = qemu_cont,
    .stop = qemu_stop,
    .run_state = qemu_run_state,
    .screendump = qemu_screendump,
    .firmware_words = qemu_firmware_words,
    .give_serial = qemu_give_serial,
    .info = qemu_info,
    .facts = qemu_facts,
    .plug = qemu_plug,
    .unplug = qemu_unplug,
    .has = qemu_has,
    .machine = qemu_machine,
    .check_sound = qemu_check_sound,
    .check_movable = qemu_check_movable,
    .check_migratable = qemu_check_migratable,
    .prepare_move = qemu_prepare_move,
    .set_tls = qemu_set_tls,
    .own_words = qemu_own_words,
    .incoming_fd = qemu_incoming_fd,
    .incoming_uri = qemu_incoming_uri,
    .migrate_fd = qemu_migrate_fd,
    .migrate_uri = qemu_migrate_uri,
    .set_speed = qemu_set_speed,
    .set_downtime = qemu_set_downtime,
    .offer_disks = qemu_offer_disks,
    .withdraw_disks = qemu_withdraw_disks,
    .mirror_disks = qemu_mirror_disks,
    .has_disk = qemu_has_disk,
    .mirrored_bytes = qemu_mirrored_bytes,
    .release_mirrors = qemu_release_mirrors,
    .start_postcopy = qemu_start_postcopy,
    .pause_postcopy = qemu_pause_postcopy,
    .await_migrated = qemu_await_migrated,
    .migrate_cancel = qemu_migrate_cancel,
    .move_stats = qemu_move_stats,
};
