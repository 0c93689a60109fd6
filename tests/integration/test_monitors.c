/* Several monitors of one VM, with real QEMU under TCG. */
#include "migration/vm/kvm_proof.h"
#include "migration/vm/qemu.h"

#include "tests/integration/vm_bed.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(monitors, .timeout = 60);

/* Transfer full; "" if there is none. */
static char *log_of(const struct bed *bed, const char *file)
{
    g_autofree char *path = g_build_filename(bed->dir, file, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static bool has_events(const char *log)
{
    return strstr(log, "\"event\": \"RESUME\"") != NULL;
}

/* Registers of a CPU are a long answer; a picture is a file that must be there at the prompt. */
static int look_on_by_people(struct bed *bed, GError **err)
{
    struct seat seat;
    g_autofree char *path = g_build_filename(bed->dir, "a \"picture\".png", NULL);
    g_autofree char *registers = NULL, *picture = NULL, *log = NULL, *qmp = NULL, *other = NULL;
    g_autoptr(GError) refused = NULL;
    gsize size = 0;

    bed_set(bed, "monitors", "main other");
    bed_set(bed, "catch_monitor", "eye");
    bed_set(bed, "monitor_type_eye", "human");
    bed_set(bed, "vga", "std");
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    if (vm_cont(seat.vm, SOON, err) < 0 ||
        vm_info(seat.vm, "registers -a", &registers, SOON, err) < 0 ||
        vm_screendump(seat.vm, path, SOON, err) < 0)
        return -1;
    check(strstr(registers, "\nEIP=") != NULL || strstr(registers, "\nRIP=") != NULL);
    check(strstr(registers, "(qemu)") == NULL && strchr(registers, '\r') == NULL);
    check(g_file_get_contents(path, &picture, &size, NULL) && memcmp(picture, "\x89PNG", 4) == 0);
    check(vm_screendump(seat.vm, "/nowhere/x.png", SOON, &refused) < 0);
    check(g_error_matches(refused, VM_ERROR, VM_ERROR_COMMAND));
    if (seat_close(bed, &seat, err) < 0)
        return -1;
    log = log_of(bed, "vm1.eye.hmp.log");
    check(strstr(log, "Z > help\n") != NULL && strstr(log, "Z > info registers -a\n") != NULL);
    check(strstr(log, "Z < VM status: ") != NULL && strstr(log, "(qemu)") == NULL);
    qmp = log_of(bed, "vm1.qmp.log");
    other = log_of(bed, "vm1.other.qmp.log");
    check(strstr(qmp, "info registers") == NULL);
    check(has_events(qmp));
    check(has_events(other));
    return 0;
}

Test(monitors, a_human_one_shows_registers_and_the_screen)
{
    bed_run(look_on_by_people);
}

static int leave_to_user(struct bed *bed, GError **err)
{
    struct seat seat;
    g_autofree char *path = g_build_filename(bed->dir, "vm1-out.mine.monitor", NULL);
    g_autofree char *key = g_strdup_printf("%d %s", (int)OWNED_PATH, path);
    g_autoptr(stream) user = NULL;
    g_autofree char *banner = NULL, *log = NULL;

    bed_set(bed, "monitors", "main mine");
    bed_set(bed, "debugonly_mine", "yes");
    bed_set(bed, "monitor_type_mine", "human");
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    check(g_hash_table_contains(bed->owned, key));
    user = stream_connect_unix(path, SOON, err);
    banner = user != NULL ? stream_read_line(user, 4096, SOON, err) : NULL;
    if (banner == NULL)
        return -1;
    check(strstr(banner, "monitor - type 'help'") != NULL);
    log = log_of(bed, "vm1.mine.hmp.log");
    check(*log == '\0');
    if (seat_close(bed, &seat, err) < 0)
        return -1;
    check(access(path, F_OK) < 0);
    return 0;
}

Test(monitors, one_for_the_user_is_a_socket_that_goes_with_the_vm)
{
    bed_run(leave_to_user);
}

/* "127.0.0.1:5001" out of what the log says behind the words. Transfer full; NULL: nothing. */
static char *place_in_log(const struct bed *bed, const char *words)
{
    const char *at = strstr(bed->log->str, words);

    return at != NULL ? g_strndup(at + strlen(words), strcspn(at + strlen(words), "\n")) : NULL;
}

/* A monitor of the test's and the line on which its guest is heard go over TCP; at others QEMU
 * listens, at the address alone that is asked for. */
static int use_tcp(struct bed *bed, GError **err)
{
    struct seat seat;
    g_autoptr(stream) user = NULL;
    g_autofree char *place = NULL, *line = NULL, *greeting = NULL, *registers = NULL;

    bed_set(bed, "monitors", "main mine");
    bed_set(bed, "catch_monitor", "eye");
    bed_set(bed, "debugonly_mine", "yes");
    bed_set(bed, "serials", "s1 s2");
    bed_set(bed, "chardev_backend", "tcp_socket");
    bed_set(bed, "chardev_backend_main", "unix_socket");
    if (bed_decide(bed, err) < 0 || seat_boot(bed, &seat, err) < 0 ||
        vm_info(seat.vm, "registers", &registers, SOON, err) < 0)
        return -1;
    place = place_in_log(bed, "monitor mine is for the user: 127.0.0.1:");
    line = place_in_log(bed, "s2: 127.0.0.1:");
    check(place != NULL && line != NULL && strcmp(place, line) != 0);
    user = place != NULL ? stream_connect_tcp("127.0.0.1", (uint16_t)atoi(place), SOON, err) : NULL;
    greeting = user != NULL ? stream_read_line(user, 4096, SOON, err) : NULL;
    if (greeting == NULL)
        return -1;
    check(strstr(greeting, "\"QMP\"") != NULL);
    return seat_close(bed, &seat, err);
}

Test(monitors, tcp_sockets_serve_the_test_and_the_user)
{
    bed_run(use_tcp);
}

/* The one that --hold tells of is that which was asked for: there is no second. */
static int hold(struct bed *bed, GError **err)
{
    struct seat seat;
    g_autofree char *prefix = g_strconcat(bed->dir, "/7-", NULL);
    g_autofree char *path = g_strconcat(prefix, "vm1-out.monitor", NULL);
    g_autofree char *second = g_strconcat(prefix, "vm1-out.json.monitor", NULL);

    bed->host.user_prefix = prefix;
    bed_set(bed, "monitors", "main mine json");
    bed_set(bed, "debugonly_mine", "yes");
    bed_set(bed, "monitor_type_mine", "human");
    bed_set(bed, "debugonly_json", "yes");
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    check(g_strcmp0(vm_user_monitor(seat.vm), path) == 0);
    check(access(path, F_OK) == 0 && access(second, F_OK) == 0);
    if (seat_close(bed, &seat, err) < 0)
        return -1;
    check(access(path, F_OK) < 0 && access(second, F_OK) < 0);
    bed_set(bed, "monitors", "main");
    if (seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    check(g_strcmp0(vm_user_monitor(seat.vm), path) == 0 && access(path, F_OK) == 0);
    return seat_close(bed, &seat, err);
}

Test(monitors, the_one_that_is_told_when_a_test_is_held_is_the_users_own)
{
    bed_run(hold);
}

/* Asked while it goes: an answer and the end, whichever is first, and no wait for the deadline. */
static int die(struct bed *bed, GError **err)
{
    struct seat seat;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    bed_set(bed, "catch_monitor", "eye");
    bed_set(bed, "monitor_type_eye", "human");
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0)
        return -1;
    check(kill(vm_pid(seat.vm), SIGKILL) == 0);
    if (await_event(vm_exited(seat.vm), SOON, err) < 0)
        return -1;
    check(vm_info(seat.vm, "status", &text, SOON, &error) < 0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_DIED));
    return seat_close(bed, &seat, err);
}

Test(monitors, a_human_one_of_a_killed_qemu_says_how_it_died)
{
    bed_run(die);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], KVM_PROOF_ARGUMENT) == 0)
        return kvm_proof_main();
    return runner_main_unless(bed_missing(), argc, argv);
}
