/* tick: a ROM that is asked and answers on its serial line. */
#include "migration/guest/kind.h"

#include "migration/params.h"

#include <string.h>

static struct vm_boot *tick_boot(const struct host *host, const struct params *params, GError **err)
{
    g_autofree char *firmware = guest_file(host, "tick", "tick.rom", err);
    struct vm_boot *boot;

    (void)params;
    if (firmware == NULL)
        return NULL;
    boot = g_new0(struct vm_boot, 1);
    boot->firmware = g_steal_pointer(&firmware);
    return boot;
}

/* Sends a command and waits for the answer of that kind. what: see guest_await(). */
static int ask(struct guest *guest, const char *command, enum serial_kind kind, const char *what,
               int64_t deadline, struct serial_line *answer_out, GError **err)
{
    g_autofree char *text = g_strconcat(command, "\n", NULL);
    struct serial_line *late;

    while ((late = mailbox_try_take(guest->answers)) != NULL)
        g_free(late); /* of a question whose asker has given up */
    if (stream_write(vm_serial(guest->vm), text, strlen(text), deadline, err) < 0)
        return -1;
    for (;;) {
        g_autofree struct serial_line *answer = NULL;

        if (guest_await(guest, mailbox_ready(guest->answers), what, deadline, err) < 0)
            return -1;
        answer = mailbox_try_take(guest->answers);
        if (answer->kind == SERIAL_REFUSED) {
            guest_set_error(guest, err, "does not know the command %s", command);
            return -1;
        }
        if (answer->kind == kind) {
            *answer_out = *answer;
            return 0;
        }
    }
}

static int set_working_set(struct guest *guest, int64_t deadline, GError **err)
{
    g_autofree char *command = NULL;
    struct serial_line answer;
    uint64_t bytes, pages;

    if (param_size(guest->params, "dirty_mem", &bytes, err) < 0)
        return -1;
    pages = bytes / GUEST_PAGE_BYTES;
    if (pages == 0)
        return 0;
    if (pages > UINT32_MAX) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "dirty_mem = %s is too much for tick",
                    params_get(guest->params, "dirty_mem"));
        return -1;
    }
    command = g_strdup_printf("W %08X", (uint32_t)pages);
    if (ask(guest, command, SERIAL_WORKING_SET, "fill its working set", deadline, &answer, err) < 0)
        return -1;
    if (answer.words[0] == pages)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "dirty_mem asks for %" G_GUINT64_FORMAT
                " KiB and the guest's memory (mem) has room for %u KiB",
                pages * GUEST_PAGE_BYTES / 1024, answer.words[0] * (GUEST_PAGE_BYTES / 1024));
    return -1;
}

static int set_rate(struct guest *guest, int64_t deadline, GError **err)
{
    g_autofree char *command = NULL;
    struct serial_line answer;
    uint64_t bytes_per_s, pages_per_s;

    if (param_size(guest->params, "dirty_rate", &bytes_per_s, err) < 0)
        return -1;
    pages_per_s = MIN(bytes_per_s / GUEST_PAGE_BYTES, UINT32_MAX);
    command = g_strdup_printf("R %08X", (uint32_t)pages_per_s);
    if (ask(guest, command, SERIAL_RATE, "take its rate", deadline, &answer, err) < 0)
        return -1;
    if (answer.words[0] == pages_per_s)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "dirty_rate asks for %" G_GUINT64_FORMAT " pages/s and tick writes %u at most",
                pages_per_s, answer.words[0]);
    return -1;
}

static int tick_start_work(struct guest *guest, int64_t deadline, GError **err)
{
    if (set_working_set(guest, deadline, err) < 0)
        return -1;
    return set_rate(guest, deadline, err);
}

static int tick_check_work(struct guest *guest, int64_t deadline, GError **err)
{
    return guest_await_beat(guest, deadline, err);
}

/*
 * The answer counts the pass alone; what the writer has found since the last one is in the
 * heartbeat's count, which the pass has added to: so the next heartbeat tells the sum of both.
 */
static int tick_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out,
                       uint64_t *bad_out, GError **err)
{
    struct serial_line answer;
    uint32_t found;

    if (ask(guest, "V", SERIAL_VERIFIED, "answer the memory check", deadline, &answer, err) < 0 ||
        guest_await_beat(guest, deadline, err) < 0)
        return -1;
    found = guest->last.bad_pages - guest->bad_known;
    guest->bad_known = guest->last.bad_pages;
    guest->rounds = answer.words[2];
    *pages_out = answer.words[0];
    *bad_out = MAX(found, answer.words[1]);
    return 0;
}

static int tick_spoil(struct guest *guest, int64_t deadline, GError **err)
{
    struct serial_line answer;

    return ask(guest, "C", SERIAL_SPOILED, "spoil a page", deadline, &answer, err);
}

const struct guest_kind guest_tick = {
    .name = "tick",
    .beat_period_ms = 10,
    .has_network = false,
    .boot = tick_boot,
    .start_work = tick_start_work,
    .check_work = tick_check_work,
    .verify = tick_verify,
    .spoil = tick_spoil,
};
