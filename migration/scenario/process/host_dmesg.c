/*
 * What the host's own kernel says while a test runs, searched as a guest's log is (complaint.h): a
 * BUG there, or a fault of what moves guests, makes every verdict of that time doubtful.
 */
#include "migration/guest/complaint.h"
#include "migration/params.h"
#include "migration/scenario/process/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KMSG "/dev/kmsg"
#define RECORD_BYTES 8192 /* the kernel gives one whole record a read, none larger */
#define LOG_BYTES (1024u * 1024u)

const char *const host_dmesg_params[] = {"verify_host_dmesg", NULL};

struct listening {
    int fd;
    GRegex *expected; /* NULL: nothing is */
};

int host_dmesg_begin(struct step_on *on, GError **err)
{
    bool wanted;
    if (param_bool(on->params, "verify_host_dmesg", &wanted, err) < 0)
        return -1;
    if (!wanted)
        return 0;
    struct listening *listening = on->state = g_new0(struct listening, 1);
    listening->fd = open(KMSG, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (listening->fd < 0 || lseek(listening->fd, 0, SEEK_END) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "verify_host_dmesg = yes is not supported: " KMSG " of %s cannot be read: %s",
                    on->scene->test->host->name, g_strerror(errno));
        return -1;
    }
    return param_regex(on->params, "expected_host_dmesg", 0, &listening->expected, err);
}

/* "4,1234,5678901,-;text": as a line of dmesg -r. What follows the text's line is left out. */
static void append_record(GString *log, char *record)
{
    unsigned number;
    guint64 at_us;
    char *text = strchr(record, ';');
    if (text == NULL ||
        sscanf(record, "%u,%*u,%" G_GUINT64_FORMAT, &number, &at_us) != 2) /* not the kernel's */
        return;
    text[strcspn(text, "\n")] = '\0';
    g_string_append_printf(log, "<%u>[%5" G_GUINT64_FORMAT ".%06u] %s\n", number,
                           at_us / G_USEC_PER_SEC, (unsigned)(at_us % G_USEC_PER_SEC), text + 1);
}

/* All since the begin. *lost_out: the kernel has written over some of it. Transfer full. */
static char *read_log(int fd, bool *lost_out)
{
    GString *log = g_string_new(NULL);
    char record[RECORD_BYTES + 1];
    while (log->len < LOG_BYTES) {
        ssize_t n = read(fd, record, RECORD_BYTES);
        if (n < 0 && errno == EPIPE) {
            *lost_out = true;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        record[n] = '\0';
        append_record(log, record);
    }
    *lost_out |= log->len >= LOG_BYTES;
    return g_string_free(log, FALSE);
}

static int look(const struct step_on *on, const struct listening *listening, GError **err)
{
    struct test *test = on->scene->test;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    bool has_lost = false;
    int64_t seen_us = -1, below;
    if (param_int(on->params, "host_dmesg_level", &below, err) < 0)
        return -1;
    g_autofree char *log = read_log(listening->fd, &has_lost);
    complaints_of_log(log, (unsigned)below, listening->expected, &seen_us, found);
    if (has_lost)
        test_warn(test, "the kernel of %s has said more than it keeps (verify_host_dmesg)",
                  test->host->name);
    if (found->len == 0)
        return 0;
    g_ptr_array_add(found, NULL);
    g_autofree char *lines = g_strjoinv("; ", (char **)found->pdata);
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "the kernel of %s has said while the test ran (verify_host_dmesg): %s",
                test->host->name, lines);
    return -1;
}

int host_dmesg_end(struct step_on *on, GError **err)
{
    struct listening *listening = g_steal_pointer(&on->state);
    int result = 0;
    if (listening == NULL)
        return 0;
    if (listening->fd >= 0) {
        result = look(on, listening, err);
        close(listening->fd);
    }
    g_clear_pointer(&listening->expected, g_regex_unref);
    g_free(listening);
    return result;
}
