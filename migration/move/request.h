/* What a test's params ask of a VM's migrations, or of one of them (asked.h): the same on both
 * ends. */
#pragma once

#include "migration/vm/vm.h"

struct transport;

enum move_end { MOVE_SOURCE, MOVE_DESTINATION, MOVE_ENDS };

/* network_gap: NO; the guest is asked over the network; and asks by itself, too; it is told what it
 * does not hear, and says nothing. */
enum network_gap { NETWORK_GAP_NO, NETWORK_GAP_YES, NETWORK_GAP_BOTH, NETWORK_GAP_SILENT };

struct move_request {
    struct params *params;   /* what all of this was read from */
    struct params *asked;    /* of that, what was asked for one migration alone; NULL: nothing */
    const char *protocol;    /* mig_protocol */
    const char *guard;       /* mig_guard */
    bool listens_from_start; /* qemu_force_use_static_incoming_expression */
    const struct transport *transport;
    unsigned traits; /* the transport's (enum transport_trait), with these params */
    bool offline;    /* mig_offline: the guest is stopped during the move */
    bool holds;      /* mig_hold, not in post-copy: what a manager moves is started by the node */
    int64_t timeout_ms; /* mig_timeout, migrate_timeout: for the whole leg */
    int64_t stall_ms;   /* mig_stall_timeout */
    int64_t login_ms;   /* login_timeout: boot and login */
    bool pauses;        /* paused_after_start_vm: until it is to move */
    bool boots;         /* that, or start_migration_timeout: nobody waits until it is up */
    int64_t start_low_ms, start_high_ms; /* start_migration_timeout: between these */
    const char *address;   /* mig_address of this host, or NULL: the one the coordinator reached */
    const char *interface; /* mig_interface: whose address it is, or NULL */
    uint16_t port_low, port_high; /* mig_port; 0, 0: any */
    int64_t min_dirty_syncs;      /* min_dirty_syncs: fewer make the test a WARN */
    int64_t dirty_rounds; /* dirty_rounds: the guest writes all it has so often before a leg */
    int64_t work_ms;      /* for the guest's work to begin and to have written so often */
    const char *tls;      /* mig_tls: "x509" or "psk"; NULL: the stream is not encrypted */
    const char *tls_dir, *tls_hostname, *tls_user;
    bool prepare_ahead; /* prepare_ahead: the next destination starts before its leg */
    GArray *postcopy;   /* mig_postcopy: the script of its switch; NULL: none is asked for */
    bool recovers;      /* mig_postcopy_recover */
    enum network_gap network_gap;
    const char *client; /* who asks then: a host that has no part in the test; NULL: one of these */
    GStrv disks;        /* images that move along (migrate_storage); empty or NULL: none */
    bool compares_disks;            /* migrate_storage_compare */
    unsigned retries;               /* mig_retry: attempts beyond the first */
    GArray *script;                 /* mig_script, cancel_delay: what happens meanwhile; or NULL */
    unsigned expected_ends;         /* mig_expect, as bits of LegEnd */
    unsigned expected_survivors;    /* mig_expect_survivor, as bits of Survivor; 0: the usual */
    json_t *options;                /* options.h */
    struct vm_move move[MOVE_ENDS]; /* what each end sets; by the names that the VM's hypervisor
                                       here has once that is known (agree.h) */
};

/* params: of one VM, resolved for this host. Free with move_request_clear(), also after an
 * error. */
int move_request_read(struct move_request *request, struct params *params, GError **err);
void move_request_clear(struct move_request *request);

/* Whether some of the VM's disks move along, whoever copies them. */
bool move_request_moves_disks(const struct move_request *request);
