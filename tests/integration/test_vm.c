/* VMs and guests with real QEMU under TCG, both ends of a move in one process. */
#include "migration/evidence.h"
#include "migration/vm/kvm_proof.h"
#include "migration/vm/qemu.h"

#include "tests/integration/vm_bed.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)

TestSuite(vm, .timeout = 90);

/* The call must have failed so, with a message that has these words. */
static void check_error(GError *error, GQuark domain, int code, const char *const *words)
{
    check(error != NULL);
    if (error == NULL)
        return;
    check(g_error_matches(error, domain, code));
    for (; *words != NULL; words++) {
        if (strstr(error->message, *words) == NULL) {
            failures++;
            cr_log_error("\"%s\" is not in: %s", *words, error->message);
        }
    }
}

#define check_vm_error(error, code, ...)                                                           \
    check_error(error, VM_ERROR, code, (const char *const[]){__VA_ARGS__, NULL})

static int boot_and_ask_tick(struct bed *bed, GError **err)
{
    struct seat seat;
    uint64_t pages = 0, bad = 77;
    g_autofree char *state = NULL;
    struct guest_beat before;

    bed_set(bed, "dirty_mem", "8");
    bed_set(bed, "dirty_rate", "20");
    if (seat_boot(bed, &seat, err) < 0)
        return -1;
    check(g_hash_table_size(bed->owned) == 1);
    check(vm_pid(seat.vm) > 0 &&
          !vm_endpoint(seat.vm, NULL, GUEST_SSH_PORT, &(struct vm_endpoint){0}));
    if (vm_run_state(seat.vm, &state, SOON, err) < 0 ||
        guest_start_work(seat.guest, SOON, err) < 0 ||
        guest_verify(seat.guest, SOON, &pages, &bad, err) < 0)
        return -1;
    check(strcmp(state, "running") == 0);
    check(pages == 8 * 256ul);
    check(bad == 0);
    if (guest_spoil(seat.guest, SOON, err) < 0 ||
        guest_verify(seat.guest, SOON, &pages, &bad, err) < 0)
        return -1;
    check(bad >= 1);
    before = guest_last_beat(seat.guest);
    if (guest_await_beat(seat.guest, SOON, err) < 0)
        return -1;
    check(guest_last_beat(seat.guest).counter > before.counter);
    check(guest_last_beat(seat.guest).bad_pages >= 1);
    return seat_close(bed, &seat, err);
}

Test(vm, tick_boots_beats_and_tells_a_spoilt_page)
{
    bed_run(boot_and_ask_tick);
}

static int start_without_binary(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat seat;

    if (bed_decide(bed, err) < 0)
        return -1;
    bed_set(bed, "qemu_binary", "qemu-system-nothing");
    check(seat_open(bed, &seat, false, NULL, &error) < 0);
    check_vm_error(error, VM_ERROR_START, "vm1", "host1", "qemu-system-nothing", g_getenv("PATH"));
    return 0;
}

Test(vm, missing_binary_is_named_with_host_and_path)
{
    bed_run(start_without_binary);
}

static int start_with_wrong_option(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat seat;

    if (bed_decide(bed, err) < 0)
        return -1;
    bed_set(bed, "extra_params", "-device no-such-device");
    check(seat_open(bed, &seat, false, NULL, &error) < 0);
    check_vm_error(error, VM_ERROR_START, "vm1", "host1", "exit status 1", "no-such-device");
    return 0;
}

Test(vm, start_that_fails_says_what_qemu_said)
{
    bed_run(start_with_wrong_option);
}

static int boot_a_mute_guest(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct seat seat;

    bed_make_mute_rom(bed);
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0 ||
        vm_cont(seat.vm, SOON, err) < 0)
        return -1;
    check(guest_await_up(seat.guest, deadline_in(300), &error) < 0);
    check_vm_error(error, VM_ERROR_GUEST, "did not say it is up within 0.3 s", "vm1", "host1",
                   "last serial output: nothing");
    return seat_close(bed, &seat, err);
}

Test(vm, guest_that_never_boots_is_a_guest_error)
{
    bed_run(boot_a_mute_guest);
}

static int boot_a_missing_guest(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)err;
    bed->host.guests_dir = bed->dir;
    check(guest_boot(&bed->host, bed->params, &error) == NULL);
    check_vm_error(error, VM_ERROR_START, "host1", "tick.rom", "deploy/guest");
    return 0;
}

Test(vm, guest_that_is_not_there_names_its_file)
{
    bed_run(boot_a_missing_guest);
}

static int kill_while_booting(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) death = NULL;
    struct seat seat;

    bed_make_mute_rom(bed);
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    kill(vm_pid(seat.vm), SIGKILL);
    check(guest_await_up(seat.guest, SOON, &error) < 0);
    check_vm_error(error, VM_ERROR_DIED, "vm1", "host1", "killed by SIGKILL");
    check(event_is_set(vm_exited(seat.vm)));
    death = vm_death(seat.vm);
    check_vm_error(death, VM_ERROR_DIED, "killed by SIGKILL");
    g_clear_error(&error);
    check(vm_cont(seat.vm, SOON, &error) < 0);
    check_vm_error(error, VM_ERROR_DIED, "killed by SIGKILL");
    return seat_close(bed, &seat, err);
}

Test(vm, killed_qemu_fails_every_wait_at_once)
{
    bed_run(kill_while_booting);
}

static int kill_destination(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 1 * MIB, -1, NULL};
    g_autoptr(GError) there = NULL, here = NULL;
    struct seat from, to;
    bool completed;

    if (seat_boot(bed, &from, err) < 0 || guest_start_work(from.guest, SOON, err) < 0 ||
        seat_begin_move(bed, &from, &to, &move, err) < 0)
        return -1;
    kill(vm_pid(to.vm), SIGKILL);
    check(vm_await_migrated(to.vm, SOON, &there) < 0);
    check_vm_error(there, VM_ERROR_DIED, "killed by SIGKILL");
    check(vm_await_migrated(from.vm, SOON, &here) < 0);
    check_vm_error(here, VM_ERROR_MIGRATION, "failed on host1");
    check(evidence_of(there) == VTMH__EVIDENCE__EVIDENCE_KILLED);
    check(evidence_of(here) == VTMH__EVIDENCE__EVIDENCE_PEER);
    check(vm_migrate_cancel(from.vm, &completed, SOON, err) == 0 && !completed);
    if (guest_await_beat(from.guest, SOON, err) < 0 || seat_close(bed, &to, err) < 0)
        return -1;
    return seat_close(bed, &from, err);
}

Test(vm, source_survives_the_death_of_its_destination)
{
    bed_run(kill_destination);
}

static int kill_source(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 1 * MIB, -1, NULL};
    g_autoptr(GError) there = NULL, here = NULL;
    struct seat from, to;

    if (seat_boot(bed, &from, err) < 0 || guest_start_work(from.guest, SOON, err) < 0 ||
        seat_begin_move(bed, &from, &to, &move, err) < 0)
        return -1;
    kill(vm_pid(from.vm), SIGKILL);
    check(vm_await_migrated(from.vm, SOON, &here) < 0);
    check(vm_await_migrated(to.vm, SOON, &there) < 0);
    check(evidence_of(here) == VTMH__EVIDENCE__EVIDENCE_KILLED);
    check(evidence_of(there) == VTMH__EVIDENCE__EVIDENCE_PEER);
    if (seat_close(bed, &to, err) < 0)
        return -1;
    return seat_close(bed, &from, err);
}

Test(vm, destination_of_a_dead_source_has_only_a_symptom)
{
    bed_run(kill_source);
}

struct ending {
    struct bed *bed;
    struct seat seat;
};

static int destroy_cancelled(void *arg, GError **err)
{
    struct ending *ending = arg;

    return seat_close(ending->bed, &ending->seat, err);
}

static int destroy_in_a_cancelled_fiber(struct bed *bed, GError **err)
{
    struct ending ending = {.bed = bed};
    struct scope *scope;

    if (seat_boot(bed, &ending.seat, err) < 0)
        return -1;
    scope = scope_open("destroy");
    fiber_cancel(scope_spawn(scope, "destroy", destroy_cancelled, &ending), NULL);
    return scope_close(scope, err);
}

Test(vm, destroy_works_in_a_cancelled_fiber)
{
    bed_run(destroy_in_a_cancelled_fiber);
}

static int several_legs(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 100 * MIB, 20, NULL};
    struct seat seat;

    bed_set(bed, "dirty_mem", "16");
    bed_set(bed, "dirty_rate", "80");
    if (seat_boot(bed, &seat, err) < 0 || guest_start_work(seat.guest, SOON, err) < 0)
        return -1;
    for (int leg = 0; leg < 3; leg++) {
        struct guest_beat last;
        struct vm_move_stats stats;
        uint64_t pages = 0, bad = 77;

        if (guest_await_beat(seat.guest, SOON, err) < 0)
            return -1;
        last = guest_last_beat(seat.guest);
        if (seat_move(bed, &seat, &move, &stats, err) < 0 ||
            guest_check_work(seat.guest, SOON, err) < 0 ||
            guest_verify(seat.guest, SOON, &pages, &bad, err) < 0)
            return -1;
        check(guest_first_beat(seat.guest).counter > last.counter);
        check(vm_resumed_at_us(seat.vm) > 0);
        check(g_hash_table_size(bed->owned) == 1);
        check(strcmp(stats.status, "completed") == 0);
        check(stats.total_ms > 0 && stats.setup_ms >= 0 && stats.downtime_ms >= 0);
        check(stats.transferred_bytes > 0 && stats.total_bytes > 0);
        check(stats.remaining_bytes == 0);
        check(pages == 16 * 256ul);
        check(bad == 0);
        cr_log_info("leg %d: total %.0f ms, downtime %.0f ms, %d syncs", leg, stats.total_ms,
                    stats.downtime_ms, (int)stats.dirty_syncs);
    }
    return seat_close(bed, &seat, err);
}

Test(vm, guest_moves_on_and_on_without_losing_a_page)
{
    bed_run(several_legs);
}

static int64_t parameter_of(struct vm *vm, const char *name)
{
    json_auto_t *answer = NULL;

    if (qemu_command(qemu_vm(vm), "query-migrate-parameters", NULL, SOON, &answer, NULL) < 0)
        return -1;
    return json_integer_value(json_object_get(answer, name));
}

/* Asks for options, and for none in the next move. */
static int options(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) plain = move_capabilities();
    g_autoptr(GHashTable) capabilities = move_capabilities();
    json_auto_t *parameters = json_pack("{s:i}", "cpu-throttle-initial", 61);
    struct vm_move asks = {capabilities, 100 * MIB, 20, parameters};
    struct vm_move asks_nothing = {plain, 100 * MIB, 20, NULL};
    struct vm_move_stats stats;
    struct seat seat;
    int64_t by_itself;

    g_hash_table_insert(capabilities, "pause-before-switchover", GINT_TO_POINTER(true));
    if (seat_boot(bed, &seat, err) < 0 || guest_start_work(seat.guest, SOON, err) < 0)
        return -1;
    by_itself = parameter_of(seat.vm, "cpu-throttle-initial");
    check(by_itself > 0 && by_itself != 61);
    if (seat_move(bed, &seat, &asks, &stats, err) < 0)
        return -1;
    check(stats.switchover_pauses == 1);
    check(parameter_of(seat.vm, "cpu-throttle-initial") == 61);
    if (seat_move(bed, &seat, &asks_nothing, &stats, err) < 0)
        return -1;
    check(stats.switchover_pauses == 0);
    if (vm_prepare_move(seat.vm, &asks, SOON, err) < 0 ||
        vm_prepare_move(seat.vm, &asks_nothing, SOON, err) < 0)
        return -1;
    check(parameter_of(seat.vm, "cpu-throttle-initial") == by_itself);
    return seat_close(bed, &seat, err);
}

Test(vm, what_one_move_is_asked_for_is_forgotten_by_the_next)
{
    bed_run(options);
}

static int wait_for_pause(struct vm *vm, GError **err)
{
    int64_t deadline = SOON;
    struct vm_move_stats stats = {.status = ""};

    while (strcmp(stats.status, "pre-switchover") != 0)
        if (vm_move_stats(vm, &stats, deadline, err) < 0 ||
            await_deadline(deadline_in(10), err) < 0)
            return -1;
    return 0;
}

static bool is_encrypted(struct vm *vm)
{
    json_auto_t *answer = NULL;
    const char *credentials;

    if (qemu_command(qemu_vm(vm), "query-migrate-parameters", NULL, SOON, &answer, NULL) < 0)
        return false;
    credentials = json_string_value(json_object_get(answer, "tls-creds"));
    return credentials != NULL && *credentials != '\0';
}

/* Of one move, and not of the next. */
static int encryption(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) plain = move_capabilities();
    struct vm_move move = {plain, 0, -1, NULL};
    g_autofree char *keys = g_build_filename(bed->host.run_dir, "keys.psk", NULL);
    const struct vm_tls tls = {.kind = "psk", .dir = bed->host.run_dir, .is_server = true};
    struct seat seat;

    if (!g_file_set_contents(keys, "qemu:00112233445566778899aabbccddeeff\n", -1, err) ||
        seat_boot(bed, &seat, err) < 0 || vm_prepare_move(seat.vm, &move, SOON, err) < 0)
        return -1;
    check(!is_encrypted(seat.vm));
    if (vm_set_tls(seat.vm, &tls, SOON, err) < 0)
        return -1;
    check(is_encrypted(seat.vm));
    if (vm_prepare_move(seat.vm, &move, SOON, err) < 0)
        return -1;
    check(!is_encrypted(seat.vm));
    return seat_close(bed, &seat, err);
}

Test(vm, credentials_of_one_move_are_not_those_of_the_next)
{
    bed_run(encryption);
}

/* Nobody lets it go on before it is called off. */
static int cancel_in_pause(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 0, -1, NULL};
    struct seat from, to;
    bool completed = true;

    g_hash_table_insert(capabilities, "pause-before-switchover", GINT_TO_POINTER(true));
    if (seat_boot(bed, &from, err) < 0 || guest_start_work(from.guest, SOON, err) < 0 ||
        seat_begin_move(bed, &from, &to, &move, err) < 0 || wait_for_pause(from.vm, err) < 0 ||
        vm_migrate_cancel(from.vm, &completed, SOON, err) < 0)
        return -1;
    check(!completed);
    if (guest_await_beat(from.guest, SOON, err) < 0 || seat_close(bed, &to, err) < 0)
        return -1;
    return seat_close(bed, &from, err);
}

Test(vm, a_move_that_waits_before_its_switchover_can_be_called_off)
{
    bed_run(cancel_in_pause);
}

/* A QEMU that loses pages is caught: the checks above can fail. */
static int lose_pages(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 100 * MIB, 20, NULL};
    g_autoptr(vm_offer) offer = NULL;
    struct seat seat;
    uint64_t pages, bad = 0;

    bed_set(bed, "dirty_mem", "16");
    bed_set(bed, "dirty_rate", "80");
    bed_set(bed, "tcg_dirty_sync_quirk", "no");
    offer = vm_offer_probe(&bed->host, bed->params, SOON, err);
    if (offer == NULL)
        return -1;
    if (offer->version[0] >= 9) {
        cr_log_warn("this QEMU does not lose pages: nothing to catch");
        return 0;
    }
    if (seat_boot(bed, &seat, err) < 0 || guest_start_work(seat.guest, SOON, err) < 0)
        return -1;
    for (int leg = 0; leg < 12 && bad == 0; leg++) {
        struct vm_move_stats stats;

        if (seat_move(bed, &seat, &move, &stats, err) < 0 ||
            guest_verify(seat.guest, SOON, &pages, &bad, err) < 0)
            return -1;
        cr_log_info("leg %d: %d syncs, %d bad pages", leg, (int)stats.dirty_syncs, (int)bad);
    }
    check(bad > 0);
    return seat_close(bed, &seat, err);
}

Test(vm, pages_lost_by_qemu_are_found_with_the_quirk_off)
{
    bed_run(lose_pages);
}

static int cancel_a_move(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move slow = {capabilities, 1 * MIB, -1, NULL};
    struct vm_move fast = {capabilities, 0, -1, NULL};
    g_autofree char *state = NULL;
    struct vm_move_stats stats;
    struct seat from, to;
    bool completed = true;

    bed_set(bed, "dirty_rate", "10");
    if (seat_boot(bed, &from, err) < 0 || guest_start_work(from.guest, SOON, err) < 0 ||
        seat_begin_move(bed, &from, &to, &slow, err) < 0 ||
        vm_migrate_cancel(from.vm, &completed, SOON, err) < 0 ||
        vm_run_state(from.vm, &state, SOON, err) < 0)
        return -1;
    check(!completed);
    check(strcmp(state, "running") == 0);
    check(vm_await_migrated(to.vm, SOON, NULL) < 0);
    if (seat_close(bed, &to, err) < 0 || seat_move(bed, &from, &fast, &stats, err) < 0)
        return -1;
    check(stats.total_ms < 5000);
    return seat_close(bed, &from, err);
}

Test(vm, cancelled_move_leaves_the_source_running_and_able_to_move)
{
    bed_run(cancel_a_move);
}

static int listen_on_a_taken_port(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 0, -1, NULL};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    g_autoptr(GError) error = NULL, elsewhere = NULL;
    g_autofree char *port_text = NULL, *uri = NULL, *range = NULL;
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port, got = 0;
    struct seat seat;

    check(bind(taken, (struct sockaddr *)&address, length) == 0 && listen(taken, 1) == 0);
    getsockname(taken, (struct sockaddr *)&address, &length);
    port = ntohs(address.sin_port);
    port_text = g_strdup_printf("127.0.0.1:%u", port);
    uri = g_strdup_printf("tcp:127.0.0.1:%u", port);
    range = g_strdup_printf("%s,to=%u", uri, MIN(port + 20U, 65535U));
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, true, NULL, err) < 0)
        return -1;
    if (vm_prepare_move(seat.vm, &move, SOON, err) < 0)
        return -1;
    check(vm_incoming_uri(seat.vm, uri, &got, SOON, &error) < 0);
    check_vm_error(error, VM_ERROR_COMMAND, "vm1", "host1", port_text, "Address already in use");
    check(vm_incoming_uri(seat.vm, "tcp:192.0.2.1:0", &got, SOON, &elsewhere) < 0);
    check_vm_error(elsewhere, VM_ERROR_COMMAND, "192.0.2.1");
    check(got == 0);
    if (vm_incoming_uri(seat.vm, range, &got, SOON, err) < 0)
        return -1;
    check(got > port);
    close(taken);
    return seat_close(bed, &seat, err);
}

Test(vm, port_in_use_is_named_and_a_range_finds_another)
{
    bed_run(listen_on_a_taken_port);
}

static int send_garbage(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 0, -1, NULL};
    g_autoptr(GError) early = NULL, error = NULL;
    g_autoptr(stream) channel = NULL;
    struct seat seat;
    uint16_t port;

    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, true, NULL, err) < 0 ||
        vm_prepare_move(seat.vm, &move, SOON, err) < 0 ||
        vm_incoming_uri(seat.vm, "tcp:127.0.0.1:0", &port, SOON, err) < 0)
        return -1;
    check(vm_cont(seat.vm, SOON, &early) < 0);
    check_vm_error(early, VM_ERROR_COMMAND, "still receiving");
    channel = stream_connect_tcp("127.0.0.1", port, SOON, err);
    if (channel == NULL || stream_write(channel, "nonsense nonsense", 17, SOON, err) < 0)
        return -1;
    check(vm_await_migrated(seat.vm, SOON, &error) < 0);
    check_vm_error(error, VM_ERROR_MIGRATION, "vm1", "host1", "Not a migration stream");
    return seat_close(bed, &seat, err);
}

Test(vm, destination_tells_why_a_stream_is_refused)
{
    bed_run(send_garbage);
}

static int ask_for_unknown_capability(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 0, -1, NULL};
    g_autoptr(GError) error = NULL;
    struct seat seat;

    g_hash_table_insert(capabilities, "teleport", GINT_TO_POINTER(true));
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, true, NULL, err) < 0)
        return -1;
    check(vm_prepare_move(seat.vm, &move, SOON, &error) < 0);
    check_vm_error(error, VM_ERROR_UNSUPPORTED, "teleport", "host1");
    return seat_close(bed, &seat, err);
}

Test(vm, unknown_capability_is_unsupported)
{
    bed_run(ask_for_unknown_capability);
}

static int probe_this_machine(struct bed *bed, GError **err)
{
    g_autoptr(vm_offer) offer = NULL;
    g_autoptr(vm_offer) again = NULL;

    g_unsetenv("BXFI_MAP"); /* else Criterion takes the child for one of its own */
    bed_set(bed, "enable_kvm", "auto");
    offer = vm_offer_probe(&bed->host, bed->params, SOON, err);
    if (offer == NULL)
        return -1;
    check(offer->version[0] >= 4);
    check(offer->kvm == (offer->kvm_reason == NULL));
    check(g_hash_table_contains(offer->machines, "pc"));
    check(g_hash_table_contains(offer->cpus, "qemu64"));
    check(g_hash_table_contains(offer->capabilities, "return-path"));
    check(g_hash_table_contains(offer->parameters, "max-bandwidth"));
    cr_log_info("KVM: %s", offer->kvm ? "proven" : offer->kvm_reason);
    again = vm_offer_probe(&bed->host, bed->params, deadline_in(0), err); /* known by now */
    return again != NULL ? 0 : -1;
}

Test(vm, host_is_asked_once)
{
    bed_run(probe_this_machine);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], KVM_PROOF_ARGUMENT) == 0)
        return kvm_proof_main();
    return runner_main_unless(bed_missing(), argc, argv);
}
