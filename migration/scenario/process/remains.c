/*
 * What can be said of a VM when its test has failed, into the test's folder, before the VM is
 * ended: a picture of its screen, its registers, the guest's kernel messages. What it says by
 * itself (QMP, stderr, serial line) is there already.
 *
 * Nothing here fails a test, and all of it together takes a moment only, whatever hangs.
 */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"

#include <string.h>

#define ALL_MS 5000
#define ASK_MS 2000
#define DMESG_BYTES (256u * 1024u)

/* Transfer full. */
static char *path_of(const struct step_on *on, const char *ending)
{
    return g_strdup_printf("%s/%s.%s", on->scene->test->host->log_dir, on->seat->name, ending);
}

static void say(const struct step_on *on, const char *what, const GError *error)
{
    host_log(on->scene->test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, on->seat->name, "no %s: %s",
             what, error->message);
}

/* Whether the hypervisor answers. */
static bool keep_registers(const struct step_on *on, int64_t deadline)
{
    g_autofree char *path = path_of(on, "registers.txt");
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    if (vm_info(on->seat->vm, "registers -a", &text, deadline, &error) == 0)
        g_file_set_contents(path, text, -1, &error);
    if (error != NULL)
        say(on, "registers", error);
    return error == NULL || !g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT);
}

static void keep_screen(const struct step_on *on, int64_t deadline)
{
    g_autofree char *path = path_of(on, "screen.png");
    g_autoptr(GError) error = NULL;
    if (vm_screendump(on->seat->vm, path, deadline, &error) < 0)
        say(on, "picture of the screen", error);
}

/* Of a guest that still runs; the end of it. */
static void keep_dmesg(const struct step_on *on, int64_t deadline)
{
    g_autofree char *path = path_of(on, "dmesg.txt");
    g_autofree char *text = NULL;
    int status;
    g_autoptr(GError) error = NULL;
    if (guest_run(on->seat->guest, "dmesg", deadline, &status, &text, &error) < 0) {
        say(on, "kernel messages of the guest", error);
        return;
    }
    size_t size = strlen(text), skipped = size > DMESG_BYTES ? size - DMESG_BYTES : 0;
    if (!g_file_set_contents(path, text + skipped, (gssize)(size - skipped), &error))
        say(on, "kernel messages of the guest", error);
}

static void keep_all(const struct step_on *on)
{
    struct seat *seat = on->seat;
    int64_t by = step_deadline(on, ALL_MS);
    g_autofree char *state = NULL;
    if (vm_run_state(seat->vm, &state, deadline_min(by, deadline_in(ASK_MS)), NULL) < 0 ||
        !keep_registers(on, deadline_min(by, deadline_in(ASK_MS))))
        return;
    keep_screen(on, deadline_min(by, deadline_in(ASK_MS)));
    if (strcmp(state, "running") == 0 && guest_is_up(seat->guest) && !guest_is_windows(on->params))
        keep_dmesg(on, by);
}

int remains_end(struct step_on *on, GError **err)
{
    const struct seat *seat = on->seat;
    (void)err;
    if (on->failure == NULL || on->scene->test->host->log_dir == NULL || seat->vm == NULL ||
        event_is_set(vm_exited(seat->vm)) || vm_check_not_stopped(seat->vm, NULL) < 0)
        return 0;
    /* The abort that follows each failure comes meanwhile. */
    fiber_shield();
    keep_all(on);
    fiber_unshield();
    return 0;
}
