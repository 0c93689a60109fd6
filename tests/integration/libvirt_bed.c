#include "libvirt_bed.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_MISSING 77
#define LINE_MAX_BYTES 4096

/* Without the newline; NULL at the end. Transfer full. */
static char *read_line(int fd)
{
    g_autoptr(GString) line = g_string_new(NULL);
    char byte;

    while (line->len < LINE_MAX_BYTES) {
        ssize_t n = TEMP_FAILURE_RETRY(read(fd, &byte, 1));

        if (n <= 0)
            return NULL;
        if (byte == '\n')
            return g_string_free(g_steal_pointer(&line), FALSE);
        g_string_append_c(line, byte);
    }
    return NULL;
}

static int close_and_wait(struct libvirt_bed *bed)
{
    int status;

    close(bed->to);
    close(bed->from);
    cr_assert_eq(TEMP_FAILURE_RETRY(waitpid(bed->pid, &status, 0)), bed->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void bed_free(struct libvirt_bed *bed)
{
    g_free(bed->uri);
    g_free(bed->socket);
    g_free(bed);
}

static struct libvirt_bed *spawn(const char *argument)
{
    struct libvirt_bed *bed = g_new0(struct libvirt_bed, 1);
    const char *argv[] = {LIBVIRTD_FIXTURE, argument, NULL};
    GError *err = NULL;

    cr_assert(g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                       NULL, &bed->pid, &bed->to, &bed->from, NULL, &err),
              "%s", err != NULL ? err->message : "");
    return bed;
}

const char *libvirt_bed_missing(void)
{
    struct libvirt_bed *bed = spawn("--check");
    int status = close_and_wait(bed);

    bed_free(bed);
    return status == STATUS_MISSING ? "no libvirtd can be had here (above: why)" : NULL;
}

struct libvirt_bed *libvirt_bed_start(void)
{
    struct libvirt_bed *bed = spawn(NULL);

    bed->uri = read_line(bed->from);
    cr_assert_not_null(bed->uri, "libvirtd does not start (above: why)");
    bed->socket = g_strdup(strchr(bed->uri, '=') + 1);
    return bed;
}

void libvirt_bed_stop(struct libvirt_bed *bed)
{
    int status = close_and_wait(bed);

    cr_assert_eq(status, 0, "%s ended with status %d", LIBVIRTD_FIXTURE, status);
    bed_free(bed);
}

void libvirt_bed_do(struct libvirt_bed *bed, const char *command)
{
    g_autofree char *line = g_strconcat(command, "\n", NULL);
    g_autofree char *answer = NULL;

    cr_assert_eq(TEMP_FAILURE_RETRY(write(bed->to, line, strlen(line))), (ssize_t)strlen(line));
    answer = read_line(bed->from);
    cr_assert_str_eq(answer != NULL ? answer : "no answer", "ok", "%s: %s", command, answer);
}
