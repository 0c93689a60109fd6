/* The steps, in the order of avocado-vt's env_process: first what is the host's, then images, then
 * VMs. */
#include "migration/scenario/process/rows.h"

const struct step all_steps[] = {
    /* Around all that is done. */
    {.name = "kernel messages of the host",
     .asked_by = host_dmesg_params,
     .begin = host_dmesg_begin,
     .end = host_dmesg_end},
    /* Of what is the user's the last, post_command. */
    {.name = "commands on the host",
     .asked_by = command_params,
     .begin = command_begin,
     .end = command_end},
    {.name = "profilers", .asked_by = profile_params, .begin = profile_begin, .end = profile_end},
    /* Before anything that they have open is touched. */
    {.name = "VMs of earlier tests",
     .is_due = keeping_is_due,
     .begin = keeping_begin,
     .end = keeping_end},
    {.name = "images", .asked_by = images_params, .begin = images_begin, .end = images_end},
    {.name = "cloud_init",
     .object = STEP_VM,
     .asked_by = cloud_seed_params,
     .begin = cloud_seed_begin,
     .end = cloud_seed_end},
    {.name = "CD-ROM sums",
     .object = STEP_VM,
     .asked_by = cdrom_sums_params,
     .begin = cdrom_sums_begin},
    /* How hypervisors have ended is known when all have. */
    {.name = "exit status",
     .object = STEP_VM,
     .asked_by = exit_status_params,
     .end = exit_status_end},
    {.name = "core dumps", .object = STEP_VM, .begin = core_dumps_begin, .end = core_dumps_end},
    /* The test has let go of it. */
    {.name = "the way home",
     .object = STEP_VM,
     .asked_by = way_home_params,
     .begin = way_home_begin,
     .end = way_home_end},
    {.name = "ending", .object = STEP_VM, .end = vms_end},
    {.name = "files of the guest",
     .object = STEP_VM,
     .asked_by = extra_dumps_params,
     .end = extra_dumps_end},
    {.name = "looking on",
     .object = STEP_VM,
     .asked_by = onlook_params,
     .begin = onlook_begin,
     .end = onlook_end},
    {.name = "keeping what is known", .object = STEP_VM, .end = remains_end},
    {.name = "starting", .object = STEP_VM, .asked_by = start_params, .begin = start_begin},
    {.name = NULL},
};
