/* VMs by a libvirtd of our own: they start, are asked and heard, and nothing of them is left. */
#include "migration/vm/libvirt_link.h"
#include "sync/child.h"
#include "tests/integration/libvirt_bed.h"
#include "tests/integration/vm_bed.h"
#include "tests/unit/runner.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define BOOT deadline_in(60000)

TestSuite(libvirt_vm, .timeout = 120);

static struct libvirt_bed *daemon_bed;

static void start_daemon(void)
{
    libvirt_link_program = LIBVIRT_PROGRAM;
    daemon_bed = libvirt_bed_start();
}

static void stop_daemon(void)
{
    libvirt_bed_stop(daemon_bed);
}

static void use(struct bed *bed)
{
    bed_set(bed, "vm_type", "libvirt");
    bed_set(bed, "libvirt_uri", daemon_bed->uri);
}

/* What virsh says, without the newline. Transfer full. */
static char *virsh(const char *words)
{
    g_autofree char *line =
        g_strdup_printf("virsh --quiet --connect '%s' %s", daemon_bed->uri, words);
    const char *const argv[] = {"sh", "-c", line, NULL};
    g_autofree char *said = NULL;
    int status = -1;

    check(child_run(argv, NULL, SOON, &status, &said, NULL, NULL) == 0 && status == 0);
    return g_strdup(g_strstrip(said));
}

static int boot(struct bed *bed, struct seat *seat, GError **err)
{
    use(bed);
    return bed_decide(bed, err) < 0 ? -1 : seat_boot(bed, seat, err);
}

static int runs(struct bed *bed, struct seat *seat, GError **err)
{
    g_autofree char *state = NULL, *text = NULL, *listed = NULL;
    json_auto_t *facts = NULL;

    if (vm_run_state(seat->vm, &state, SOON, err) < 0 ||
        vm_info(seat->vm, "version", &text, SOON, err) < 0)
        return -1;
    check(strcmp(state, "running") == 0);
    check(g_ascii_isdigit(*text));
    facts = vm_facts(seat->vm, bed->platform->cpu, SOON, err);
    check(json_array_size(json_object_get(facts, "CPU")) == 1);
    check(vm_pid(seat->vm) > 0);
    check(vm_check_sound(seat->vm, SOON, NULL) == 0);
    check(vm_check_movable(seat->vm, SOON, NULL) == 0);
    listed = virsh("list --name");
    check(strcmp(listed, "") != 0);
    return 0;
}

static int start_and_end(struct bed *bed, GError **err)
{
    g_autofree char *listed = NULL;
    struct seat seat;

    if (boot(bed, &seat, err) < 0 || runs(bed, &seat, err) < 0 || seat_close(bed, &seat, err) < 0)
        return -1;
    listed = virsh("list --all --name");
    check(strcmp(listed, "") == 0);
    return 0;
}

Test(libvirt_vm, starts_is_asked_through_libvirt_and_leaves_nothing, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(start_and_end);
}

static int stop_and_go_on(struct bed *bed, GError **err)
{
    g_autofree char *stopped = NULL;
    struct seat seat;

    if (boot(bed, &seat, err) < 0 || vm_stop(seat.vm, SOON, err) < 0 ||
        vm_run_state(seat.vm, &stopped, SOON, err) < 0)
        return -1;
    check(strcmp(stopped, "paused") == 0);
    check(await_event(vm_halted(seat.vm), SOON, NULL) == 0);
    check(vm_stopped_at_us(seat.vm) > 0);
    if (vm_cont(seat.vm, SOON, err) < 0 || guest_await_up(seat.guest, BOOT, err) < 0)
        return -1;
    check(vm_resumed_at_us(seat.vm) > vm_stopped_at_us(seat.vm));
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, stops_and_goes_on_and_says_when, .init = start_daemon, .fini = stop_daemon)
{
    bed_run(stop_and_go_on);
}

static int login(struct bed *bed, GError **err)
{
    g_autofree char *said = NULL;
    struct vm_endpoint where;
    struct seat seat;
    int status = -1;

    bed_set(bed, "guest", "jeos");
    bed_set(bed, "mem", "256");
    if (boot(bed, &seat, err) < 0 ||
        guest_run(seat.guest, "echo hello; exit 7", BOOT, &status, &said, err) < 0)
        return -1;
    check(status == 7 && strcmp(said, "hello\n") == 0);
    check(vm_endpoint(seat.vm, NULL, GUEST_SSH_PORT, &where) && where.port > 0);
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, a_guest_is_logged_in_to_over_a_forwarded_port, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(login);
}

static int tell_death(struct bed *bed, GError **err)
{
    g_autoptr(GError) death = NULL;
    struct seat seat;

    if (boot(bed, &seat, err) < 0)
        return -1;
    kill(vm_pid(seat.vm), SIGKILL);
    check(await_event(vm_exited(seat.vm), SOON, NULL) == 0);
    death = vm_death(seat.vm);
    check(g_error_matches(death, VM_ERROR, VM_ERROR_DIED));
    check(strstr(death->message, "QEMU of vm1 on host1 ended (crashed)") != NULL ||
          strstr(death->message, "QEMU of vm1 on host1 ended (failed)") != NULL);
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, a_qemu_that_is_killed_is_a_death_that_is_told, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(tell_death);
}

static int refuse_a_name(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat seat, other;

    if (boot(bed, &seat, err) < 0)
        return -1;
    check(seat_open(bed, &other, false, NULL, &error) < 0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_START));
    check(error != NULL && strstr(error->message, "libvirt of host1 has a domain vtmh-") != NULL &&
          strstr(error->message, "it is not touched") != NULL);
    g_clear_error(&error);
    check(guest_await_up(seat.guest, BOOT, &error) == 0); /* the first is as it was */
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, a_name_that_is_taken_is_refused_and_who_has_it_is_left_alone, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(refuse_a_name);
}

static int wait_for_one(struct bed *bed, GError **err)
{
    g_autofree char *state = NULL, *listed = NULL;
    g_autoptr(GError) error = NULL;
    struct seat seat;

    use(bed);
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, true, NULL, err) < 0 ||
        vm_run_state(seat.vm, &state, SOON, err) < 0)
        return -1;
    check(strcmp(state, "none") == 0);
    check(vm_serial(seat.vm) != NULL);
    check(vm_pid(seat.vm) == 0);
    check(vm_cont(seat.vm, SOON, &error) < 0);
    check(error != NULL && strstr(error->message, "not there") != NULL);
    listed = virsh("list --all --name");
    check(strcmp(listed, "") == 0);
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, a_destination_is_no_domain_yet, .init = start_daemon, .fini = stop_daemon)
{
    bed_run(wait_for_one);
}

static int end_without_libvirtd(struct bed *bed, GError **err)
{
    struct seat seat;
    pid_t pid;

    if (boot(bed, &seat, err) < 0)
        return -1;
    pid = vm_pid(seat.vm);
    libvirt_bed_do(daemon_bed, "kill");
    check(seat_close(bed, &seat, err) == 0);
    check(kill(pid, 0) < 0);
    libvirt_bed_do(daemon_bed, "start");
    return 0;
}

Test(libvirt_vm, a_vm_whose_libvirtd_is_dead_is_ended_all_the_same, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(end_without_libvirtd);
}

/* ---- of a node that is killed */

#define MARK "/run/vtmh/node-of-a-test"

static bool has_mark(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/environ", (int)pid);
    g_autofree char *text = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &text, &size, NULL))
        return false;
    for (const char *word = text; word < text + size; word += strlen(word) + 1)
        if (strcmp(word, NODE_VARIABLE "=" MARK) == 0)
            return true;
    return false;
}

static int mark_and_kill(struct bed *bed, GError **err)
{
    g_autofree char *listed = NULL;
    struct seat seat;

    g_setenv(NODE_VARIABLE, MARK, TRUE);
    if (boot(bed, &seat, err) < 0)
        return -1;
    g_autofree char *owned = g_strdup_printf("%d %d", OWNED_PROCESS, (int)vm_pid(seat.vm));
    check(g_hash_table_contains(bed->owned, owned));
    check(has_mark(vm_pid(seat.vm)));
    kill(vm_pid(seat.vm), SIGKILL); /* as whoever comes after a dead node does */
    check(await_event(vm_exited(seat.vm), SOON, NULL) == 0);
    listed = virsh("list --all --name");
    check(strcmp(listed, "") == 0);
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, one_whose_node_is_dead_is_found_by_its_mark_and_forgotten_when_it_is_killed,
     .init = start_daemon, .fini = stop_daemon)
{
    bed_run(mark_and_kill);
}

/* ---- for people */

static int take_picture(struct bed *bed, GError **err)
{
    g_autofree char *path = g_build_filename(bed->dir, "screen.png", NULL);
    g_autofree char *text = NULL;
    struct seat seat;
    gsize size = 0;

    bed_set(bed, "vga", "std");
    if (boot(bed, &seat, err) < 0 || vm_screendump(seat.vm, path, SOON, err) < 0)
        return -1;
    check(g_file_get_contents(path, &text, &size, NULL) && size > 100 &&
          memcmp(text, "\x89PNG", 4) == 0);
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, its_screen_is_seen, .init = start_daemon, .fini = stop_daemon)
{
    bed_run(take_picture);
}

/* ---- what comes and goes */

static int plug(struct bed *bed, struct seat *seat, const char *kind, const char *name,
                GError **err)
{
    struct vm_boot *own = guest_boot(&bed->host, bed->params, err);
    const struct vm_spec spec = {.host = &bed->host,
                                 .name = "vm1",
                                 .params = bed->params,
                                 .platform = bed->platform,
                                 .boot = own};
    int result = own != NULL ? vm_plug(seat->vm, &spec, kind, name, SOON, err) : -1;

    guest_boot_free(own);
    return result;
}

/* How many devices of a kind the guest sees. */
static int count(struct seat *seat, const char *driver, GError **err)
{
    g_autofree char *line =
        g_strdup_printf("ls -d /sys/bus/virtio/drivers/%s/virtio* | wc -l", driver);
    g_autofree char *said = NULL;
    int status;

    return guest_run(seat->guest, line, BOOT, &status, &said, err) < 0 ? -1 : atoi(said);
}

/* Whether a destination would be told where libvirt has put the device. */
static bool has_place_of_libvirt(struct vm *vm, const char *id, GError **err)
{
    json_auto_t *machine = vm_machine(vm, SOON, err);
    const json_t *device;
    size_t i;

    json_array_foreach (json_object_get(machine, "devices"), i, device)
        if (strcmp(json_string_value(json_object_get(device, "id")), id) == 0)
            return json_object_get(json_object_get(device, "place"), "libvirt") != NULL;
    return false;
}

static int plug_and_unplug(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat seat;
    int before;

    bed_set(bed, "guest", "jeos");
    bed_set(bed, "mem", "256");
    if (boot(bed, &seat, err) < 0 || (before = count(&seat, "virtio_rng", err)) < 0)
        return -1;
    if (plug(bed, &seat, "rng", "rng7", err) < 0)
        return -1;
    check(vm_has(seat.vm, "rng", "rng7"));
    check(count(&seat, "virtio_rng", err) == before + 1);
    check(vm_is_changed(seat.vm));
    check(has_place_of_libvirt(seat.vm, "rng7", err));
    if (vm_unplug(seat.vm, "rng", "rng7", BOOT, err) < 0)
        return -1;
    check(!vm_has(seat.vm, "rng", "rng7"));
    check(count(&seat, "virtio_rng", err) == before);
    check(vm_unplug(seat.vm, "rng", "rng7", SOON, &error) < 0);
    check(error != NULL && strstr(error->message, "it is not there") != NULL);
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, a_device_is_plugged_in_and_leaves_when_the_guest_lets_it_go, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(plug_and_unplug);
}

static int keep_it(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat seat;

    if (boot(bed, &seat, err) < 0 || plug(bed, &seat, "rng", "rng7", err) < 0)
        return -1;
    check(vm_unplug(seat.vm, "rng", "rng7", deadline_in(1000), &error) < 0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_GUEST));
    check(vm_has(seat.vm, "rng", "rng7"));
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, a_guest_that_does_not_let_go_is_told_of, .init = start_daemon, .fini = stop_daemon)
{
    bed_run(keep_it);
}

/* ---- the channel of an agent */

static int speak_by_channel(struct bed *bed, GError **err)
{
    g_autofree char *heard = NULL, *said = NULL, *told = NULL;
    struct seat seat;
    int status = -1;

    bed_set(bed, "guest", "jeos");
    bed_set(bed, "mem", "256");
    bed_set(bed, "login_ways", "ssh agent");
    if (boot(bed, &seat, err) < 0)
        return -1;
    check(vm_agent(seat.vm) != NULL);
    if (stream_write(vm_agent(seat.vm), "ask\n", 4, SOON, err) < 0 ||
        guest_run(seat.guest, "read x < $(ls /dev/vport*p1); echo $x", BOOT, &status, &told, err) <
            0)
        return -1;
    check(strcmp(told, "ask\n") == 0);
    if (guest_run(seat.guest, "echo answer > $(ls /dev/vport*p1)", BOOT, &status, &said, err) < 0)
        return -1;
    heard = stream_read_line(vm_agent(seat.vm), 100, SOON, err);
    check(g_strcmp0(heard, "answer") == 0);
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, the_channel_of_an_agent_goes_both_ways, .init = start_daemon, .fini = stop_daemon)
{
    bed_run(speak_by_channel);
}

/* ---- a libvirtd that is restarted */

static int restart_libvirtd(struct bed *bed, GError **err)
{
    g_autofree char *lost = NULL, *state = NULL;
    struct seat seat;

    if (boot(bed, &seat, err) < 0)
        return -1;
    libvirt_bed_do(daemon_bed, "kill");
    libvirt_bed_do(daemon_bed, "start");
    check(vm_run_state(seat.vm, &lost, SOON, NULL) == 0 && strcmp(lost, "running") == 0);
    if (vm_stop(seat.vm, SOON, err) < 0 || vm_run_state(seat.vm, &state, SOON, err) < 0)
        return -1;
    check(strcmp(state, "paused") == 0);
    check(!event_is_set(vm_exited(seat.vm)));
    if (vm_cont(seat.vm, SOON, err) < 0 || guest_await_alive(seat.guest, SOON, err) < 0)
        return -1;
    return seat_close(bed, &seat, err);
}

Test(libvirt_vm, a_libvirtd_that_is_restarted_is_spoken_to_anew, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(restart_libvirtd);
}

static int die_unseen(struct bed *bed, GError **err)
{
    g_autoptr(GError) death = NULL, error = NULL;
    g_autofree char *state = NULL;
    struct seat seat;

    if (boot(bed, &seat, err) < 0)
        return -1;
    libvirt_bed_do(daemon_bed, "kill");
    check(vm_run_state(seat.vm, &state, SOON, &error) < 0); /* by now it is known to be away */
    kill(vm_pid(seat.vm), SIGKILL);
    check(await_event(vm_exited(seat.vm), SOON, NULL) == 0);
    death = vm_death(seat.vm);
    check(strstr(death->message, "(while libvirtd was away)") != NULL);
    check(seat_close(bed, &seat, err) == 0);
    libvirt_bed_do(daemon_bed, "start");
    return 0;
}

Test(libvirt_vm, a_death_is_seen_also_while_libvirtd_is_away, .init = start_daemon,
     .fini = stop_daemon)
{
    bed_run(die_unseen);
}

int main(int argc, char **argv)
{
    const char *missing = bed_missing();

    return runner_main_unless(missing != NULL ? missing : libvirt_bed_missing(), argc, argv);
}
