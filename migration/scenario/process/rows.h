/* What the rows of the table are made of: for table.c and the tests of the steps. */
#pragma once

#include "migration/scenario/process/step.h"

/* vms.c: VMs that the test has left are ended. */
int vms_end(struct step_on *on, GError **err);

/* remains.c: after a failure, what can be said of a VM is kept before it is ended. */
int remains_end(struct step_on *on, GError **err);

/* onlook.c: regular pictures, and what the monitor says, while the test runs. */
extern const char *const onlook_params[];
int onlook_begin(struct step_on *on, GError **err);
int onlook_end(struct step_on *on, GError **err);

/* cloud_seed.c: what a cloud image is told at its first boot. */
extern const char *const cloud_seed_params[];
int cloud_seed_begin(struct step_on *on, GError **err);
int cloud_seed_end(struct step_on *on, GError **err);

/* cdrom_sums.c: what is in the CD-ROM drives is what it should be. */
extern const char *const cdrom_sums_params[];
int cdrom_sums_begin(struct step_on *on, GError **err);

/* profile.c: profilers run while the test does. */
extern const char *const profile_params[];
int profile_begin(struct step_on *on, GError **err);
int profile_end(struct step_on *on, GError **err);

/* command.c: pre_command before the test, post_command after it. */
extern const char *const command_params[];
int command_begin(struct step_on *on, GError **err);
int command_end(struct step_on *on, GError **err);

/* images.c: images are made before the test, and checked after it. */
extern const char *const images_params[];
int images_begin(struct step_on *on, GError **err);
int images_end(struct step_on *on, GError **err);
