/* Streams that are there before who connects to them. */
#include "migration/vm/libvirt_line.h"

#include "tests/unit/fiber_checks.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOON deadline_in(5000)
#define LONG_BYTES 300000

TestSuite(libvirt_line, .timeout = 20);

struct bed {
    char *dir, *path;
    struct libvirt_line *line;
    struct stream *ours, *guest;
    pid_t met;
    int times_met;
};

static void on_met(pid_t pid, void *arg)
{
    struct bed *bed = arg;

    bed->met = pid;
    bed->times_met++;
}

static int bed_open(struct bed *bed, GError **err)
{
    bed->dir = g_dir_make_tmp("vtmh-line-XXXXXX", NULL);
    bed->path = g_build_filename(bed->dir, "serial", NULL);
    bed->line = libvirt_line_open(bed->path, on_met, bed, &bed->ours, err);
    return bed->line != NULL ? 0 : -1;
}

static void bed_close(struct bed *bed)
{
    struct stat info;

    libvirt_line_close(bed->line);
    stream_close(bed->ours);
    stream_close(bed->guest);
    check(lstat(bed->path, &info) < 0);
    rmdir(bed->dir);
    g_free(bed->path);
    g_free(bed->dir);
}

static int hears_from_its_beginning(void *arg, GError **err)
{
    struct bed bed = {0};
    g_autofree char *first = NULL, *asked = NULL;

    (void)arg;
    if (bed_open(&bed, err) < 0)
        return -1;
    check(stream_write(bed.ours, "early\n", 6, SOON, NULL) == 0);
    bed.guest = stream_connect_unix(bed.path, SOON, err);
    check(bed.guest != NULL && stream_write(bed.guest, "boot\n", 5, SOON, NULL) == 0);
    first = stream_read_line(bed.ours, 100, SOON, NULL);
    check(g_strcmp0(first, "boot") == 0);
    asked = stream_read_line(bed.guest, 100, SOON, NULL);
    check(g_strcmp0(asked, "early") == 0);
    bed_close(&bed);
    return 0;
}

Test(libvirt_line, what_either_end_says_before_the_other_is_there_is_not_lost)
{
    expect_run(hears_from_its_beginning, NULL);
}

static int say_much(void *arg, GError **err)
{
    struct bed *bed = arg;
    g_autofree char *text = g_malloc(LONG_BYTES);

    for (size_t i = 0; i < LONG_BYTES; i++)
        text[i] = (char)(i % 251);
    int said = stream_write(bed->guest, text, LONG_BYTES, SOON, err);
    stream_close(g_steal_pointer(&bed->guest));
    return said;
}

static int takes_all(void *arg, GError **err)
{
    struct bed bed = {0};
    size_t got = 0;
    ssize_t n;
    char part[7000];

    (void)arg;
    if (bed_open(&bed, err) < 0)
        return -1;
    bed.guest = stream_connect_unix(bed.path, SOON, err);
    g_autoptr(scope) scope = scope_open("guest");
    scope_spawn(scope, "guest", say_much, &bed);
    await_turn(NULL);
    while ((n = stream_read(bed.ours, part, sizeof part, SOON, NULL)) > 0)
        for (ssize_t i = 0; i < n; i++, got++)
            check(part[i] == (char)(got % 251));
    check(n == 0 && got == LONG_BYTES);
    check(scope_close(g_steal_pointer(&scope), err) == 0);
    bed_close(&bed);
    return 0;
}

Test(libvirt_line, all_that_is_said_arrives_in_order_and_then_the_end)
{
    expect_run(takes_all, NULL);
}

static int serves_one(void *arg, GError **err)
{
    struct bed bed = {0};
    g_autofree char *line = NULL;

    (void)arg;
    if (bed_open(&bed, err) < 0)
        return -1;
    bed.guest = stream_connect_unix(bed.path, SOON, err);
    check(stream_write(bed.guest, "me\n", 3, SOON, NULL) == 0);
    line = stream_read_line(bed.ours, 100, SOON, NULL);
    check(g_strcmp0(line, "me") == 0);
    check(stream_connect_unix(bed.path, SOON, NULL) == NULL);
    check(bed.times_met == 1);
    bed_close(&bed);
    return 0;
}

Test(libvirt_line, nobody_is_heard_beside_the_first_who_connects)
{
    expect_run(serves_one, NULL);
}

static int tells_who(void *arg, GError **err)
{
    g_autofree char *line = NULL;
    struct bed bed = {0};
    pid_t child;

    (void)arg;
    if (bed_open(&bed, err) < 0)
        return -1;
    check(bed.times_met == 0);
    child = fork();
    if (child == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        g_strlcpy(address.sun_path, bed.path, sizeof address.sun_path);
        _exit(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                      write(fd, "it\n", 3) == 3
                  ? 0
                  : 1);
    }
    line = stream_read_line(bed.ours, 100, SOON, NULL);
    check(g_strcmp0(line, "it") == 0);
    check(bed.times_met == 1 && bed.met == child);
    check(waitpid(child, NULL, 0) == child);
    bed_close(&bed);
    return 0;
}

Test(libvirt_line, who_connects_is_told_by_its_process)
{
    expect_run(tells_who, NULL);
}

static int refuses(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct stream *ours = NULL;

    (void)arg, (void)err;
    check(libvirt_line_open("/nowhere/at/all", NULL, NULL, &ours, &error) == NULL);
    check(error != NULL && strstr(error->message, "cannot listen at /nowhere/at/all: ") != NULL);
    check(ours == NULL);
    return 0;
}

Test(libvirt_line, a_path_where_nobody_can_listen_is_an_error_that_names_it)
{
    expect_run(refuses, NULL);
}
