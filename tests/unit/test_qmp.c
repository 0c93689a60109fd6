#include "migration/vm/platform.h"
#include "migration/vm/qmp.h"
#include "sync/stream.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(qmp, .timeout = 30);

#define SOON deadline_in(10000)
#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"

struct bed {
    struct qmp *qmp;
    struct stream *peer;
    const char *log_path;
    GString *events; /* "NAME@time " */
};

static void on_event(const char *name, const json_t *data, int64_t time_us, void *arg)
{
    struct bed *bed = arg;

    (void)data;
    g_string_append_printf(bed->events, "%s@%" G_GINT64_FORMAT " ", name, time_us);
}

typedef int (*bed_fn)(struct bed *bed, GError **err);
static bed_fn body;
static const char *log_path;

static int in_bed(void *arg, GError **err)
{
    struct bed bed = {.events = g_string_new(NULL)};
    int pair[2], result;

    (void)arg;
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    bed.peer = stream_new(pair[0], err);
    bed.qmp = qmp_open(pair[1], log_path, NULL, on_event, &bed, err);
    result = body(&bed, err);
    qmp_close(bed.qmp);
    stream_close(bed.peer);
    g_string_free(bed.events, TRUE);
    return result;
}

static void run(bed_fn fn)
{
    body = fn;
    expect_run(in_bed, NULL);
}

static int say(struct bed *bed, const char *text, GError **err)
{
    return stream_write(bed->peer, text, strlen(text), SOON, err);
}

/* The peer takes a command, which must be this one; gives its id. */
static int hear(struct bed *bed, const char *name, json_int_t *id_out, GError **err)
{
    g_autofree char *line = stream_read_line(bed->peer, 4096, SOON, err);
    json_auto_t *command = line != NULL ? json_loads(line, 0, NULL) : NULL;

    if (line == NULL)
        return -1;
    check(strcmp(json_string_value(json_object_get(command, "execute")), name) == 0);
    *id_out = json_integer_value(json_object_get(command, "id"));
    return 0;
}

static int answer(struct bed *bed, json_int_t id, const char *what, GError **err)
{
    g_autofree char *text = g_strdup_printf("{\"id\": %d, %s}\r\n", (int)id, what);

    return say(bed, text, err);
}

struct two_sides {
    struct bed *bed;
    bed_fn peer;
};

static int peer_side(void *arg, GError **err)
{
    struct two_sides *sides = arg;

    return sides->peer(sides->bed, err);
}

/* Runs the peer's part in a fiber of its own beside what the caller does next. */
static struct scope *with_peer(struct two_sides *sides)
{
    struct scope *scope = scope_open("peer");

    scope_spawn(scope, "peer", peer_side, sides);
    return scope;
}

static int greet_as_peer(struct bed *bed, GError **err)
{
    json_int_t id;

    if (say(bed, GREETING, err) < 0 || hear(bed, "qmp_capabilities", &id, err) < 0)
        return -1;
    return answer(bed, id, "\"return\": {}", err);
}

static int answer_two_in_reverse(struct bed *bed, GError **err)
{
    json_int_t first, second;

    if (greet_as_peer(bed, err) < 0 || hear(bed, "one", &first, err) < 0 ||
        hear(bed, "two", &second, err) < 0 || answer(bed, second, "\"return\": 2", err) < 0 ||
        say(bed, "{\"timestamp\": {\"seconds\": 5, \"microseconds\": 7}, \"event\": \"STOP\"}\r\n",
            err) < 0)
        return -1;
    return answer(bed, first, "\"return\": 1", err);
}

struct asker {
    struct bed *bed;
    const char *name;
    json_int_t expected;
};

static int ask(void *arg, GError **err)
{
    struct asker *asker = arg;
    json_auto_t *reply = NULL;

    if (qmp_command(asker->bed->qmp, asker->name, NULL, -1, SOON, &reply, err) < 0)
        return -1;
    check(json_integer_value(reply) == asker->expected);
    return 0;
}

static int overlapping_commands(struct bed *bed, GError **err)
{
    struct two_sides sides = {bed, answer_two_in_reverse};
    struct asker one = {bed, "one", 1}, two = {bed, "two", 2};
    struct scope *scope = with_peer(&sides);

    if (qmp_greet(bed->qmp, SOON, err) < 0)
        return -1;
    scope_spawn(scope, "one", ask, &one);
    scope_spawn(scope, "two", ask, &two);
    if (scope_close(scope, err) < 0)
        return -1;
    check(strcmp(bed->events->str, "STOP@0 ") == 0);
    return 0;
}

Test(qmp, answers_find_their_askers_and_events_their_callback)
{
    run(overlapping_commands);
}

static int refuse(struct bed *bed, GError **err)
{
    json_int_t id;

    if (greet_as_peer(bed, err) < 0 || hear(bed, "migrate", &id, err) < 0)
        return -1;
    return answer(bed, id, "\"error\": {\"class\": \"GenericError\", \"desc\": \"no way\"}", err);
}

static int refused_command(struct bed *bed, GError **err)
{
    struct two_sides sides = {bed, refuse};
    struct scope *scope = with_peer(&sides);
    g_autoptr(GError) error = NULL;

    if (qmp_greet(bed->qmp, SOON, err) < 0)
        return -1;
    check(qmp_command(bed->qmp, "migrate", json_pack("{s:s}", "uri", "x"), -1, SOON, NULL, &error) <
          0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND));
    check(strcmp(error->message, "QMP migrate: no way (GenericError)") == 0);
    return scope_close(scope, err);
}

Test(qmp, refusal_has_command_description_and_class)
{
    run(refused_command);
}

/* The connection breaks in this way while a command waits; then no other is accepted. */
static int broken_by(struct bed *bed, bed_fn how, GQuark domain, int code, GError **err)
{
    struct two_sides sides = {bed, how};
    struct scope *scope = with_peer(&sides);
    g_autoptr(GError) error = NULL, later = NULL;

    if (qmp_greet(bed->qmp, SOON, err) < 0)
        return -1;
    check(qmp_command(bed->qmp, "cont", NULL, -1, SOON, NULL, &error) < 0);
    check(g_error_matches(error, domain, code));
    check(event_is_set(qmp_ended(bed->qmp)));
    check(qmp_command(bed->qmp, "stop", NULL, -1, SOON, NULL, &later) < 0);
    check(g_error_matches(later, domain, code));
    return scope_close(scope, err);
}

static int speak_nonsense(struct bed *bed, GError **err)
{
    json_int_t id;

    if (greet_as_peer(bed, err) < 0 || hear(bed, "cont", &id, err) < 0)
        return -1;
    return say(bed, "{\"return\": nonsense\r\n", err);
}

static int broken_by_nonsense(struct bed *bed, GError **err)
{
    return broken_by(bed, speak_nonsense, VM_ERROR, VM_ERROR_COMMAND, err);
}

Test(qmp, garbage_fails_what_is_pending)
{
    run(broken_by_nonsense);
}

static int speak_an_array(struct bed *bed, GError **err)
{
    json_int_t id;

    if (greet_as_peer(bed, err) < 0 || hear(bed, "cont", &id, err) < 0)
        return -1;
    return say(bed, "[1, 2]\r\n", err);
}

static int broken_by_an_array(struct bed *bed, GError **err)
{
    return broken_by(bed, speak_an_array, VM_ERROR, VM_ERROR_COMMAND, err);
}

Test(qmp, json_that_is_no_object_is_garbage_too)
{
    run(broken_by_an_array);
}

static int die(struct bed *bed, GError **err)
{
    json_int_t id;

    if (greet_as_peer(bed, err) < 0 || hear(bed, "cont", &id, err) < 0 ||
        say(bed, "{\"event\": \"SHUTDOWN\"}\r\n{\"ret", err) < 0)
        return -1;
    stream_close(g_steal_pointer(&bed->peer));
    return 0;
}

static int broken_by_death(struct bed *bed, GError **err)
{
    int result = broken_by(bed, die, SYNC_ERROR, SYNC_ERROR_CLOSED, err);

    check(strcmp(bed->events->str, "SHUTDOWN@0 ") == 0);
    return result;
}

Test(qmp, death_of_the_peer_fails_what_is_pending_after_its_last_event)
{
    run(broken_by_death);
}

/* An event of that long ago by CLOCK_REALTIME; negative: it is to come. */
static int say_event_of(struct bed *bed, int64_t ago_us, GError **err)
{
    int64_t stamp_us = g_get_real_time() - ago_us;
    g_autofree char *text = g_strdup_printf(
        "{\"timestamp\": {\"seconds\": %" G_GINT64_FORMAT ", \"microseconds\": %d}, \"event\": "
        "\"STOP\"}\r\n",
        stamp_us / G_USEC_PER_SEC, (int)(stamp_us % G_USEC_PER_SEC));

    return say(bed, text, err);
}

#define AGO_US ((int64_t)50000)

static int date_events(struct bed *bed, GError **err)
{
    json_int_t id;

    if (greet_as_peer(bed, err) < 0 || say_event_of(bed, AGO_US, err) < 0 ||
        say_event_of(bed, -(int64_t)3600 * G_USEC_PER_SEC, err) < 0 ||
        say_event_of(bed, g_get_real_time() - G_USEC_PER_SEC, err) < 0 ||
        hear(bed, "cont", &id, err) < 0)
        return -1;
    return answer(bed, id, "\"return\": {}", err);
}

static int date(struct bed *bed, GError **err)
{
    struct two_sides sides = {bed, date_events};
    int64_t before_us = g_get_monotonic_time();
    struct scope *scope = with_peer(&sides);
    gint64 ago_us, future_us, first_us;

    if (qmp_greet(bed->qmp, SOON, err) < 0 ||
        qmp_command(bed->qmp, "cont", NULL, -1, SOON, NULL, err) < 0)
        return -1;
    int64_t after_us = g_get_monotonic_time();
    check(sscanf(bed->events->str,
                 "STOP@%" G_GINT64_FORMAT " STOP@%" G_GINT64_FORMAT " STOP@%" G_GINT64_FORMAT,
                 &ago_us, &future_us, &first_us) == 3);
    check(ago_us >= before_us - AGO_US - 1000 && ago_us <= after_us - AGO_US + 1000);
    check(future_us >= before_us && future_us <= after_us);
    check(first_us == 0);
    return scope_close(scope, err);
}

Test(qmp, events_are_dated_by_a_clock_that_nobody_sets)
{
    run(date);
}

static int answer_the_second_only(struct bed *bed, GError **err)
{
    json_int_t first, second;

    if (greet_as_peer(bed, err) < 0 || hear(bed, "one", &first, err) < 0 ||
        hear(bed, "two", &second, err) < 0 || answer(bed, first, "\"return\": 1", err) < 0)
        return -1;
    return answer(bed, second, "\"return\": 2", err);
}

static int late_answer(struct bed *bed, GError **err)
{
    struct two_sides sides = {bed, answer_the_second_only};
    struct asker two = {bed, "two", 2};
    struct scope *scope = with_peer(&sides);
    g_autoptr(GError) error = NULL;

    if (qmp_greet(bed->qmp, SOON, err) < 0)
        return -1;
    check(qmp_command(bed->qmp, "one", NULL, -1, deadline_in(0), NULL, &error) < 0);
    check(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    scope_spawn(scope, "two", ask, &two);
    return scope_close(scope, err);
}

Test(qmp, answer_that_comes_too_late_disturbs_nobody)
{
    run(late_answer);
}

/* The peer takes a line by recvmsg, with the descriptor that came with it. */
static int take_descriptor(struct bed *bed, GError **err)
{
    char text[512], control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header;
    json_auto_t *command = NULL;
    g_autofree char *reply = NULL;
    ssize_t got;
    int fd = -1;

    if (greet_as_peer(bed, err) < 0 || stream_await(bed->peer, UV_READABLE, SOON, err) < 0)
        return -1;
    got = recvmsg(stream_fd(bed->peer), &message, MSG_CMSG_CLOEXEC);
    text[MAX(got, 0)] = '\0';
    command = json_loads(text, 0, NULL);
    header = CMSG_FIRSTHDR(&message);
    check(header != NULL && header->cmsg_type == SCM_RIGHTS);
    if (header != NULL) {
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
        check(write(fd, "x", 1) == 1);
        close(fd);
    }
    return answer(bed, json_integer_value(json_object_get(command, "id")), "\"return\": {}", err);
}

static int pass_a_descriptor(struct bed *bed, GError **err)
{
    struct two_sides sides = {bed, take_descriptor};
    struct scope *scope = with_peer(&sides);
    int fds[2];
    char byte = 0;

    check(pipe2(fds, O_CLOEXEC) == 0);
    if (qmp_greet(bed->qmp, SOON, err) < 0 ||
        qmp_command(bed->qmp, "getfd", json_pack("{s:s}", "fdname", "f"), fds[1], SOON, NULL, err) <
            0)
        return -1;
    check(read(fds[0], &byte, 1) == 1 && byte == 'x');
    close(fds[0]);
    check(close(fds[1]) == 0);
    return scope_close(scope, err);
}

Test(qmp, descriptor_travels_with_its_command_and_stays_the_callers)
{
    run(pass_a_descriptor);
}

static int take_a_long_command(struct bed *bed, GError **err)
{
    g_autofree char *line = NULL;
    json_auto_t *command = NULL;

    if (greet_as_peer(bed, err) < 0)
        return -1;
    line = stream_read_line(bed->peer, 4 << 20, SOON, err);
    if (line == NULL)
        return -1;
    check(strlen(line) > 2 << 20);
    command = json_loads(line, 0, NULL);
    return answer(bed, json_integer_value(json_object_get(command, "id")), "\"return\": {}", err);
}

static int long_command(struct bed *bed, GError **err)
{
    struct two_sides sides = {bed, take_a_long_command};
    struct scope *scope = with_peer(&sides);
    g_autofree char *text = g_strnfill(2 << 20, 'x');

    if (qmp_greet(bed->qmp, SOON, err) < 0 ||
        qmp_command(bed->qmp, "echo", json_pack("{s:s}", "text", text), -1, SOON, NULL, err) < 0)
        return -1;
    return scope_close(scope, err);
}

Test(qmp, command_larger_than_the_socket_arrives_whole)
{
    run(long_command);
}

static int close_while_waiting(struct bed *bed, GError **err)
{
    struct asker asker = {bed, "one", 1};
    struct scope *scope = scope_open("asker");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn_detached(scope, "one", ask, &asker));
    g_autoptr(GError) error = NULL;

    if (await_turn(err) < 0)
        return -1;
    qmp_close(g_steal_pointer(&bed->qmp));
    check(fiber_join(fiber, SOON, &error) < 0);
    check(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CLOSED));
    return scope_close(scope, err);
}

Test(qmp, closing_wakes_who_still_waits)
{
    run(close_while_waiting);
}

struct told {
    struct event over;
    unsigned times;
    char *reply, *class;
    bool has_error;
};

static void on_answer(const json_t *reply, const json_t *refusal, const GError *error, void *arg)
{
    struct told *told = arg;

    told->times++;
    told->reply = g_strdup(json_string_value(reply));
    told->class = g_strdup(json_string_value(json_object_get(refusal, "class")));
    told->has_error = error != NULL;
    event_set(&told->over);
}

static void told_clear(struct told *told)
{
    g_free(told->reply);
    g_free(told->class);
}

static int answer_refuse_and_end(struct bed *bed, GError **err)
{
    struct told good = {0}, bad = {0}, never = {0}, forgotten = {0};
    struct qmp_later *later;
    json_int_t id;

    check(qmp_later(bed->qmp, "lasts", NULL, on_answer, &good, err) != NULL);
    check(qmp_later(bed->qmp, "fails", NULL, on_answer, &bad, err) != NULL);
    check(qmp_later(bed->qmp, "hangs", NULL, on_answer, &never, err) != NULL);
    later = qmp_later(bed->qmp, "bores", NULL, on_answer, &forgotten, err);
    if (hear(bed, "lasts", &id, err) < 0 || answer(bed, id, "\"return\": \"done\"", err) < 0 ||
        hear(bed, "fails", &id, err) < 0 ||
        answer(bed, id, "\"error\": {\"class\": \"No\", \"desc\": \"not now\"}", err) < 0 ||
        await_event(&good.over, SOON, err) < 0 || await_event(&bad.over, SOON, err) < 0)
        return -1;
    check(g_strcmp0(good.reply, "done") == 0 && good.class == NULL && !good.has_error);
    check(bad.reply == NULL && g_strcmp0(bad.class, "No") == 0 && bad.has_error);
    check(!event_is_set(&never.over));
    qmp_forget(later);
    stream_close(g_steal_pointer(&bed->peer));
    if (await_event(&never.over, SOON, err) < 0)
        return -1;
    check(never.reply == NULL && never.class == NULL && never.has_error);
    check(good.times == 1 && bad.times == 1 && never.times == 1 && forgotten.times == 0);
    check(qmp_later(bed->qmp, "late", NULL, on_answer, &forgotten, NULL) == NULL);
    told_clear(&good);
    told_clear(&bad);
    told_clear(&never);
    return 0;
}

Test(qmp, answer_of_a_command_that_lasts_comes_once_and_so_does_the_end)
{
    run(answer_refuse_and_end);
}

static int log_both_directions(struct bed *bed, GError **err)
{
    struct two_sides sides = {bed, refuse};
    struct scope *scope = with_peer(&sides);

    if (qmp_greet(bed->qmp, SOON, err) < 0)
        return -1;
    check(qmp_command(bed->qmp, "migrate", NULL, -1, SOON, NULL, NULL) < 0);
    return scope_close(scope, err);
}

Test(qmp, log_has_both_directions_with_time_stamps)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-qmp-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "vm1.qmp.log", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    log_path = path;
    run(log_both_directions);
    log_path = NULL;
    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    unlink(path);
    rmdir(folder);
    lines = g_strsplit(text, "\n", -1);
    cr_assert_eq(g_strv_length(lines), 6);
    cr_assert(g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\dT[0-9:]{8}\\.\\d{6}Z < \\{\"QMP\"",
                                   lines[0], 0, 0),
              "%s", lines[0]);
    cr_assert(strstr(lines[1], " > {\"execute\":\"qmp_capabilities\"") != NULL, "%s", lines[1]);
    cr_assert(strstr(lines[4], " < {\"id\": 2, \"error\"") != NULL, "%s", lines[4]);
}
