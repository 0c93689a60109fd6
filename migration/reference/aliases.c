/* Names that avocado-vt's documentation used once, or prints beside the current ones. */
#include "migration/params_tables.h"

#define MAP(...) ((const struct param_alias_value[]){__VA_ARGS__, {NULL, NULL}})

const struct param_alias historic_names[] = {
    {.name = "ssh_port", .current = "shell_port"},
    {.name = "ssh_prompt", .current = "shell_prompt"},
    {.name = "use_telnet",
     .current = "shell_client",
     .values = MAP({"yes", "telnet"}, {"no", NULL})},
    {.name = "nic_mode", .current = "nettype", .values = MAP({"tap", "bridge"}, {"user", "user"})},
    {.name = "nic_mac", .current = "mac"},
    {.name = "bridge", .current = "netdst"},
    {.name = "start_vm_for_migration",
     .current = "mig_protocol",
     .values = MAP({"yes", "tcp"}, {"no", NULL})},
    /* Said of the VM that waits there, which is one VM here. */
    {.name = "migration_mode",
     .current = "mig_protocol",
     .values = MAP({"tcp", "tcp"}, {"unix", "unix"}, {"exec", "exec"}, {"fd", "fd"},
                   {"rdma", "rdma"}, {"x-rdma", "x-rdma"}, {"none", NULL})},
    {.name = "driver", .current = "vm_type"},
    {.name = "restart_vm", .current = "kill_vm_before_test"},
    {.name = "short-name", .current = "shortname"},
    {.name = "cmd_shutdown", .current = "shutdown_command"},
    {.name = "cmd_reboot", .current = "reboot_command"},
    {.name = "kill_vm_if_clean", .current = "kill_vm_gracefully"},
    {.name = "md5sum_similar", .current = "md5sum_1m"},
    {.name = "shasum", .current = "sha1sum"},
    {.name = "guest_port_file_tranfer", .current = "guest_port_file_transfer"},
    {.name = "inactivity_threshold", .current = "inactivity_treshold"},
    {.name = "pre_command_non_critical", .current = "pre_command_noncritical"},
    {.name = "maxmem_mem", .current = "maxmem"},
    {.name = "slots_mem", .current = "slots"},
    /* As the other options of a migration are spelt. */
    {.name = "mig_xbzrle", .current = "xbzrle"},
    {.name = "mig_auto_converge", .current = "auto-converge"},
    {.name = "mig_zero_blocks", .current = "zero-blocks"},
    {.name = "postcopy", .current = "mig_postcopy"},
    /* Written by the multi-host tests' own files, which read the other. */
    {.name = "max_downtime", .current = "max_mig_downtime"},
    {.name = "attempts_timeout", .current = "attempt_timeout"},
    {.name = "migration_timeout", .current = "migrate_timeout"},
    {.name = NULL},
};
