/* What the rows of the table are made of: for table.c and the tests of the steps. */
#pragma once

#include "migration/scenario/process/step.h"

/* host_dmesg.c: the host's kernel has nothing to complain of. */
extern const char *const host_dmesg_params[];
int host_dmesg_begin(struct step_on *on, GError **err);
int host_dmesg_end(struct step_on *on, GError **err);

/* exit_status.c: hypervisors have ended in order. */
extern const char *const exit_status_params[];
int exit_status_end(struct step_on *on, GError **err);

/* core_dumps.c: what a hypervisor that died of a signal was doing. */
int core_dumps_begin(struct step_on *on, GError **err);
int core_dumps_end(struct step_on *on, GError **err);

/* Keeps what there is to be kept of a VM that has ended with this status (vm_end()) and ran in the
 * folder. params: the VM's. */
void core_dumps_look(const struct step_on *on, const char *vm, const struct params *params,
                     const char *folder, int status);

/* extra_dumps.c: files of the guest's are kept. */
extern const char *const extra_dumps_params[];
int extra_dumps_end(struct step_on *on, GError **err);

/* way_home.c: a domain of the user's own is where it was before the test. */
extern const char *const way_home_params[];
int way_home_begin(struct step_on *on, GError **err);
int way_home_end(struct step_on *on, GError **err);

/* vms.c: VMs that the test has left are ended. */
int vms_end(struct step_on *on, GError **err);

/* Shuts the guest down in order, as its params say, since the parameter asks for it; whatever comes
 * of that is a note. -1: cancelled. ends_by: as of struct step_on. */
int vms_shut_down(struct seat *seat, const struct params *params, const char *parameter,
                  int64_t ends_by, GError **err);

/* keeping.c: VMs that live on from earlier tests: the test goes on with them, or they are ended. */
bool keeping_is_due(const struct test *test);
int keeping_begin(struct step_on *on, GError **err);
int keeping_end(struct step_on *on, GError **err);

/* keep.c: whether the VM here lives on behind its test from now on, as its params want; else it is
 * to be ended. */
bool keep_vm(const struct step_on *on);

/* start.c: VMs that are to run before the test begins. */
extern const char *const start_params[];
int start_begin(struct step_on *on, GError **err);

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
