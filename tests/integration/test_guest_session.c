/* Sessions into a guest by SSH: a real OpenSSH server stands for the guest's. */
#include "cmd_exe.h"
#include "ssh_bed.h"
#include "stub_guest.h"

#include "migration/guest/clock.h"
#include "migration/guest/login.h"
#include "migration/guest/look.h"
#include "migration/guest/way.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define AWKWARD "name with blanks, 'quotes', \"more\" and \xc3\xbc.$(x)"
#define TOKEN "test-job_1"
#define JOB_GATE "/tmp/vtmh-test-gate"
#define BIG ((size_t)3 << 20)

static struct login login;

static struct session *open_one(const char *host_key, const char *identity, GError **err)
{
    struct session *session;

    login = (struct login){.name = "guest of vm1 on host1",
                           .has_card = true,
                           .address = "127.0.0.1",
                           .port = server->port,
                           .username = g_get_user_name(),
                           .identity = identity,
                           .host_key = host_key};
    session = way_ssh.open(&login, 1000, soon(), err);
    if (session != NULL)
        session->way = way_named("ssh");
    return session;
}

static struct session *open_session(GError **err)
{
    return open_one(NULL, server->user_key, err);
}

static int keeps_streams_apart(void *arg, GError **err)
{
    g_autoptr(session) session = open_session(err);
    g_auto(session_result) result = {0}, echoed = {0};
    g_autofree char *out = NULL;
    g_autoptr(GError) why = NULL;

    (void)arg;
    if (session == NULL ||
        session_run(session, "echo out; echo err >&2; exit 7", NULL, 0, soon(), &result, err) < 0)
        return -1;
    cr_assert_eq(result.status, 7);
    cr_assert_str_eq(result.out, "out\n");
    cr_assert_str_eq(result.err, "err\n");
    if (session_run(session, "cat", AWKWARD, strlen(AWKWARD), soon(), &echoed, err) < 0 ||
        session_run_ok(session, "echo ' two  words '", soon(), &out, err) < 0)
        return -1;
    cr_assert_str_eq(echoed.out, AWKWARD);
    cr_assert_str_eq(out, " two  words");
    cr_assert_eq(session_run_ok(session, "echo no disk >&2; exit 3", soon(), NULL, &why), -1);
    assert_error(why, SESSION_ERROR, SESSION_ERROR_FAILED, "ended with status 3: no disk");
    return 0;
}

Test(session, runs_commands_with_streams_apart_and_status)
{
    run(keeps_streams_apart, true);
}

static int wrong_keys(void *arg, GError **err)
{
    g_autoptr(GError) stranger = NULL, no_key = NULL, nobody = NULL;
    g_autofree char *shown = NULL;
    g_autoptr(session) session = open_session(err);
    struct login elsewhere = login;

    (void)arg;
    if (session == NULL)
        return -1;
    shown = way_ssh.host_key(session);
    session_close(g_steal_pointer(&session));
    session = open_one(shown, server->user_key, err);
    if (session == NULL)
        return -1;
    cr_assert_null(open_one("ssh-ed25519 AAAA", server->user_key, &stranger));
    assert_error(stranger, SESSION_ERROR, SESSION_ERROR_REFUSED, "shows the host key");
    cr_assert_null(open_one(shown, NULL, &no_key));
    assert_error(no_key, SESSION_ERROR, SESSION_ERROR_REFUSED, "cannot log in as");
    elsewhere.port = 1;
    cr_assert_null(way_ssh.open(&elsewhere, 1000, soon(), &nobody));
    assert_error(nobody, SESSION_ERROR, SESSION_ERROR_NOT_YET, "ssh ");
    return 0;
}

Test(session, pins_who_was_seen_and_tells_a_wrong_key_from_a_guest_that_is_not_up)
{
    run(wrong_keys, true);
}

static int find(enum session_job expected, int64_t wait_ms, struct session_result *result,
                GError **err)
{
    g_autoptr(session) session = open_session(err);
    enum session_job job;

    if (session == NULL || session_find(session, TOKEN, wait_ms, soon(), &job, result, err) < 0)
        return -1;
    cr_assert_eq(job, expected, "%d, not %d", job, expected);
    return 0;
}

static int outlives(void *arg, GError **err)
{
    g_autoptr(session) session = open_session(err);
    g_auto(session_result) none = {0}, early = {0}, late = {0}, lost = {0}, gone = {0};
    g_autoptr(GError) taken = NULL, bad = NULL;

    (void)arg;
    if (session == NULL || session_forget(session, TOKEN, soon(), err) < 0 ||
        find(SESSION_JOB_UNKNOWN, 0, &none, err) < 0 ||
        session_start(session, TOKEN,
                      "echo 'it''s' begun; echo err >&2; read line <" JOB_GATE
                      "; echo $line; exit 9",
                      soon(), err) < 0)
        return -1;
    cr_assert_eq(session_start(session, TOKEN, "true", soon(), &taken), -1);
    assert_error(taken, SESSION_ERROR, SESSION_ERROR_FAILED, "there is a /tmp/vtmh-job-" TOKEN);
    cr_assert_eq(session_start(session, "../x", "true", soon(), &bad), -1);
    session_close(g_steal_pointer(&session));

    if (find(SESSION_JOB_RUNS, 0, &early, err) < 0)
        return -1;
    session = open_session(err);
    if (session == NULL ||
        session_run_ok(session, "echo go on >" JOB_GATE, soon(), NULL, err) < 0 ||
        find(SESSION_JOB_ENDED, 20000, &late, err) < 0)
        return -1;
    cr_assert_str_eq(late.out, "its begun\ngo on\n");
    cr_assert_str_eq(late.err, "err\n");
    cr_assert_eq(late.status, 9);

    if (session_forget(session, TOKEN, soon(), err) < 0 ||
        session_start(session, TOKEN, "read line <" JOB_GATE, soon(), err) < 0 ||
        session_run_ok(session, "kill -9 -$(cat /tmp/vtmh-job-" TOKEN "/pid)", soon(), NULL, err) <
            0 ||
        find(SESSION_JOB_LOST, 20000, &lost, err) < 0 ||
        session_forget(session, TOKEN, soon(), err) < 0 ||
        find(SESSION_JOB_UNKNOWN, 0, &gone, err) < 0)
        return -1;
    return 0;
}

Test(session, finds_a_started_command_again_by_its_token)
{
    prepare(NULL);
    mkfifo(JOB_GATE, 0600);
    run(outlives, true);
    g_unlink(JOB_GATE);
}

static void count_calls(uint64_t done, uint64_t total, void *arg)
{
    uint64_t *last = arg;

    cr_assert_geq(done, *last);
    cr_assert(total == 0 || done <= total);
    *last = done;
}

static int both_ways(void *arg, GError **err)
{
    g_autofree char *here = ssh_server_path(server, "a big file");
    g_autofree char *there = ssh_server_path(server, AWKWARD);
    g_autofree char *back = ssh_server_path(server, "back");
    g_autofree char *content = g_malloc(BIG);
    g_autofree char *again = NULL;
    g_autoptr(session) session = open_session(err);
    g_autoptr(GError) missing = NULL, differs = NULL;
    uint64_t put = 0, got = 0;
    struct session_copy how = {.mode = 0750, .check = true, .progress = count_calls, .arg = &put};
    int64_t began = g_get_monotonic_time();
    gsize size;
    struct stat st;

    (void)arg;
    for (size_t i = 0; i < BIG; i++)
        content[i] = (char)(i * 2654435761u >> 24);
    if (session == NULL || !g_file_set_contents(here, content, BIG, err))
        return -1;
    how.bytes_per_s = 16 << 20;
    if (session_put(session, here, there, &how, soon(), err) < 0)
        return -1;
    cr_assert_geq(g_get_monotonic_time() - began, 150000, "3 MiB at 16 MiB/s take 0.18 s");
    cr_assert_eq(stat(there, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0750);
    how.arg = &got;
    how.bytes_per_s = 0;
    if (session_get(session, there, back, &how, soon(), err) < 0 ||
        !g_file_get_contents(back, &again, &size, err))
        return -1;
    cr_assert(size == BIG && memcmp(again, content, BIG) == 0);
    cr_assert(put == BIG && got == BIG);
    cr_assert_eq(session_get(session, "/no/such/file", back, NULL, soon(), &missing), -1);
    assert_error(missing, SESSION_ERROR, SESSION_ERROR_FAILED, "/no/such/file");
    return 0;
}

Test(session, copies_files_both_ways_with_checksum_limit_and_progress)
{
    run(both_ways, true);
}

/* A port for the shell and one for files, which is another way to the same server. */
static int files_apart(void *arg, GError **err)
{
    g_autofree char *params = g_strdup_printf("username=%s;file_transfer_client=scp;"
                                              "file_transfer_port=2222",
                                              g_get_user_name());
    g_autoptr(session) shell = NULL, again = NULL, files = NULL;
    g_autoptr(GError) why = NULL;
    struct stub_guest stub;

    (void)arg;
    if (stub_guest_open(&stub, params, server->user_key, err) < 0)
        return -1;
    stub_guest_forward(&stub, 22, server->port);
    shell = guest_login(stub.guest, soon(), err);
    again = shell != NULL ? guest_login(stub.guest, soon(), err) : NULL;
    if (again == NULL)
        return -1;
    cr_assert(again == shell);
    cr_assert_null(guest_file_login(stub.guest, soon(), &why));
    assert_error(why, VM_ERROR, VM_ERROR_GUEST, "has no SSH server for files at port 2222");
    stub_guest_forward(&stub, 2222, server->port);
    files = guest_file_login(stub.guest, soon(), err);
    if (files == NULL)
        return -1;
    cr_assert(files != shell);
    params_set(stub.params, "file_transfer_port", "22", NULL);
    session_close(g_steal_pointer(&files));
    files = guest_file_login(stub.guest, soon(), err);
    cr_assert(files == shell);
    session_close(g_steal_pointer(&files));
    session_close(g_steal_pointer(&again));
    session_close(g_steal_pointer(&shell));
    return stub_guest_close(&stub, err);
}

Test(session, files_come_by_the_port_that_is_named_for_them)
{
    run(files_apart, true);
}

static int way_in(void *arg, GError **err)
{
    const char *params = "username=somebody;shell_port=2222";
    struct stub_guest stub;

    (void)arg;
    if (stub_guest_open(&stub, params, server->user_key, err) < 0)
        return -1;
    cr_assert_null(guest_ssh_command(stub.guest));
    stub_guest_forward(&stub, 2222, 40022);
    g_autofree char *command = guest_ssh_command(stub.guest);
    g_autofree char *end = g_strdup_printf(" -i %s -p 40022 somebody@127.0.0.1", server->user_key);
    cr_assert(g_str_has_suffix(command, end), "%s", command);
    return stub_guest_close(&stub, err);
}

Test(session, people_are_told_to_log_in_as_who_the_test_does)
{
    run(way_in, true);
}

#define LEASED_MAC "52:54:00:00:00:07"

/* A guest of which only its DHCP server knows where it is. */
static int leased(void *arg, GError **err)
{
    g_autofree char *file = ssh_server_path(server, "leases");
    g_autofree char *params =
        g_strdup_printf("username=%s;nettype=bridge;mac=" LEASED_MAC ";shell_port=%u;"
                        "dhcp_leases=%s",
                        g_get_user_name(), (unsigned)server->port, file);
    g_autoptr(session) session = NULL;
    g_autoptr(GError) missing = NULL, other = NULL;
    struct stub_guest stub;

    (void)arg;
    if (stub_guest_open(&stub, params, server->user_key, err) < 0)
        return -1;
    cr_assert_null(guest_login(stub.guest, deadline_in(300), &missing));
    assert_error(missing, VM_ERROR, VM_ERROR_GUEST, "dhcp_leases: Failed to open file");
    g_file_set_contents(file, "0 52:54:00:00:00:08 127.0.0.1 * *\n", -1, NULL);
    cr_assert_null(guest_login(stub.guest, deadline_in(300), &other));
    assert_error(other, VM_ERROR, VM_ERROR_GUEST, "has no lease of " LEASED_MAC);
    g_file_set_contents(file, "0 " LEASED_MAC " 127.0.0.1 * *\n", -1, NULL);
    session = guest_login(stub.guest, soon(), err);
    if (session == NULL)
        return -1;
    session_close(g_steal_pointer(&session));
    return stub_guest_close(&stub, err);
}

Test(session, an_address_is_found_among_the_leases_of_a_dhcp_server)
{
    run(leased, true);
}

static int guest_with_windows(struct stub_guest *stub, GError **err)
{
    if (stub_guest_open(stub, "os_type=windows;migration_bg_check_command=exit 4", server->user_key,
                        err) < 0)
        return -1;
    stub_guest_forward(stub, 22, server->port);
    return 0;
}

/* See cmd_exe.h for what answers. */
static int windows(void *arg, GError **err)
{
    g_autoptr(session) session = NULL;
    g_auto(session_result) said = {0}, ended = {0};
    g_autofree char *complaints = NULL, *unread = NULL;
    g_autoptr(GError) failed = NULL, no_copy = NULL, no_job = NULL;
    struct stub_guest stub;
    double ahead_ms;

    (void)arg;
    if (guest_with_windows(&stub, err) < 0 || guest_await_beat(stub.guest, soon(), err) < 0 ||
        guest_command(stub.guest, "echo \"%PATH%\"", soon(), &said, err) < 0 ||
        guest_command(stub.guest, "exit 7", soon(), &ended, err) < 0)
        return -1;
    cr_assert_str_eq(said.out, "\"%PATH%\"\r\n");
    cr_assert_eq(ended.status, 7);

    stub.guest->is_working = true;
    cr_assert_eq(guest_check_work(stub.guest, soon(), &failed), -1);
    assert_error(failed, VM_ERROR, VM_ERROR_GUEST, "\"exit 4\" ended with status 4");

    if (guest_look(stub.guest, soon(), &complaints, &unread, err) < 0)
        return -1;
    cr_assert_null(complaints);
    cr_assert_str_eq(unread, "the kernel's log of vm1 is not read (os_type = windows): what it "
                             "says of the guest's health is not known");
    cr_assert_not(guest_clock(stub.guest, soon(), &ahead_ms));

    session = guest_login(stub.guest, soon(), err);
    cr_assert_eq(session_put(session, server->config, "C:\\x", NULL, soon(), &no_copy), -1);
    assert_error(no_copy, SESSION_ERROR, SESSION_ERROR_CANNOT, "copying a file");
    cr_assert_eq(session_start(session, TOKEN, "echo", soon(), &no_job), -1);
    assert_error(no_job, SESSION_ERROR, SESSION_ERROR_CANNOT, "Windows has no /bin/sh");
    cr_assert_not(session_is_broken(session));
    session_close(g_steal_pointer(&session));
    return stub_guest_close(&stub, err);
}

static void prepare_windows(void)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-cmd-XXXXXX", NULL);
    g_autofree char *program = g_build_filename(folder, "cmd.exe", NULL);
    g_autofree char *force = g_strdup_printf("ForceCommand %s", program);

    cr_assert(g_file_set_contents(program, CMD_EXE, -1, NULL));
    g_chmod(folder, 0755);
    g_chmod(program, 0755);
    prepare(force);
    run(windows, true);
    g_unlink(program);
    g_rmdir(folder);
}

Test(session, commands_for_windows_are_lines_of_cmd_and_what_takes_linux_is_not_tried)
{
    prepare_windows();
}

static int no_windows(void *arg, GError **err)
{
    g_autoptr(GError) other = NULL;
    struct stub_guest stub;

    (void)arg;
    if (guest_with_windows(&stub, err) < 0)
        return -1;
    cr_assert_eq(guest_await_beat(stub.guest, soon(), &other), -1);
    assert_error(other, VM_ERROR, VM_ERROR_GUEST, "is no Windows (os_type): \"cmd /c ver\" ended");
    return stub_guest_close(&stub, err);
}

Test(session, a_guest_that_is_said_to_be_windows_and_is_none_shows_no_sign_of_life)
{
    run(no_windows, true);
}

int main(int argc, char **argv)
{
    return run_tests(argc, argv);
}
