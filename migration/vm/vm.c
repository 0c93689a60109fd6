/* The interface: finds the driver, then calls through to it. */
#include "migration/vm/vm.h"

#include "migration/evidence.h"
#include "migration/params.h"
#include "migration/vm/cpu_time.h"
#include "migration/vm/driver.h"
#include "migration/vm/net.h"

#include <string.h>

static const struct vm_driver *driver_of(const struct params *params, GError **err)
{
    const char *name = param_text(params, "vm_type");
    const struct vm_driver *driver = vm_driver_find(name);

    if (driver == NULL)
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "vm_type = %s: there is no such driver",
                    name);
    return driver;
}

static void leave(const struct vm_home *home)
{
    if (home->leave != NULL)
        home->leave(home->what);
}

struct vm_offer *vm_offer_probe(const struct host *host, const struct params *params,
                                int64_t deadline, GError **err)
{
    const struct vm_driver *driver = driver_of(params, err);

    return driver != NULL ? driver->offer(host, params, deadline, err) : NULL;
}

struct vm_reach {
    const struct vm_driver *driver;
    void *reached; /* the driver's */
};

int vm_reach_open(const struct host *host, const struct params *params, int64_t deadline,
                  struct vm_reach **reach_out, GError **err)
{
    const struct vm_driver *driver = driver_of(params, err);
    void *reached;

    if (driver == NULL)
        return -1;
    *reach_out = NULL;
    if (driver->reach == NULL)
        return 0;
    reached = driver->reach(host, params, deadline, err);
    if (reached == NULL)
        return -1;
    *reach_out = g_new(struct vm_reach, 1);
    **reach_out = (struct vm_reach){.driver = driver, .reached = reached};
    return 0;
}

void vm_reach_close(struct vm_reach *reach)
{
    if (reach == NULL)
        return;
    reach->driver->part(reach->reached);
    g_free(reach);
}

json_t *vm_show(const struct vm_spec *spec, GError **err)
{
    const struct vm_driver *driver = driver_of(spec->params, err);

    return driver != NULL ? driver->show(spec, err) : NULL;
}

struct vm *vm_create(const struct vm_spec *spec, int64_t deadline, GError **err)
{
    const struct vm_driver *driver = driver_of(spec->params, err);

    return driver != NULL ? driver->create(spec, deadline, err) : NULL;
}

int vm_destroy(struct vm *vm, GError **err)
{
    return vm_end(vm, NULL, err);
}

int vm_end(struct vm *vm, int *status_out, GError **err)
{
    int status = 0;
    int ended = 0;

    if (vm != NULL) {
        const struct vm_home home = vm->home;

        ended = vm->driver->destroy(vm, &status, err);
        leave(&home);
    }
    if (status_out != NULL)
        *status_out = status;
    return ended;
}

int vm_rehost(struct vm *vm, const struct host *host, GError **err)
{
    if (vm->driver->rehost != NULL)
        return vm->driver->rehost(vm, host, err);
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "no VM outlives its test where vm_type = %s: that is not supported",
                vm->driver->name);
    return -1;
}

void vm_set_home(struct vm *vm, void *home, GDestroyNotify leave_home)
{
    struct vm_home another = {home, leave_home};

    if (vm->home.leave == NULL)
        vm->home = another;
    else
        leave(&another);
}

const char *vm_name(const struct vm *vm)
{
    return vm->name;
}

const char *vm_driver_name(const struct vm *vm)
{
    return vm->driver->name;
}

const char *vm_user_monitor(const struct vm *vm)
{
    return vm->user_monitor;
}

const char *vm_core_dir(const struct vm *vm)
{
    return vm->core_dir;
}

pid_t vm_pid(const struct vm *vm)
{
    return vm->pid;
}

int64_t vm_cpu_ms(const struct vm *vm)
{
    return cpu_time_ms(vm->pid);
}

void vm_drop(struct vm *vm)
{
    if (vm == NULL)
        return;
    struct vm_home home = vm->home;
    vm->driver->drop(vm);
    leave(&home);
}

struct event *vm_exited(struct vm *vm)
{
    return vm->driver->exited(vm);
}

GError *vm_death(struct vm *vm)
{
    GError *death = vm->driver->death(vm);

    /* A hypervisor that ends with its guest has done what it should. */
    if (vm->act != VM_ACT_POWERED_OFF && vm->act != VM_ACT_PANICKED)
        return death;
    g_error_free(death);
    return vm_act_error(vm);
}

struct event *vm_acted(struct vm *vm)
{
    return &vm->acted;
}

enum vm_act vm_act(const struct vm *vm)
{
    return vm->act;
}

void vm_forget_act(struct vm *vm)
{
    vm->act = VM_ACT_NONE;
    event_reset(&vm->acted);
}

GError *vm_act_error(const struct vm *vm)
{
    static const char *const deeds[] = {
        [VM_ACT_POWERED_OFF] = "shut itself down",
        [VM_ACT_RESET] = "reset itself",
        [VM_ACT_PANICKED] = "panicked",
        [VM_ACT_WATCHDOG] = "did not feed its watchdog",
    };

    if (vm->act == VM_ACT_NONE)
        return NULL;
    return evidence_set(g_error_new(VM_ERROR, VM_ERROR_GUEST, "guest of %s %s on %s", vm->name,
                                    deeds[vm->act], vm->host->name),
                        VTMH__EVIDENCE__EVIDENCE_GUEST, vm->acted_at_us);
}

struct event *vm_halted(struct vm *vm)
{
    return &vm->halted;
}

int vm_check_sound(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->check_sound(vm, deadline, err);
}

int vm_check_not_stopped(const struct vm *vm, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)vm->pid);
    g_autofree char *text = NULL;
    const char *behind_name;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        (behind_name = strrchr(text, ')')) == NULL || strncmp(behind_name, ") T", 3) != 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                "the hypervisor of %s on %s is stopped: its process (pid %d) was sent a signal "
                "(SIGSTOP or the like) and does not run",
                vm->name, vm->host->name, (int)vm->pid);
    if (err != NULL)
        evidence_set(*err, VTMH__EVIDENCE__EVIDENCE_SELF, 0);
    return -1;
}

struct stream *vm_serial(struct vm *vm)
{
    return vm->serial;
}

void vm_each_owned(const struct vm *vm, vm_owned_fn each, void *arg)
{
    const GPtrArray *taps = vm->net != NULL ? vm_net_taps(vm->net) : NULL;

    for (unsigned i = 0; taps != NULL && i < taps->len; i++)
        each(OWNED_LINK, g_ptr_array_index(taps, i), arg);
    for (unsigned i = 0; vm->files != NULL && i < vm->files->len; i++)
        each(OWNED_PATH, g_ptr_array_index(vm->files, i), arg);
    if (vm->core_dir != NULL)
        each(OWNED_PATH, vm->core_dir, arg);
    if (vm->driver != NULL && vm->driver->each_owned != NULL)
        vm->driver->each_owned(vm, each, arg);
}

struct stream *vm_agent(struct vm *vm)
{
    return vm->agent;
}

bool vm_endpoint(const struct vm *vm, const char *card, uint16_t port, struct vm_endpoint *out)
{
    if (vm->address == NULL)
        return vm_net_endpoint(vm->net, card, port, out);
    g_strlcpy(out->address, vm->address, sizeof out->address);
    out->port = port;
    return true;
}

struct event *vm_addresses_changed(struct vm *vm)
{
    return vm->net != NULL ? vm_net_changed(vm->net) : NULL;
}

const GArray *vm_probes(const struct vm *vm)
{
    return vm->net != NULL ? vm_net_probes(vm->net) : NULL;
}

struct event *vm_probed(struct vm *vm)
{
    return vm->net != NULL ? vm_net_probed(vm->net) : NULL;
}

json_t *vm_addresses(const struct vm *vm)
{
    return vm_net_addresses(vm->net);
}

void vm_take_addresses(struct vm *vm, const json_t *addresses)
{
    vm_net_take_addresses(vm->net, addresses);
}

int vm_ask(struct vm *vm, const char *name, json_t *arguments, int64_t deadline, json_t **reply_out,
           GError **err)
{
    return vm->driver->ask(vm, name, arguments, deadline, reply_out, err);
}

int vm_cont(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->cont(vm, deadline, err);
}

int vm_stop(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->stop(vm, deadline, err);
}

int vm_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err)
{
    return vm->driver->run_state(vm, state_out, deadline, err);
}

static int unable(const struct vm *vm, const char *what, GError **err)
{
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s has no %s", vm->name, what);
    return -1;
}

int vm_screendump(struct vm *vm, const char *path, int64_t deadline, GError **err)
{
    return vm->driver->screendump != NULL ? vm->driver->screendump(vm, path, deadline, err)
                                          : unable(vm, "screen", err);
}

int vm_firmware_words(struct vm *vm, char **text_out, int64_t deadline, GError **err)
{
    return vm->driver->firmware_words != NULL
               ? vm->driver->firmware_words(vm, text_out, deadline, err)
               : unable(vm, "debug console", err);
}

int vm_give_serial(struct vm *vm, const char *path, int64_t deadline, GError **err)
{
    return vm->driver->give_serial != NULL ? vm->driver->give_serial(vm, path, deadline, err)
                                           : unable(vm, "serial port", err);
}

int vm_info(struct vm *vm, const char *what, char **text_out, int64_t deadline, GError **err)
{
    return vm->driver->info != NULL ? vm->driver->info(vm, what, text_out, deadline, err)
                                    : unable(vm, "monitor", err);
}

json_t *vm_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err)
{
    return vm->driver->facts(vm, cpu, deadline, err);
}

int vm_check_movable(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->check_movable != NULL ? vm->driver->check_movable(vm, deadline, err) : 0;
}

int vm_check_migratable(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->check_migratable(vm, deadline, err);
}

int vm_prepare_move(struct vm *vm, const struct vm_move *move, int64_t deadline, GError **err)
{
    return vm->driver->prepare_move(vm, move, deadline, err);
}

int vm_set_tls(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err)
{
    return vm->driver->set_tls(vm, tls, deadline, err);
}

char *vm_own_words(struct vm *vm)
{
    return vm->driver->own_words(vm);
}

int vm_incoming_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    return vm->driver->incoming_fd(vm, fd, deadline, err);
}

int vm_incoming_uri(struct vm *vm, const char *uri, uint16_t *port_out, int64_t deadline,
                    GError **err)
{
    return vm->driver->incoming_uri(vm, uri, port_out, deadline, err);
}

int vm_migrate_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    return vm->driver->migrate_fd(vm, fd, deadline, err);
}

const char *vm_move_status(const struct vm *vm)
{
    return vm->move_status;
}

struct event *vm_move_changed(struct vm *vm)
{
    return &vm->move_changed;
}

struct event *vm_move_passed(struct vm *vm)
{
    return &vm->move_passed;
}

int vm_start_postcopy(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->start_postcopy(vm, deadline, err);
}

bool vm_is_postcopy(const struct vm *vm)
{
    return vm->is_postcopy;
}

int vm_pause_postcopy(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->pause_postcopy(vm, deadline, err);
}

int vm_set_speed(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    return vm->driver->set_speed(vm, bytes_per_s, deadline, err);
}

int vm_set_downtime(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err)
{
    return vm->driver->set_downtime(vm, limit_ms, deadline, err);
}

int vm_migrate_uri(struct vm *vm, const char *uri, int64_t deadline, GError **err)
{
    return vm->driver->migrate_uri(vm, uri, deadline, err);
}

int vm_await_migrated(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->await_migrated(vm, deadline, err);
}

int vm_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err)
{
    return vm->driver->migrate_cancel(vm, completed_out, deadline, err);
}

int vm_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err)
{
    return vm->driver->move_stats(vm, stats, deadline, err);
}

int vm_offer_disks(struct vm *vm, const char *const *names, const char *path, int64_t deadline,
                   GError **err)
{
    if (vm->driver->offer_disks != NULL)
        return vm->driver->offer_disks(vm, names, path, deadline, err);
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "migrate_storage = yes (of %s) is not supported where vm_type = %s", vm->name,
                vm->driver->name);
    return -1;
}

int vm_withdraw_disks(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->withdraw_disks(vm, deadline, err);
}

int vm_mirror_disks(struct vm *vm, const char *const *names, const char *path, uint64_t bytes_per_s,
                    int64_t deadline, GError **err)
{
    return vm->driver->mirror_disks(vm, names, path, bytes_per_s, deadline, err);
}

bool vm_has_disk(const struct vm *vm, const char *name)
{
    return vm->driver->has_disk(vm, name);
}

int64_t vm_mirrored_bytes(const struct vm *vm)
{
    return vm->driver->mirrored_bytes(vm);
}

int vm_release_mirrors(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->release_mirrors(vm, deadline, err);
}

bool vm_is_managed(const struct vm *vm)
{
    return vm->driver->manager != NULL;
}

bool vm_is_lent(const struct vm *vm)
{
    return vm->is_lent;
}

bool vm_is_reached(const struct vm *vm)
{
    return !vm->is_lent || vm->address != NULL;
}

bool vm_params_are_managed(const struct params *params)
{
    const struct vm_driver *driver = vm_driver_find(param_text(params, "vm_type"));

    return driver != NULL && driver->manager != NULL;
}

json_t *vm_expect(struct vm *vm, const struct vm_expected *expected, int64_t deadline, GError **err)
{
    return vm->driver->manager->expect(vm, expected, deadline, err);
}

const char *vm_manager_socket(const struct vm *vm)
{
    return vm->driver->manager->socket(vm);
}

int vm_begin_managed(struct vm *vm, const json_t *call, int64_t deadline, GError **err)
{
    return vm->driver->manager->begin(vm, call, deadline, err);
}

bool vm_has_left(const struct vm *vm)
{
    return vm->has_left;
}

int64_t vm_stopped_at_us(const struct vm *vm)
{
    return vm->stopped_at_us;
}

int64_t vm_resumed_at_us(const struct vm *vm)
{
    return vm->resumed_at_us;
}

int64_t vm_completed_at_us(const struct vm *vm)
{
    return vm->completed_at_us;
}

static int no_plug(const struct vm *vm, const char *kind, const char *name, GError **err)
{
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s %s of %s: nothing is plugged where vm_type = %s", kind, name, vm->name,
                vm->driver->name);
    return -1;
}

int vm_plug(struct vm *vm, const struct vm_spec *spec, const char *kind, const char *name,
            int64_t deadline, GError **err)
{
    if (vm->driver->plug == NULL)
        return no_plug(vm, kind, name, err);
    if (vm->driver->plug(vm, spec, kind, name, deadline, err) < 0)
        return -1;
    vm->is_changed = true;
    return 0;
}

int vm_unplug(struct vm *vm, const char *kind, const char *name, int64_t deadline, GError **err)
{
    if (vm->driver->unplug == NULL)
        return no_plug(vm, kind, name, err);
    if (vm->driver->unplug(vm, kind, name, deadline, err) < 0)
        return -1;
    vm->is_changed = true;
    return 0;
}

bool vm_has(struct vm *vm, const char *kind, const char *name)
{
    return vm->driver->has != NULL && vm->driver->has(vm, kind, name);
}

bool vm_is_changed(const struct vm *vm)
{
    return vm->is_changed;
}

json_t *vm_machine(struct vm *vm, int64_t deadline, GError **err)
{
    if (vm->driver->machine != NULL)
        return vm->driver->machine(vm, deadline, err);
    no_plug(vm, "the machine", "itself", err);
    return NULL;
}
