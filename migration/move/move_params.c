/* How a VM moves: read by request.c. */
#include "migration/move/script_pattern.h"
#include "migration/params_tables.h"

#define MIGRATION(name_) .name = (name_), .section = "migration"

const struct param_info move_params[] = {
    {MIGRATION("mig_timeout"), .kind = PARAM_DURATION, .fallback = "480", .scopes = PARAM_PER_VM,
     .doc = "limit of one migration; without progress for mig_stall_timeout it has failed, too"},
    {MIGRATION("migrate_timeout"), .kind = PARAM_DURATION, .scopes = PARAM_PER_VM, .example = "240",
     .doc =
         "limit of one leg for tests that say it twice: the shorter of it and mig_timeout counts"},
    {MIGRATION("mig_stall_timeout"), .kind = PARAM_DURATION, .fallback = "10",
     .scopes = PARAM_PER_VM, .doc = "without progress for so long, the leg has failed"},
    {MIGRATION("mig_port"), .kind = PARAM_PORTS, .fallback = "0", .scopes = PARAM_OF_VM,
     .claim = "ports", .doc = "port of the destination, or a range as 5200-5899; 0: any"},
    {MIGRATION("qemu_force_use_static_incoming_expression"), .kind = PARAM_BOOL, .fallback = "no",
     .scopes = PARAM_PER_VM,
     .doc = "whether the destination's command line names the address (-incoming tcp:...), at "
            "which QEMU listens from its start; over tcp with mig_guard = none only"},
    {MIGRATION("mig_address"), .kind = PARAM_ADDRESS, .scopes = PARAM_OF_VM, .example = "192.0.2.2",
     .doc = "address of the destination; without it the one that vtmh has reached it by"},
    {MIGRATION("mig_interface"), .kind = PARAM_STRING, .scopes = PARAM_OF_VM, .example = "eth1",
     .doc = "network interface of the destination whose address that is; mig_address wins"},
    {MIGRATION("mig_speed"), .kind = PARAM_SIZE, .fallback = "0", .unit = MIB,
     .scopes = PARAM_OF_VM, .doc = "limit of the bandwidth, in MiB/s; 0: none"},
    {MIGRATION("dirty_rounds"), .kind = PARAM_INT, .fallback = "1", .min = 0, .max = 1000,
     .scopes = PARAM_OF_VM, .doc = "how often the guest writes all of dirty_mem before each leg"},
    {MIGRATION("min_dirty_syncs"), .kind = PARAM_INT, .fallback = "0", .min = 0, .max = 1000,
     .scopes = PARAM_OF_VM,
     .doc = "a leg with fewer dirty syncs is a warning, since it proves little about lost pages"},
    {MIGRATION("mig_downtime"), .kind = PARAM_DURATION, .scopes = PARAM_OF_VM, .example = "300ms",
     .doc = "how long the guest may stand still; without it the hypervisor's own limit"},
    {MIGRATION("mig_expect"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "cancelled",
     .word_pattern = "^(completed|cancelled|refused|failed|uncertain)$",
     .word_rule = "an end of a leg: completed, cancelled, refused, failed, uncertain",
     .doc = "how a leg may end; completed if not set, or what cancel_delay makes of it"},
    {MIGRATION("mig_expect_survivor"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM,
     .example = "source", .word_pattern = "^(source|destination|none|uncertain)$",
     .word_rule = "where a guest can be: source, destination, none, uncertain",
     .doc = "where the guest may be after a leg; if not set, the destination after one that "
            "completes, uncertain after one that is that, else the source"},
    {MIGRATION("mig_retry"), .kind = PARAM_INT, .fallback = "0", .min = 0, .max = 254,
     .scopes = PARAM_PER_VM,
     .doc = "how often a leg is tried again that left the guest on its source"},
    {MIGRATION("mig_script"), .kind = PARAM_STRING, .scopes = PARAM_PER_VM,
     .example = "1s speed 10M; 50% downtime 500ms", .word_pattern = SCRIPT_PATTERN,
     .word_rule = "a script: WHEN WHAT; …, as in '1s speed 10M; 50% cancel' (N% and Nsyncs are "
                  "known to the source alone)",
     .doc = "what happens while the VM moves: steps of when (1s, 50%, 2syncs, active) and what "
            "(cancel, speed SIZE, downtime TIME, pause, resume, postcopy, cut, kill, freeze or "
            "thaw source or destination); docs/transports.md"},
    {MIGRATION("cancel_delay"), .kind = PARAM_DURATION, .scopes = PARAM_PER_VM, .example = "2",
     .doc = "the source calls the leg off so long after its stream has begun; of several attempts "
            "(mig_retry) all but the last"},
    {MIGRATION("mig_offline"), .kind = PARAM_BOOL, .fallback = "no", .scopes = PARAM_PER_VM,
     .doc = "whether the guest is stopped before the migration"},
    {MIGRATION("prepare_ahead"), .kind = PARAM_BOOL, .fallback = "no", .scopes = PARAM_PER_VM,
     .doc =
         "whether the hypervisor of the next leg's destination starts while the guest is checked "
         "after a leg, so that the next one need not wait for it"},
    {MIGRATION("network_gap"), .kind = PARAM_WORD, .fallback = "no",
     .values = WORDS("no", "yes", "both", "silent"), .scopes = PARAM_PER_VM,
     .doc =
         "whether each leg tells for how long a guest on a bridge is away from the network. yes: "
         "it is asked all the time (ICMP, each 10 ms), and what counts is its answers; both: it "
         "asks as well, and that is measured, too; silent: it is sent frames that it takes no "
         "notice of, and what counts is that they come to its tap: a guest that says nothing is "
         "found again only if its move is announced. Who asks is a host of the test that is "
         "neither end of the leg, else the destination; or client"},
    {MIGRATION("client"), .kind = PARAM_STRING, .only_with = WORDS("network_gap"),
     .word_pattern = "^[^ ,]+$", .word_rule = "one host, as in -m, or controller",
     .example = "user@192.0.2.9:2222",
     .doc =
         "host outside of the test that asks a guest over the network (network_gap): a node is put "
         "there as on hosts of the test, of which it needs CAP_NET_RAW alone; controller: the "
         "computer that vtmh runs on"},
    {.name = NULL},
};
