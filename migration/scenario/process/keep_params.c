/* Which VMs there are before a test, and behind it: read by keep.c, keeping.c, start.c and vms.c.
 */
#include "migration/params_tables.h"

#define KEEP(name_) .name = (name_), .section = "before and after the test"
#define OF_VM(name_) KEEP(name_), .kind = PARAM_BOOL, .scopes = PARAM_OF_VM
#define OF_TEST(name_) KEEP(name_), .kind = PARAM_BOOL, .scopes = PARAM_PER_HOST

const struct param_info keep_params[] = {
    {OF_VM("start_vm"), .fallback = "no",
     .doc =
         "whether the VM is started on the first host before the test begins; else it starts when "
         "the test type first wants it"},
    {OF_VM("keep_vms_after_test"), .fallback = "no",
     .doc =
         "whether the VM lives on behind a test that passed, until a later test on its host goes "
         "on with it or ends it, or the job ends"},
    {OF_VM("kill_vm"), .fallback = "yes",
     .doc = "whether the VM is ended after the test: no is overridden, with a note, since the test "
            "is one of several hosts; keep_vms_after_test is what keeps it"},
    {OF_VM("kill_unresponsive_vms"), .fallback = "yes",
     .doc = "whether a VM whose guest does not answer (login_timeout, at most 240 s) is ended "
            "instead of kept"},
    {OF_VM("kill_vm_before_test"), .fallback = "no",
     .doc = "whether a VM that an earlier test has kept is ended and started anew"},
    {OF_VM("force_remove_vm"), .fallback = "no",
     .doc = "the same: a VM is defined nowhere but by its process"},
    {OF_VM("check_vm_needs_restart"), .fallback = "yes",
     .doc = "whether a kept VM is started anew if its command line would be another; no: the test "
            "goes on with it as it is, and to move it may need migration_sync_vms = yes"},
    {OF_TEST("check_vm_before_migration"), .fallback = "yes",
     .doc = "no: as check_vm_needs_restart = no, for all VMs"},
    {OF_TEST("keep_unrequested_vms"), .fallback = "no",
     .doc = "whether kept VMs that vms does not name live on"},
    {OF_TEST("kill_unrequested_vms_gracefully"), .fallback = "yes",
     .doc = "whether those that do not are shut down by the shutdown_command of their own test"},
    {KEEP("env"), .kind = PARAM_STRING, .scopes = PARAM_OF_VM, .fallback = "env",
     .doc =
         "environment that kept VMs belong to: a test neither goes on with those of another, nor "
         "ends them, but for one of a name of its own"},
    {OF_TEST("env_cleanup"), .fallback = "no",
     .doc = "whether no VM of the environment is kept behind this test"},
    {OF_TEST("not_preprocess"), .fallback = "no",
     .doc = "whether, on this host, no VM is started and no image made before the test"},
    {KEEP("migration_bg_kill_command"), .kind = PARAM_STRING, .scopes = PARAM_OF_VM,
     .only_with = WORDS("migration_bg_command"), .example = "pkill sleep",
     .doc =
         "run in the guest after the test, to end migration_bg_command; its exit status is of no "
         "interest"},
    {.name = NULL},
};
