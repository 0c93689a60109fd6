/* Which transport, and what only one of them reads. */
#include "migration/params_tables.h"

#define MIGRATION(name_) .name = (name_), .section = "migration"

const struct param_info transport_params[] = {
    {MIGRATION("mig_protocol"), .kind = PARAM_WORD, .fallback = "tcp",
     .values = WORDS("tcp", "unix", "exec", "fd", "file", "rdma", "x-rdma", "managed"),
     .scopes = PARAM_PER_VM,
     .doc = "transport; managed: the hosts' managers move the VM (libvirt), which is what tcp is "
            "there"},
    {MIGRATION("mig_hold"), .kind = PARAM_BOOL, .scopes = PARAM_PER_VM, .example = "no",
     .doc =
         "managed: whether the guest stays paused at the destination until both hosts agree that "
         "it has moved, which costs about 2 s of downtime; no: libvirt starts it by itself, and "
         "that it never runs twice is libvirt's promise; if not set, yes, and no in post-copy"},
    {MIGRATION("mig_guard"), .kind = PARAM_WORD, .fallback = "auto",
     .values = WORDS("auto", "token", "relay", "none"), .scopes = PARAM_PER_VM,
     .doc = "what keeps strangers out of the destination's port: a token that each connection must "
            "say to the node; that, and the nodes relay the bytes (tcp, unix, exec, managed); "
            "nothing, it is the hypervisor's own (tcp, managed). auto: a token where the transport "
            "can do with one connection, else the relay where there is one"},
    {MIGRATION("migration_exec_cmd_src"), .kind = PARAM_STRING, .scopes = PARAM_OF_VM,
     .example = "nc -N {address} {port}",
     .doc =
         "exec: what carries the stream from its stdin to the destination, {address} {port}; the "
         "nodes' relay if not set"},
    {MIGRATION("migration_exec_cmd_dst"), .kind = PARAM_STRING, .scopes = PARAM_OF_VM,
     .example = "nc -l {address} {port}",
     .doc = "exec: what carries it to its stdout at the destination"},
    {MIGRATION("host_mig_offline"), .kind = PARAM_BOOL, .fallback = "no", .scopes = PARAM_PER_VM,
     .doc = "whether exec goes through a file in mig_file_dir: the source has ended before the "
            "destination reads"},
    {MIGRATION("mig_file_dir"), .kind = PARAM_PATH, .scopes = PARAM_OF_VM, .fallback = "/var/tmp",
     .claim = "folder", .doc = "file: the folder for the file, which both hosts must see"},
    {MIGRATION("expected_nic_vendor"), .kind = PARAM_LIST, .scopes = PARAM_OF_VM,
     .example = "IB InfiniBand",
     .doc = "rdma: link layers, one of which a port of each host's RDMA devices must have; any if "
            "not set"},
    {MIGRATION("enable_rdma_pin_all"), .kind = PARAM_STRING, .scopes = PARAM_PER_VM,
     .example = "migrate_set_capability rdma-pin-all on",
     .word_pattern = "^migrate_set_capability (x-)?rdma-pin-all (on|off)$",
     .word_rule = "migrate_set_capability rdma-pin-all on, or off",
     .doc = "rdma: rdma-pin-all, said as a command of QEMU's monitor"},
    {.name = NULL},
};
