/* The guest agent as a way into a guest: QEMU's own, on this computer behind a socket, and in a
 * guest behind its virtio port. */
#include "tests/integration/cmd_exe.h"
#include "tests/integration/vm_bed.h"
#include "tests/unit/fiber_checks.h"
#include "tests/unit/runner.h"

#include "migration/guest/agent.h"
#include "migration/guest/kind.h"
#include "migration/guest/login.h"
#include "migration/guest/way.h"
#include "sync/child.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define AWKWARD "name with blanks, 'quotes', \"more\" and \xc3\xbc.$(x)"
#define TOKEN "agent-job_1"
#define PROGRAM "/usr/sbin/qemu-ga"
#define HANDLER_MS 3000
#define LISTEN_FD 3 /* of systemd's socket activation, which qemu-ga knows */
#define COPY_BYTES ((size_t)1000001)
#define MIB ((uint64_t)1 << 20)
#define BOOT deadline_in(60000)

TestSuite(guest_agent, .timeout = 180);

static int64_t soon(void)
{
    return deadline_in(20000);
}

/* An agent that listens already when it starts, and the channel to it. */
struct peer {
    char *dir, *socket;
    struct child *child;
    struct stream *stream;
};

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    check(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0);
    return fd;
}

/* more: an option more, or "". */
static int peer_open(struct peer *peer, const char *more, GError **err)
{
    int fd;

    peer->dir = g_dir_make_tmp("vtmh-agent-XXXXXX", err);
    peer->socket = g_build_filename(peer->dir, "socket", NULL);
    fd = listen_at(peer->socket);
    const char *const argv[] = {
        "sh", "-c",      "LISTEN_PID=$$ LISTEN_FDS=1 PATH=$1:$PATH exec " PROGRAM " -t \"$1\" $2",
        "sh", peer->dir, more,
        NULL};
    const struct child_fd fds[] = {{.fd = fd, .as = LISTEN_FD}, {.fd = -1}};
    const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};
    peer->child = child_start(&spec, err);
    close(fd);
    peer->stream = peer->child != NULL ? stream_connect_unix(peer->socket, soon(), err) : NULL;
    return peer->stream != NULL ? 0 : -1;
}

/*
 * qemu-ga 7.2 takes a lock in its handler of SIGTERM which the loop that was interrupted may have:
 * then it sleeps in the handler, in which SIGTERM is blocked, for ever. One that spins is
 * elsewhere.
 */
static bool sleeps_in_its_handler(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;
    const char *blocked;

    if (!g_file_get_contents(path, &text, NULL, NULL) || strstr(text, "State:\tS") == NULL ||
        (blocked = strstr(text, "SigBlk:\t")) == NULL)
        return false;
    return (g_ascii_strtoull(blocked + strlen("SigBlk:\t"), NULL, 16) >> (SIGTERM - 1) & 1) != 0;
}

/* Told to end, it does. */
static void peer_end(struct peer *peer)
{
    child_signal(peer->child, SIGTERM);
    if (child_await(peer->child, deadline_in(HANDLER_MS), NULL, NULL) < 0 &&
        sleeps_in_its_handler(child_pid(peer->child)))
        child_signal(peer->child, SIGKILL);
    check(child_await(peer->child, soon(), NULL, NULL) == 0);
}

static void peer_close(struct peer *peer)
{
    g_autofree char *state = g_build_filename(peer->dir, "qga.state", NULL);

    stream_close(peer->stream);
    peer_end(peer);
    child_free(peer->child);
    g_unlink(peer->socket);
    g_unlink(state);
    check(g_rmdir(peer->dir) == 0);
    g_free(peer->socket);
    g_free(peer->dir);
}

static struct session *open_as(struct peer *peer, const char *user, GError **err)
{
    struct session *session = agent_session_open(peer->stream, user, 10000, soon(), err);

    if (session != NULL)
        session->way = &way_agent;
    return session;
}

static int with_peer(int (*body)(struct peer *peer, GError **err), const char *more, GError **err)
{
    struct peer peer = {0};
    int result = peer_open(&peer, more, err);

    if (result == 0)
        result = body(&peer, err);
    if (peer.child != NULL)
        peer_close(&peer);
    return result;
}

static int commands(struct peer *peer, GError **err)
{
    g_autoptr(session) session = open_as(peer, "root", err);
    g_auto(session_result) result = {0}, echoed = {0}, killed = {0};

    if (session == NULL ||
        session_run(session, "echo out; echo err >&2; exit 7", NULL, 0, soon(), &result, err) < 0 ||
        session_run(session, "cat", AWKWARD, strlen(AWKWARD), soon(), &echoed, err) < 0 ||
        session_run(session, "kill -9 $$", NULL, 0, soon(), &killed, err) < 0)
        return -1;
    check(result.status == 7);
    check(strcmp(result.out, "out\n") == 0);
    check(strcmp(result.err, "err\n") == 0);
    check(strcmp(echoed.out, AWKWARD) == 0);
    check(killed.status == 128 + 9);
    return 0;
}

static int runs_commands(void *arg, GError **err)
{
    (void)arg;
    return with_peer(commands, "", err);
}

Test(guest_agent, runs_commands_with_streams_apart_and_status)
{
    expect_run(runs_commands, NULL);
}

static int as_another(struct peer *peer, GError **err)
{
    g_autoptr(session) session = open_as(peer, "nobody", err);
    g_autofree char *name = NULL;

    if (session == NULL || session_run_ok(session, "id -un", soon(), &name, err) < 0)
        return -1;
    check(strcmp(name, "nobody") == 0);
    return 0;
}

static int runs_as_another(void *arg, GError **err)
{
    (void)arg;
    return with_peer(as_another, "", err);
}

Test(guest_agent, runs_commands_as_the_user_who_is_named)
{
    if (getuid() != 0)
        cr_skip_test("only root's agent can be another user");
    expect_run(runs_as_another, NULL);
}

/* What others have left on the channel: half a request, and replies that nobody has read. */
static int after_others(struct peer *peer, GError **err)
{
    static const char left[] =
        "\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":7}}\n"
        "{\"execute\":\"guest-info\"}\n{\"execute\":\"guest-pi";
    g_auto(session_result) none = {0};
    g_autofree char *said = NULL;
    g_autoptr(GError) late = NULL;
    g_autoptr(session) session = NULL;

    if (stream_write(peer->stream, left, strlen(left), soon(), err) < 0)
        return -1;
    session = open_as(peer, "root", err);
    if (session == NULL)
        return -1;
    check(session_run(session, "sleep 5", NULL, 0, deadline_in(100), &none, &late) < 0);
    check(g_error_matches(late, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    session_close(g_steal_pointer(&session));

    session = open_as(peer, "root", err);
    if (session == NULL || session_run_ok(session, "echo still there", soon(), &said, err) < 0)
        return -1;
    check(strcmp(said, "still there") == 0);
    session_close(g_steal_pointer(&session));

    /* Another channel to it, as after a move: the first is gone. */
    stream_close(g_steal_pointer(&peer->stream));
    peer->stream = stream_connect_unix(peer->socket, soon(), err);
    if (peer->stream == NULL)
        return -1;
    session = open_as(peer, "root", err);
    return session != NULL ? session_run_ok(session, "true", soon(), NULL, err) : -1;
}

static int goes_on(void *arg, GError **err)
{
    (void)arg;
    return with_peer(after_others, "", err);
}

Test(guest_agent, what_others_have_left_on_the_channel_is_no_answer)
{
    expect_run(goes_on, NULL);
}

/* The agent finds the stand-in of cmd_exe.h by its PATH, as on Windows it finds cmd.exe. */
static int windows(struct peer *peer, GError **err)
{
    g_autofree char *program = g_build_filename(peer->dir, "cmd.exe", NULL);
    g_autoptr(session) session = open_as(peer, NULL, err);
    g_autofree char *who = NULL, *words = NULL;
    g_auto(session_result) ended = {0}, unknown = {0}, none = {0};
    g_autoptr(GError) quoted = NULL;

    check(g_file_set_contents(program, CMD_EXE, -1, NULL) && g_chmod(program, 0755) == 0);
    if (session == NULL)
        return -1;
    check(strcmp(session_where(session), "agent org.qemu.guest_agent.0") == 0);
    session->is_windows = true;
    if (session_run_ok(session, "cmd /c ver", soon(), &who, err) < 0 ||
        session_run_ok(session, "echo two  words & more", soon(), &words, err) < 0 ||
        session_run(session, "exit 7", NULL, 0, soon(), &ended, err) < 0 ||
        session_run(session, "/bin/sh -c true", NULL, 0, soon(), &unknown, err) < 0)
        return -1;
    check(strstr(who, "Microsoft Windows") != NULL);
    check(strcmp(words, "two  words & more") == 0);
    check(ended.status == 7);
    check(unknown.status == 1 && strstr(unknown.err, "is not recognized") != NULL);
    check(session_run(session, "echo \"x\"", NULL, 0, soon(), &none, &quoted) < 0);
    check(g_error_matches(quoted, SESSION_ERROR, SESSION_ERROR_FAILED));
    check(!session_is_broken(session));
    g_unlink(program);
    return 0;
}

static int runs_by_cmd(void *arg, GError **err)
{
    (void)arg;
    return with_peer(windows, "", err);
}

Test(guest_agent, commands_for_windows_are_run_by_cmd)
{
    expect_run(runs_by_cmd, NULL);
}

/* Whoever asks and does not wait leaves no reply unread: then the agent ends when it is told to. */
static int not_waited_for(struct peer *peer, GError **err)
{
    struct agent agent;

    agent_begin(&agent, peer->stream, "agent");
    if (agent_sync(&agent, soon(), err) < 0)
        return -1;
    /* It may not answer before the deadline, however short that is. */
    child_signal(peer->child, SIGSTOP);
    check(agent_request(&agent, "guest-info", NULL, deadline_in(0), NULL, NULL) < 0);
    child_signal(peer->child, SIGCONT);
    check(agent.is_due);
    agent_leave(&agent);
    check(!agent.is_due);
    stream_close(g_steal_pointer(&peer->stream));
    return 0;
}

static int leaves_nothing(void *arg, GError **err)
{
    (void)arg;
    return with_peer(not_waited_for, "", err);
}

Test(guest_agent, a_reply_that_is_not_waited_for_is_read_before_the_channel_is_left)
{
    expect_run(leaves_nothing, NULL);
}

static int forbidden(struct peer *peer, GError **err)
{
    g_autoptr(GError) why = NULL;

    (void)err;
    check(open_as(peer, "root", &why) == NULL);
    check(g_error_matches(why, SESSION_ERROR, SESSION_ERROR_CANNOT));
    check(why != NULL && strstr(why->message, "guest-exec is forbidden it") != NULL);
    return 0;
}

static int is_forbidden(void *arg, GError **err)
{
    (void)arg;
    return with_peer(forbidden, "-b guest-exec", err);
}

Test(guest_agent, one_that_runs_no_commands_is_another_thing_than_none)
{
    expect_run(is_forbidden, NULL);
}

static int too_much(struct peer *peer, GError **err)
{
    g_autoptr(session) session = open_as(peer, "root", err);
    g_auto(session_result) cut = {0}, none = {0};
    g_autoptr(GError) why = NULL;

    if (session == NULL || session_run(session, "head -c 2000000 /dev/zero | tr '\\0' x", NULL, 0,
                                       soon(), &cut, err) < 0)
        return -1;
    check(strlen(cut.out) == MIB);
    check(session_run(session, "head -c 4000000 /dev/zero", NULL, 0, soon(), &none, &why) < 0);
    check(g_error_matches(why, SESSION_ERROR, SESSION_ERROR_FAILED));
    return session_run_ok(session, "true", soon(), NULL, err);
}

static int says_too_much(void *arg, GError **err)
{
    (void)arg;
    return with_peer(too_much, "", err);
}

Test(guest_agent, what_is_kept_of_an_answer_has_an_end)
{
    expect_run(says_too_much, NULL);
}

static int job(struct peer *peer, GError **err)
{
    g_autoptr(session) session = open_as(peer, "root", err);
    g_auto(session_result) ended = {0};
    enum session_job found;

    if (session == NULL || session_forget(session, TOKEN, soon(), err) < 0 ||
        session_start(session, TOKEN, "echo done; exit 9", soon(), err) < 0)
        return -1;
    session_close(g_steal_pointer(&session));
    session = open_as(peer, "root", err);
    if (session == NULL || session_find(session, TOKEN, 20000, soon(), &found, &ended, err) < 0)
        return -1;
    check(found == SESSION_JOB_ENDED);
    check(ended.status == 9);
    check(strcmp(ended.out, "done\n") == 0);
    return session_forget(session, TOKEN, soon(), err);
}

static int finds_a_job(void *arg, GError **err)
{
    (void)arg;
    return with_peer(job, "", err);
}

Test(guest_agent, finds_a_started_command_again)
{
    expect_run(finds_a_job, NULL);
}

static void count(uint64_t done, uint64_t total, void *arg)
{
    uint64_t *seen = arg;

    check(done > *seen && done <= total);
    *seen = done;
}

/* There and back; what is not done leaves nothing behind. */
static int copies(struct peer *peer, GError **err)
{
    g_autoptr(session) session = open_as(peer, "root", err);
    g_autofree char *here = g_build_filename(peer->dir, "here", NULL);
    g_autofree char *there = g_build_filename(peer->dir, AWKWARD, NULL);
    g_autofree char *back = g_build_filename(peer->dir, "back", NULL);
    g_autofree char *bytes = g_malloc(COPY_BYTES), *again = NULL;
    g_autoptr(GError) nowhere = NULL, nothing = NULL;
    uint64_t seen = 0;
    const struct session_copy how = {.mode = 0750, .check = true, .progress = count, .arg = &seen};
    GStatBuf file;
    gsize size;

    for (size_t i = 0; i < COPY_BYTES; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    if (session == NULL || !g_file_set_contents(here, bytes, COPY_BYTES, err) ||
        session_put(session, here, there, &how, soon(), err) < 0)
        return -1;
    check(seen == COPY_BYTES);
    check(g_stat(there, &file) == 0 && (file.st_mode & 07777) == 0750);
    seen = 0;
    if (session_get(session, there, back, &how, soon(), err) < 0 ||
        !g_file_get_contents(back, &again, &size, err))
        return -1;
    check(size == COPY_BYTES && memcmp(bytes, again, size) == 0);
    check(session_put(session, here, "/no/such/folder/x", NULL, soon(), &nowhere) < 0);
    check(g_error_matches(nowhere, SESSION_ERROR, SESSION_ERROR_FAILED));
    check(session_get(session, "/no/such/file", here, NULL, soon(), &nothing) < 0);
    check(g_error_matches(nothing, SESSION_ERROR, SESSION_ERROR_FAILED));
    check(g_unlink(here) == 0 && g_unlink(there) == 0 && g_unlink(back) == 0);
    return 0;
}

static int copies_files(void *arg, GError **err)
{
    (void)arg;
    return with_peer(copies, "", err);
}

Test(guest_agent, copies_files_both_ways_by_what_it_can_run)
{
    expect_run(copies_files, NULL);
}

/* Somebody who talks and talks, with marks, without lines, with replies to what was not asked. */
static int babble(void *arg, GError **err)
{
    static const char lines[] = "\xff{\"return\":1}\n{\"return\":{}}\nnothing\n\xff\xff{\n";
    struct stream *stream = arg;
    g_autofree char *long_one = g_strnfill(2 * AGENT_REPLY_MAX, '{');

    (void)err;
    if (stream_write(stream, long_one, 2 * AGENT_REPLY_MAX, DEADLINE_NEVER, NULL) < 0)
        return 0;
    while (stream_write(stream, lines, strlen(lines), DEADLINE_NEVER, NULL) == 0) {
    }
    return 0;
}

static int is_babbled_at(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("babbler");
    g_autoptr(GError) why = NULL;
    struct stream *ours, *theirs;
    int pair[2];

    (void)arg;
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    ours = stream_new(pair[0], err);
    theirs = stream_new(pair[1], err);
    scope_spawn(scope, "babbler", babble, theirs);
    check(agent_session_open(ours, "root", 500, soon(), &why) == NULL);
    check(g_error_matches(why, SESSION_ERROR, SESSION_ERROR_NOT_YET));
    stream_close(ours);
    stream_close(theirs);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(guest_agent, who_talks_and_does_not_answer_is_no_agent)
{
    expect_run(is_babbled_at, NULL);
}

/* Brings the agent with its libraries into a guest that has none, and starts it there. */
static int bring_agent(struct session *session, GError **err)
{
    static const char *const list[] = {"sh", "-c", "ldd " PROGRAM " | grep -o '/[^ ]*'", NULL};
    g_autofree char *libraries = NULL;
    g_auto(GStrv) files = NULL;

    if (child_run(list, NULL, soon(), NULL, &libraries, NULL, err) < 0 ||
        session_run_ok(session, "mkdir /tmp/ga", BOOT, NULL, err) < 0)
        return -1;
    g_autofree char *all = g_strconcat(libraries, PROGRAM, NULL);
    files = g_strsplit(all, "\n", -1);
    for (char **file = files; *file != NULL; file++) {
        const struct session_copy how = {.mode = 0755};
        g_autofree char *name = g_path_get_basename(*file);
        g_autofree char *there = g_strconcat("/tmp/ga/", name, NULL);

        if (session_put(session, *file, there, &how, BOOT, err) < 0)
            return -1;
    }
    return session_run_ok(session,
                          "cd /tmp/ga; setsid ./ld-linux-x86-64.so.2 --library-path /tmp/ga "
                          "./qemu-ga -m virtio-serial -p /dev/vport*p1 -t /tmp/ga </dev/null "
                          ">log 2>&1 &",
                          BOOT, NULL, err);
}

static int is_there_by_agent(struct seat *seat, GError **err)
{
    g_autofree char *name = NULL;
    g_autoptr(session) session = guest_login(seat->guest, BOOT, err);

    if (session == NULL)
        return -1;
    check(strcmp(session_way(session), "agent") == 0);
    if (session_run_ok(session, "cat /etc/hostname", BOOT, &name, err) < 0)
        return -1;
    check(strcmp(name, "jeos") == 0);
    return 0;
}

/* Whoever is asked on the way out answers on the other host: nobody reads the reply on this one. */
static int ask_and_do_not_wait(struct seat *seat, GError **err)
{
    static const char question[] = "{\"execute\":\"guest-info\"}\n{\"execute\":\"guest-in";

    guest_hang_up(seat->guest);
    return stream_write(vm_agent(seat->vm), question, strlen(question), soon(), err);
}

static int move_by_agent(struct bed *bed, GError **err)
{
    g_autoptr(GHashTable) capabilities = move_capabilities();
    struct vm_move move = {capabilities, 200 * MIB, 100, NULL};
    struct vm_move_stats stats;
    struct session *session;
    struct seat seat;

    bed_set(bed, "guest", "jeos");
    bed_set(bed, "mem", "256");
    bed_set(bed, "login_ways", "ssh agent");
    if (bed_decide(bed, err) < 0 || seat_open(bed, &seat, false, NULL, err) < 0 ||
        vm_cont(seat.vm, BOOT, err) < 0 || guest_await_up(seat.guest, BOOT, err) < 0)
        return -1;
    session = guest_login(seat.guest, BOOT, err);
    if (session == NULL || bring_agent(session, err) < 0)
        return -1;
    session_close(session);
    guest_hang_up(seat.guest);
    bed_set(bed, "login_ways", "agent");
    for (int leg = 0; leg < 2; leg++) {
        if (is_there_by_agent(&seat, err) < 0 || ask_and_do_not_wait(&seat, err) < 0 ||
            seat_move(bed, &seat, &move, &stats, err) < 0)
            return -1;
    }
    if (is_there_by_agent(&seat, err) < 0)
        return -1;
    return seat_close(bed, &seat, err);
}

Test(guest_agent, is_a_way_into_a_guest_also_after_moves)
{
    if (bed_missing() != NULL)
        cr_skip_test("%s", bed_missing());
    bed_run(move_by_agent);
}

int main(int argc, char **argv)
{
    return runner_main_unless(access(PROGRAM, X_OK) == 0 ? NULL : "there is no " PROGRAM, argc,
                              argv);
}
