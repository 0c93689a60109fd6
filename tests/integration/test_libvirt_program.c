/* vtmh-node-libvirt and the node's side of it, with a libvirtd that can be killed and stopped. */
#include "libvirt_bed.h"

#include "migration/vm/libvirt_link.h"
#include "sync/stream.h"
#include "tests/unit/fiber_checks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(libvirt_program, .timeout = 120);

#define SOON deadline_in(30000)
#define CALLS 200
#define STARTS 11
#define START_MS_MAX 100
#define NOBODY 65534

#define DOMAIN                                                                                     \
    "<domain type='qemu'><name>vm</name><memory>32768</memory>"                                    \
    "<os><type arch='x86_64' machine='pc'>hvm</type></os>"                                         \
    "<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>"

static GHashTable *owned; /* what is in the ledger */

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    (void)node;
    (void)kind;
    (void)err;
    g_hash_table_add(owned, g_strdup(what));
    return 0;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    (void)node;
    (void)kind;
    check(g_hash_table_remove(owned, what));
}

static const struct host_ops ops = {.own = own, .disown = disown};
static struct host host = {.ops = &ops, .name = "host1"};

static bool says(const GError *err, const char *part)
{
    if (err != NULL && strstr(err->message, part) != NULL)
        return true;
    cr_log_error("not \"%s\": %s", part, err != NULL ? err->message : "no error");
    return false;
}

static bool is_of(const GError *err, GQuark domain, int code)
{
    if (g_error_matches(err, domain, code))
        return true;
    cr_log_error("another error: %s", err != NULL ? err->message : "none");
    return false;
}

struct script {
    const fiber_fn *bodies; /* ended by NULL */
    struct libvirt_bed *bed;
};

static int in_bed(void *arg, GError **err)
{
    const struct script *script = arg;
    int result = 0;

    owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (const fiber_fn *body = script->bodies; *body != NULL && result == 0; body++) {
        result = (*body)(script->bed, err);
        check(g_hash_table_size(owned) == 0);
    }
    g_hash_table_unref(owned);
    return result;
}

/* With the program that was built, and one libvirtd for all bodies, whose start takes seconds. */
static void run_all(const fiber_fn *bodies)
{
    struct script script = {.bodies = bodies};

    if (libvirt_bed_missing() != NULL)
        cr_skip_test("%s", libvirt_bed_missing());
    if (libvirt_link_program == NULL)
        libvirt_link_program = LIBVIRT_PROGRAM;
    script.bed = libvirt_bed_start();
    expect_run(in_bed, &script);
    libvirt_bed_stop(script.bed);
}
#define run(...) run_all((const fiber_fn[]){__VA_ARGS__, NULL})

static int call(struct libvirt_link *link, const char *command, json_t *arguments, GError **err)
{
    return libvirt_link_call(link, command, arguments, SOON, NULL, NULL, err);
}

static json_t *of_vm(void)
{
    return json_pack("{s:s}", "name", "vm");
}

/* An answer's member as a string; "" if there is none. Transfer full. */
static char *ask(struct libvirt_link *link, const char *command, json_t *arguments,
                 const char *member, GError **err)
{
    json_auto_t *reply = NULL;
    const char *text;

    if (libvirt_link_call(link, command, arguments, SOON, &reply, NULL, err) < 0)
        return g_strdup("");
    text = json_string_value(json_object_get(reply, member));
    return g_strdup(text != NULL ? text : "");
}

struct life {
    GString *told; /* "started/booted …" */
    GString *qemu; /* "RESUME STOP …" */
    struct event changed;
    int64_t last_us;
};

static void on_event(const char *event, const json_t *data, int64_t time_us, void *arg)
{
    struct life *life = arg;

    check(time_us > 0);
    if (strcmp(event, "LIFECYCLE") == 0) {
        check(time_us >= life->last_us);
        life->last_us = time_us;
        g_string_append_printf(life->told, "%s/%s ",
                               json_string_value(json_object_get(data, "event")),
                               json_string_value(json_object_get(data, "detail")));
    } else if (strcmp(event, "QEMU") == 0) {
        g_string_append_printf(life->qemu, "%s ",
                               json_string_value(json_object_get(data, "event")));
    }
    event_set(&life->changed);
}

/* Until all of it has been told; events come when they do. */
static bool await_told(struct life *life, const GString *words, const char *expected)
{
    g_autoptr(GError) err = NULL;

    while (strstr(words->str, expected) == NULL) {
        event_reset(&life->changed);
        if (await_event(&life->changed, SOON, &err) < 0) {
            cr_log_error("told: %s", words->str);
            return false;
        }
    }
    return true;
}

static int life_of_domain(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    struct libvirt_link *link = libvirt_link_open(&host, bed->uri, SOON, err);
    struct life life = {.told = g_string_new(NULL), .qemu = g_string_new(NULL)};
    struct libvirt_watch *watch = libvirt_link_watch(link, "vm", on_event, &life);
    g_autofree char *before = NULL, *running = NULL, *after = NULL, *job = NULL, *status = NULL;
    int number = 0;

    before = ask(link, "domain-create", json_pack("{s:s, s:b}", "xml", DOMAIN, "paused", 1),
                 "state", err);
    check(strcmp(before, "paused") == 0);
    check(call(link, "domain-resume", of_vm(), err) == 0);
    running = ask(link, "domain-find", of_vm(), "state", err);
    check(strcmp(running, "running") == 0);
    status = ask(link, "domain-monitor",
                 json_pack("{s:s, s:s, s:b}", "name", "vm", "command", "info status", "hmp", 1),
                 "text", err);
    check(strstr(status, "running") != NULL);
    job = ask(link, "domain-job-stats", of_vm(), "type", err);
    check(strcmp(job, "none") == 0);
    check(call(link, "domain-suspend", of_vm(), err) == 0);
    after = ask(link, "domain-find", of_vm(), "state", err);
    check(strcmp(after, "paused") == 0);
    check(call(link, "domain-destroy", of_vm(), err) == 0);
    check(await_told(&life, life.told, "stopped/destroyed"));
    check(g_str_has_prefix(life.told->str, "started/booted suspended/paused resumed/unpaused "
                                           "suspended/paused "));
    check(await_told(&life, life.qemu, "RESUME STOP "));
    check(libvirt_link_call(link, "domain-find", of_vm(), SOON, NULL, &number, NULL) < 0);
    check(number == PROTOCOL_NO_DOMAIN);
    libvirt_link_unwatch(watch);
    libvirt_link_close(link);
    g_string_free(life.told, TRUE);
    g_string_free(life.qemu, TRUE);
    return 0;
}

/* How many entries a folder of /proc/PID has. */
static unsigned count(pid_t pid, const char *folder)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, folder);
    DIR *dir = opendir(path);
    unsigned n = 0;

    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n;
}

/* A thread that has answered is about to end. */
static bool threads_come_down_to(pid_t pid, unsigned most)
{
    int64_t deadline = SOON;

    while (count(pid, "task") > most && deadline_left(deadline) > 0)
        await_deadline(deadline_in(10), NULL);
    return count(pid, "task") <= most;
}

static int many_calls(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    struct libvirt_link *link = libvirt_link_open(&host, bed->uri, SOON, err);
    pid_t pid = libvirt_link_pid(link);
    unsigned threads, descriptors, own_descriptors;

    check(call(link, "domain-list", NULL, err) == 0);
    check(threads_come_down_to(pid, count(pid, "task")));
    threads = count(pid, "task");
    descriptors = count(pid, "fd");
    own_descriptors = count(getpid(), "fd");
    for (int i = 0; i < CALLS; i++)
        check(i % 2 == 0 ? call(link, "domain-list", NULL, err) == 0
                         : call(link, "domain-find", of_vm(), NULL) < 0);
    for (int i = 0; i < 5; i++)
        check(libvirt_link_renew(link, SOON, err) == 0);
    check(libvirt_link_pid(link) == pid);
    check(call(link, "domain-list", NULL, err) == 0);
    check(threads_come_down_to(pid, threads));
    check(count(pid, "fd") <= descriptors);
    check(count(getpid(), "fd") <= own_descriptors);
    libvirt_link_close(link);
    return 0;
}

static int compare_numbers(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int start_often(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    double start_ms[STARTS], end_ms[STARTS];

    for (int i = 0; i < STARTS; i++) {
        int64_t begin_us = g_get_monotonic_time();
        struct libvirt_link *link = libvirt_link_open(&host, bed->uri, SOON, err);
        int64_t open_us = g_get_monotonic_time();

        check(link != NULL);
        libvirt_link_close(link);
        start_ms[i] = (double)(open_us - begin_us) / 1000;
        end_ms[i] = (double)(g_get_monotonic_time() - open_us) / 1000;
    }
    qsort(start_ms, STARTS, sizeof start_ms[0], compare_numbers);
    qsort(end_ms, STARTS, sizeof end_ms[0], compare_numbers);
    printf("vtmh-node-libvirt: started and connected in %.1f ms (median of %d; least %.1f, most "
           "%.1f), ended in %.1f ms\n",
           start_ms[STARTS / 2], STARTS, start_ms[0], start_ms[STARTS - 1], end_ms[STARTS / 2]);
    fflush(stdout);
    /* The least of them, as the others are of what else this computer does. */
    check(start_ms[0] < START_MS_MAX);
    return 0;
}

/* Where the source's libvirtd connects to, and nobody ever answers: its call lasts. */
struct silence {
    char *dir, *path;
    int fd;
};

static void silence_open(struct silence *silence)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    silence->dir = g_dir_make_tmp("vtmh-silence-XXXXXX", NULL);
    silence->path = g_build_filename(silence->dir, "socket", NULL);
    g_strlcpy(address.sun_path, silence->path, sizeof address.sun_path);
    silence->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(bind(silence->fd, (struct sockaddr *)&address, sizeof address) == 0);
    check(listen(silence->fd, 8) == 0);
}

static void silence_close(struct silence *silence)
{
    close(silence->fd);
    g_unlink(silence->path);
    g_rmdir(silence->dir);
    g_free(silence->path);
    g_free(silence->dir);
}

struct move {
    struct libvirt_link *link;
    const struct silence *silence;
    int number;
};

static int migrate(void *arg, GError **err)
{
    struct move *move = arg;
    g_autofree char *there = g_strdup_printf("qemu+unix:///system?socket=%s", move->silence->path);

    return libvirt_link_call(move->link, "domain-migrate",
                             json_pack("{s:s, s:s, s:[s, s]}", "name", "vm", "dconnuri", there,
                                       "flags", "live", "peer2peer"),
                             SOON, NULL, &move->number, err);
}

/* Begins a migration that nobody answers; returns when libvirtd is in it. */
static struct fiber *begin_move(struct scope *scope, struct move *move)
{
    struct fiber *fiber = fiber_ref(scope_spawn_detached(scope, "migrate", migrate, move));
    struct stream *knock = stream_new(dup(move->silence->fd), NULL);

    check(stream_await(knock, UV_READABLE, SOON, NULL) == 0);
    stream_close(knock);
    return fiber;
}

static int libvirtd_killed(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    struct libvirt_link *link = libvirt_link_open(&host, bed->uri, SOON, err);
    struct silence silence;
    struct scope *scope = scope_open("moves");
    g_autoptr(GError) why = NULL, down = NULL;

    silence_open(&silence);
    struct move move = {.link = link, .silence = &silence};
    check(call(link, "domain-create", json_pack("{s:s}", "xml", DOMAIN), err) == 0);
    struct fiber *fiber = begin_move(scope, &move);
    int64_t begin_us = g_get_monotonic_time();
    libvirt_bed_do(bed, "kill");
    check(fiber_join(fiber, SOON, &why) < 0);
    check(is_of(why, VM_ERROR, VM_ERROR_COMMAND));
    check(says(why, "libvirt of host1 ("));
    check(move.number != 0);
    check(await_event(libvirt_link_lost(link), SOON, err) == 0);
    check(g_get_monotonic_time() - begin_us < 5 * G_USEC_PER_SEC);
    check(libvirt_link_renew(link, SOON, &down) < 0);
    check(is_of(down, VM_ERROR, VM_ERROR_START));
    check(says(down, "does not run"));
    libvirt_bed_do(bed, "start");
    check(libvirt_link_renew(link, SOON, err) == 0);
    check(!event_is_set(libvirt_link_lost(link)));
    check(call(link, "domain-destroy", of_vm(), err) == 0);
    fiber_unref(fiber);
    scope_close(scope, NULL);
    libvirt_link_close(link);
    silence_close(&silence);
    return 0;
}

static int libvirtd_hung(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    struct libvirt_link *link = libvirt_link_open(&host, bed->uri, SOON, err);
    pid_t pid = libvirt_link_pid(link);
    g_autoptr(GError) late = NULL, hung = NULL;

    libvirt_bed_do(bed, "freeze");
    check(libvirt_link_call(link, "domain-list", NULL, deadline_in(300), NULL, NULL, &late) < 0);
    check(is_of(late, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    check(says(late, "libvirt of host1 ("));
    check(says(late, "domain-list"));
    check(libvirt_link_renew(link, deadline_in(300), &hung) < 0);
    check(is_of(hung, VM_ERROR, VM_ERROR_START));
    check(says(hung, "does not answer"));
    libvirt_bed_do(bed, "thaw");
    check(libvirt_link_renew(link, SOON, err) == 0);
    check(libvirt_link_pid(link) != pid);
    check(call(link, "domain-list", NULL, err) == 0);
    libvirt_bed_do(bed, "freeze");
    int64_t begin_us = g_get_monotonic_time();
    libvirt_link_close(link);
    check(g_get_monotonic_time() - begin_us < 3 * G_USEC_PER_SEC);
    libvirt_bed_do(bed, "thaw");
    return 0;
}

static int program_killed(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    struct libvirt_link *link = libvirt_link_open(&host, bed->uri, SOON, err);
    struct silence silence;
    struct scope *scope = scope_open("moves");
    g_autoptr(GError) why = NULL;

    silence_open(&silence);
    struct move move = {.link = link, .silence = &silence};
    check(call(link, "domain-create", json_pack("{s:s}", "xml", DOMAIN), err) == 0);
    struct fiber *fiber = begin_move(scope, &move);
    int64_t begin_us = g_get_monotonic_time();
    libvirt_link_kill(link);
    check(fiber_join(fiber, SOON, &why) < 0);
    check(g_get_monotonic_time() - begin_us < 5 * G_USEC_PER_SEC);
    check(is_of(why, VM_ERROR, VM_ERROR_DIED));
    check(says(why, "vtmh-node-libvirt on host1"));
    check(move.number == 0);
    /* What it had begun goes on in libvirtd until that side ends. */
    silence_close(&silence);
    check(libvirt_link_renew(link, SOON, err) == 0);
    check(call(link, "domain-destroy", of_vm(), err) == 0);
    fiber_unref(fiber);
    scope_close(scope, NULL);
    libvirt_link_close(link);
    return 0;
}

static int refused_calls(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    struct libvirt_link *link = libvirt_link_open(&host, bed->uri, SOON, err);
    g_autoptr(GError) flag = NULL, parameter = NULL, xml = NULL;
    int number = -1;

    check(call(link, "domain-create", json_pack("{s:s, s:b}", "xml", DOMAIN, "paused", 1), err) ==
          0);
    check(call(link, "domain-migrate", json_pack("{s:s, s:[s]}", "name", "vm", "flags", "lively"),
               &flag) < 0);
    check(says(flag, "there is no flag \"lively\" (Arguments)"));
    check(call(link, "domain-migrate",
               json_pack("{s:s, s:[s], s:{s:s}}", "name", "vm", "flags", "live", "parameters",
                         "bandwidth", "much"),
               &parameter) < 0);
    check(says(parameter, "parameter \"bandwidth\" is not a number from 0 on (Arguments)"));
    check(libvirt_link_call(link, "domain-create", json_pack("{s:s}", "xml", "<domain"), SOON, NULL,
                            &number, &xml) < 0);
    check(number == 35); /* VIR_ERR_XML_DETAIL */
    check(says(xml, "end of Start Tag domain"));
    check(call(link, "domain-destroy", of_vm(), err) == 0);
    libvirt_link_close(link);
    return 0;
}

Test(libvirt_program, starts_fast_tells_the_life_of_a_domain_and_does_not_grow)
{
    run(start_often, life_of_domain, refused_calls, many_calls);
}

Test(libvirt_program, hangs_neither_in_a_dead_libvirtd_nor_in_a_stopped_one_nor_when_killed_itself)
{
    run(libvirtd_killed, libvirtd_hung, program_killed);
}

/* A program of the test's own in a folder of its own, in place of the one that was built. */
static char *wrap(const char *format, ...) G_GNUC_PRINTF(1, 2);
static char *wrap(const char *format, ...)
{
    g_autofree char *dir = g_dir_make_tmp("vtmh-wrap-XXXXXX", NULL);
    g_autofree char *text = NULL;
    char *path = g_build_filename(dir, "program", NULL);
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(chmod(path, 0755), 0);
    cr_assert_eq(chmod(dir, 0755), 0);
    return path;
}

static void unwrap(char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    g_unlink(path);
    g_rmdir(dir);
    g_free(path);
}

static int without_permission(void *arg, GError **err)
{
    struct libvirt_bed *bed = arg;
    g_autoptr(GError) why = NULL;

    (void)err;
    check(libvirt_link_open(&host, bed->uri, SOON, &why) == NULL);
    check(is_of(why, VM_ERROR, VM_ERROR_START));
    check(says(why, "libvirt of host1 ("));
    check(says(why, "does not let us in"));
    check(says(why, "Permission denied"));
    return 0;
}

Test(libvirt_program, says_that_it_has_no_permission)
{
    char *program;

    if (geteuid() != 0)
        cr_skip_test("only root can start it as somebody else");
    /* From memory, as the folder of the build may be closed to others. */
    program = wrap("#!/bin/sh\nexec 4<'%s'\nexec setpriv --reuid %d --clear-groups "
                   "/proc/self/fd/4\n",
                   LIBVIRT_PROGRAM, NOBODY);
    libvirt_link_program = program;
    run(without_permission);
    unwrap(program);
}

static int without_libvirtd(void *arg, GError **err)
{
    g_autoptr(GError) why = NULL;

    (void)arg;
    (void)err;
    owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    check(libvirt_link_open(&host, "qemu+unix:///system?socket=/nowhere/socket", SOON, &why) ==
          NULL);
    check(says(why, "libvirt of host1 (qemu+unix:///system?socket=/nowhere/socket)"));
    check(says(why, "/nowhere/socket"));
    check(g_error_matches(why, VM_ERROR, VM_ERROR_START) || says(why, "libvirt-daemon-system"));
    check(g_hash_table_size(owned) == 0);
    g_hash_table_unref(owned);
    return 0;
}

Test(libvirt_program, says_that_no_libvirtd_runs)
{
    libvirt_link_program = LIBVIRT_PROGRAM;
    expect_run(without_libvirtd, NULL);
}

static int unloadable(void *arg, GError **err)
{
    g_autoptr(GError) why = NULL;

    (void)arg;
    (void)err;
    owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    check(libvirt_link_open(&host, "qemu:///system", SOON, &why) == NULL);
    check(is_of(why, VM_ERROR, VM_ERROR_UNSUPPORTED));
    check(says(why, "error while loading shared libraries"));
    check(says(why, "libvirt.so.0"));
    check(says(why, "Debian's package of the library is libvirt0"));
    check(g_hash_table_size(owned) == 0);
    g_hash_table_unref(owned);
    return 0;
}

/* A host's library that cannot be loaded, and the loader's own sentence. */
Test(libvirt_program, is_not_supported_where_libvirt_cannot_be_loaded)
{
    g_autofree char *dir = g_dir_make_tmp("vtmh-lib-XXXXXX", NULL);
    g_autofree char *library = g_build_filename(dir, "libvirt.so.0", NULL);
    char *program = wrap("#!/bin/sh\nLD_LIBRARY_PATH='%s' exec '%s'\n", dir, LIBVIRT_PROGRAM);

    cr_assert(g_file_set_contents(library, "no library", -1, NULL));
    libvirt_link_program = program;
    expect_run(unloadable, NULL);
    unwrap(program);
    g_unlink(library);
    g_rmdir(dir);
}

/* The program, with a socket of the test in the place of its node. */
static pid_t start_bare(int *fd_out)
{
    int pair[2];
    pid_t pid;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        if (pair[1] == PROTOCOL_FD)
            fcntl(PROTOCOL_FD, F_SETFD, 0);
        else
            dup2(pair[1], PROTOCOL_FD);
        execl(LIBVIRT_PROGRAM, LIBVIRT_PROGRAM, NULL);
        _exit(99);
    }
    close(pair[1]);
    *fd_out = pair[0];
    return pid;
}

static void say(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads until all of the texts, ended by NULL, have come. */
static void hear_all(int fd, const char *const *texts)
{
    g_autoptr(GString) heard = g_string_new(NULL);
    char byte;

    while (*texts != NULL) {
        if (strstr(heard->str, *texts) != NULL) {
            texts++;
            continue;
        }
        cr_assert_eq(read(fd, &byte, 1), 1, "not heard: %s", *texts);
        g_string_append_c(heard, byte);
    }
}
#define hear(fd, ...) hear_all(fd, (const char *const[]){__VA_ARGS__, NULL})

static void expect_end(pid_t pid)
{
    int64_t begin_us = g_get_monotonic_time();
    int status;

    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) || WTERMSIG(status) == SIGALRM, "status %d", status);
    cr_assert_lt(g_get_monotonic_time() - begin_us, 3 * G_USEC_PER_SEC);
}

Test(libvirt_program, ends_with_its_node)
{
    struct libvirt_bed *bed;
    g_autofree char *open_it = NULL;
    pid_t pid;
    int fd;

    pid = start_bare(&fd);
    hear(fd, "QMP");
    close(fd);
    expect_end(pid);

    if (libvirt_bed_missing() != NULL)
        cr_skip_test("%s", libvirt_bed_missing());
    bed = libvirt_bed_start();
    open_it = g_strdup_printf(
        "{\"execute\": \"connect\", \"arguments\": {\"uri\": \"%s\"}, \"id\": 1}\n", bed->uri);
    pid = start_bare(&fd);
    say(fd, open_it);
    hear(fd, "\"id\":1");
    close(fd);
    expect_end(pid);

    /* With a call that hangs, and then with a libvirtd that does not say good-bye. */
    for (int with_call = 1; with_call >= 0; with_call--) {
        pid = start_bare(&fd);
        say(fd, open_it);
        hear(fd, "\"id\":1");
        libvirt_bed_do(bed, "freeze");
        if (with_call)
            say(fd, "{\"execute\": \"domain-list\", \"id\": 2}\n");
        close(fd);
        expect_end(pid);
        libvirt_bed_do(bed, "thaw");
    }
    libvirt_bed_stop(bed);
}

Test(libvirt_program, tells_that_libvirtd_has_not_answered_for_long)
{
    struct libvirt_bed *bed;
    g_autofree char *open_it = NULL;
    pid_t pid;
    int fd;

    if (libvirt_bed_missing() != NULL)
        cr_skip_test("%s", libvirt_bed_missing());
    bed = libvirt_bed_start();
    open_it = g_strdup_printf("{\"execute\": \"connect\", \"id\": 1, \"arguments\": "
                              "{\"uri\": \"%s\", \"keepalive_s\": 1}}\n",
                              bed->uri);
    pid = start_bare(&fd);
    say(fd, open_it);
    hear(fd, "\"id\":1");
    libvirt_bed_do(bed, "freeze");
    say(fd, "{\"execute\": \"domain-list\", \"id\": 2}\n");
    hear(fd, "\"CONNECTION_CLOSED\"", "\"keepalive\"", "\"id\":2");
    libvirt_bed_do(bed, "thaw");
    close(fd);
    expect_end(pid);
    libvirt_bed_stop(bed);
}

Test(libvirt_program, survives_a_node_that_speaks_garbage)
{
    pid_t pid;
    int fd;

    pid = start_bare(&fd);
    hear(fd, "QMP");
    say(fd, "\n[]\n{}\nnonsense\n{\"execute\": 7, \"id\": {}}\n"
            "{\"execute\": \"domain-find\", \"arguments\": [], \"id\": 1}\n"
            "{\"execute\": \"connect\", \"arguments\": {\"uri\": \"x\\u00ff:///\"}, \"id\": 2}\n"
            "{\"execute\": \"domain-list\", \"id\": 3}\n");
    hear(fd, "\"id\":3");
    say(fd, "{\"execute\": \"quit\", \"id\": 4}\n");
    hear(fd, "\"id\":4");
    expect_end(pid);
    close(fd);
}

/* libvirt's own driver for tests, in the program itself: many threads at once. */
static int call_often(void *arg, GError **err)
{
    static const char *const commands[] = {"domain-suspend", "domain-resume", "domain-xml",
                                           "domain-find"};

    for (int i = 0; i < 50; i++) {
        const char *command =
            commands[(i + (int)(GPOINTER_TO_SIZE(arg) / 64)) % G_N_ELEMENTS(commands)];

        /* Suspended twice is refused. */
        libvirt_link_call(arg, command, json_pack("{s:s}", "name", "test"), SOON, NULL, NULL, NULL);
    }
    (void)err;
    return 0;
}

static int at_once(void *arg, GError **err)
{
    struct libvirt_link *link;
    struct scope *scope = scope_open("calls");

    (void)arg;
    owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    link = libvirt_link_open(&host, "test:///default", SOON, err);
    for (int i = 0; link != NULL && i < 8; i++)
        scope_spawn(scope, "calls", call_often, link);
    check(libvirt_link_renew(link, SOON, err) == 0);
    check(scope_close(scope, err) == 0);
    check(call(link, "domain-list", NULL, err) == 0);
    libvirt_link_close(link);
    check(g_hash_table_size(owned) == 0);
    g_hash_table_unref(owned);
    return 0;
}

Test(libvirt_program, answers_many_calls_at_once)
{
    libvirt_link_program = LIBVIRT_PROGRAM;
    expect_run(at_once, NULL);
}
