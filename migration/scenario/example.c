/*
 * The example of how a test is written: two VMs move together, with a command that must go on in
 * one of them; then each for itself, so that two migrations run at once. When the second part
 * begins, the VMs run on the destination: their copies there are ended, and they start anew.
 */
#include "migration/scenario/migration.h"
#include "migration/scenario/registry.h"

#define COMMAND_MS 30000
#define APART_MS 500 /* between the begins of the two migrations */

static int run_command(struct seat *seat, const char *command, GError **err)
{
    g_autofree char *output = NULL;
    int status = 0;
    if (guest_run(seat->guest, command, deadline_in(COMMAND_MS), &status, &output, err) < 0)
        return -1;
    if (status == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "'%s' in %s ended with %d: %s", command, seat->name,
                status, output);
    return -1;
}

/* On the source, the guest is up. */
static int start_dd(struct seat *seat, GError **err)
{
    return run_command(seat, "nohup dd if=/dev/zero of=/dev/null >/dev/null 2>&1 &", err) < 0
               ? -1
               : run_command(seat, "killall -0 dd", err);
}

/* On the destination. */
static int check_dd(struct seat *seat, GError **err)
{
    return run_command(seat, "killall -9 dd", err);
}

static const struct work dd = {.start = start_dd, .check = check_dd};

int scenario_example(struct scene *scene, int64_t migrate_count, GError **err)
{
    const unsigned source = 0, destination = 1;
    (void)migrate_count;

    if (scene_migrate_wait(scene, VMS("vm1", "vm2"), source, destination, &dd, err) < 0)
        return -1;

    struct migration *first = scene_migrate(scene, VMS("vm1"), source, destination, &dd, err);
    if (first == NULL || await_deadline(deadline_in(APART_MS), err) < 0)
        return -1;
    struct migration *second = scene_migrate(scene, VMS("vm2"), source, destination, NULL, err);
    if (second == NULL || migration_join(second, err) < 0)
        return -1;
    return migration_join(first, err);
}
