/* migration_bg_kill_command: what migration_bg_command has begun in a guest is ended before its VM
 * is, on the host where it is then. */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"

#define KILL_MS 30000

const char *const bg_kill_params[] = {"migration_bg_kill_command", NULL};

/* As with avocado-vt the command's own status does not count. */
int bg_kill_end(struct step_on *on, GError **err)
{
    const struct seat *seat = on->seat;
    const char *command = param_text(on->params, "migration_bg_kill_command");
    g_autofree char *said = NULL;
    int status;

    if (command == NULL || seat->vm == NULL || seat->guest == NULL ||
        event_is_set(vm_exited(seat->vm)) || !guest_is_up(seat->guest) || on->failure != NULL)
        return 0;
    if (guest_run(seat->guest, command, step_deadline(on, KILL_MS), &status, &said, err) < 0) {
        g_prefix_error(err, "migration_bg_kill_command of %s: ", seat->name);
        return -1;
    }
    host_log(on->scene->test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, seat->name,
             "migration_bg_kill_command: exit status %d: %s", status, g_strstrip(said));
    return 0;
}
