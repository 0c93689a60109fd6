/* What the files of the qemu driver share, and no one else. */
#pragma once

#include "migration/vm/driver.h"
#include "migration/vm/net.h"
#include "migration/vm/port_claim.h"
#include "migration/vm/qemu_process.h"

/* Where a migration of this QEMU is, as its MIGRATION events say. */
enum qemu_phase {
    QEMU_MIGRATION_NONE,   /* none was asked for */
    QEMU_MIGRATION_ASKED,  /* a command is under way; events until `setup` are of an earlier one */
    QEMU_MIGRATION_RUNS,   /* from `setup` on */
    QEMU_MIGRATION_BROKEN, /* post-copy without a stream: it waits for another */
    QEMU_MIGRATION_ENDED,  /* completed, failed or cancelled: `status` says which */
};

struct qemu_migration {
    enum qemu_phase phase;
    bool is_incoming;
    bool listens;       /* at the address of its command line: it need not be told */
    bool is_called_off; /* it was cancelled */
    char status[24];
    struct event ended;
    struct event paused; /* it waits for migrate-continue */
    unsigned pauses;     /* how often it has */
    json_t *defaults;    /* QEMU's own migration parameters; NULL: not asked yet */
    json_t *were_set;    /* parameters that a move has changed; NULL: none */
};

/* Its disks' copies to a destination (qemu_mirror.c). */
struct qemu_mirrors {
    GPtrArray *list; /* NULL: there are none */
    unsigned number; /* of all there have been */
    bool are_ending;
    struct event changed, failed;
};

struct qemu_vm {
    struct vm base; /* first */
    struct qemu_process *process;
    struct port_claim *screen;         /* of its SPICE server; NULL: it has none */
    struct port_claim *screen_tls;     /* the same by TLS */
    struct qemu_tpm *tpm;              /* its TPM's emulator; NULL: it has none */
    bool has_debugcon, keeps_debugcon; /* keeps: what is printed there goes to the test's files */
    struct device *board;              /* the machine as it is now; NULL: it has not been started */
    GHashTable *leaving;            /* id -> struct qemu_leaving, on the stack of who unplugs it */
    struct qemu_monitors *monitors; /* beside the process's own; NULL: not prepared yet */
    struct qemu_migration migration;
    struct qemu_mirrors mirrors;
};

static inline struct qemu_vm *qemu_vm(struct vm *vm)
{
    return (struct qemu_vm *)vm;
}

/* A command to this VM's QEMU without a descriptor. arguments: transfer full. */
int qemu_command(struct qemu_vm *vm, const char *name, json_t *arguments, int64_t deadline,
                 json_t **reply_out, GError **err);

/* qemu_offer.c */
struct vm_offer *qemu_offer(const struct params *params, int64_t deadline, GError **err);

/* qemu_beside.c: what a host does beside a VM's QEMU: makes its files, binds its threads to the
 * node that they are to be on, says where screen and serial lines are found, keeps what the debug
 * console said. Before it starts, when it runs, before it ends, and when it has ended. */
int qemu_beside_prepare(struct qemu_vm *vm, const struct device *board, int64_t deadline,
                        GError **err);
int qemu_beside_begin(struct qemu_vm *vm, const struct vm_spec *spec, const struct device *board,
                      int64_t deadline, GError **err);
void qemu_beside_end(struct qemu_vm *vm);
int qemu_firmware_words(struct vm *vm, char **text_out, int64_t deadline, GError **err);
void qemu_beside_clear(struct qemu_vm *vm);
/* A file or socket that is this VM's alone: in the ledger before it is there, gone when it ends. */
int qemu_own_file(struct qemu_vm *vm, const char *path, GError **err);

/* qemu_chardev.c: "127.0.0.1:5001", where QEMU listens for TCP as query-chardev says of a chardev
 * (place: in one answer; NULL: it does not). Transfer full. */
char *qemu_chardev_place(const char *filename);
int qemu_listens_at(struct qemu_vm *vm, const char *label, char **where_out, int64_t deadline,
                    GError **err);

/* qemu_monitors.c: the VM's monitors. Before QEMU starts, what they add to its words (argv and
 * result: transfer full) and descriptors, when it runs: connects and tries them. */
int qemu_monitors_prepare(struct qemu_vm *vm, const struct vm_spec *spec, GError **err);
GStrv qemu_monitors_add_words(const struct qemu_vm *vm, GStrv argv);
void qemu_monitors_add_fds(const struct qemu_vm *vm, GArray *fds);
int qemu_monitors_begin(struct qemu_vm *vm, const struct vm_spec *spec, int64_t deadline,
                        GError **err);
int qemu_monitors_log_to(struct qemu_vm *vm, const struct host *host, GError **err);
void qemu_monitors_free(struct qemu_vm *vm);
/* By the main one; the others by that for what looks on beside the test (`catch_monitor`). */
int qemu_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err);
int qemu_screendump(struct vm *vm, const char *path, int64_t deadline, GError **err);
int qemu_info(struct vm *vm, const char *what, char **text_out, int64_t deadline, GError **err);

/* qemu_tpm.c: the emulator of its TPM, if the machine has one. Before QEMU starts; the descriptor
 * for that; when it has started; when it has ended. */
int qemu_tpm_start(struct qemu_vm *vm, const struct vm_spec *spec, GError **err);
void qemu_tpm_add_fd(const struct qemu_vm *vm, GArray *fds);
void qemu_tpm_started(struct qemu_vm *vm);
void qemu_tpm_end(struct qemu_vm *vm);
void qemu_tpm_free(struct qemu_vm *vm);
void qemu_tpm_each_owned(const struct vm *base, vm_owned_fn each, void *arg);

/* qemu_movable.c */
int qemu_check_movable(struct vm *vm, int64_t deadline, GError **err);
int qemu_check_migratable(struct vm *vm, int64_t deadline, GError **err);

/* qemu_mirror.c: disks that move along, by NBD. */
int qemu_offer_disks(struct vm *vm, const char *const *names, const char *path, int64_t deadline,
                     GError **err);
int qemu_withdraw_disks(struct vm *vm, int64_t deadline, GError **err);
int qemu_mirror_disks(struct vm *vm, const char *const *names, const char *path,
                      uint64_t bytes_per_s, int64_t deadline, GError **err);
bool qemu_has_disk(const struct vm *vm, const char *name);
int64_t qemu_mirrored_bytes(const struct vm *vm);
int qemu_release_mirrors(struct vm *vm, int64_t deadline, GError **err);
void qemu_mirror_on_job(struct qemu_vm *vm, const char *event, const json_t *data);
/* When the guest has been stopped: ends the copies, which then have to be whole. 0 also where there
 * are none. */
int qemu_mirrors_finish(struct qemu_vm *vm, int64_t deadline, GError **err);
/* Why one of them has failed; 0: none has. */
int qemu_mirror_error(struct qemu_vm *vm, GError **err);
void qemu_mirrors_clear(struct qemu_vm *vm);

/* qemu_move.c */
void qemu_move_on_status(struct qemu_vm *vm, const char *status, int64_t time_us);
char *qemu_own_words(struct vm *vm);
int qemu_incoming_fd(struct vm *vm, int fd, int64_t deadline, GError **err);
int qemu_incoming_uri(struct vm *vm, const char *uri, uint16_t *port_out, int64_t deadline,
                      GError **err);
int qemu_migrate_fd(struct vm *vm, int fd, int64_t deadline, GError **err);
int qemu_migrate_uri(struct vm *vm, const char *uri, int64_t deadline, GError **err);
int qemu_start_postcopy(struct vm *vm, int64_t deadline, GError **err);
int qemu_pause_postcopy(struct vm *vm, int64_t deadline, GError **err);
int qemu_await_migrated(struct vm *vm, int64_t deadline, GError **err);
int qemu_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err);

/* qemu_plug.c */
/* vm: NULL: none is started. */
struct machine_spec qemu_machine_spec(const struct vm_spec *spec, const struct qemu_vm *vm);
int qemu_plug(struct vm *vm, const struct vm_spec *spec, const char *kind, const char *name,
              int64_t deadline, GError **err);
int qemu_unplug(struct vm *vm, const char *kind, const char *name, int64_t deadline, GError **err);
bool qemu_has(struct vm *vm, const char *kind, const char *name);
json_t *qemu_machine(struct vm *vm, int64_t deadline, GError **err);
/* DEVICE_DELETED, or that the guest keeps it. */
void qemu_plug_on_left(struct qemu_vm *vm, const json_t *data, bool is_kept);

/* qemu_place.c: where the hypervisor has room for a device that is to come, and where all that came
 * is: their places. */
int qemu_place_new(struct qemu_vm *vm, struct device *device, int64_t deadline, GError **err);
int qemu_take_places(struct qemu_vm *vm, int64_t deadline, GError **err);

/* qemu_settings.c */
/* Sets migration parameters of this move alone, and reads them back. wanted: transfer full. */
int qemu_set_parameters(struct qemu_vm *vm, json_t *wanted, int64_t deadline, GError **err);
int qemu_prepare_move(struct vm *vm, const struct vm_move *move, int64_t deadline, GError **err);
int qemu_set_speed(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err);
int qemu_set_downtime(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err);

/* qemu_tls.c */
int qemu_set_tls(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err);

/* qemu_stats.c */
void qemu_stats_fill(struct vm_move_stats *stats, const json_t *query_migrate);
int qemu_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err);

/* qemu_facts.c; the lines of one answer, for tests. Transfer full. */
json_t *qemu_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err);
json_t *qemu_facts_devices(struct qemu_vm *vm, int64_t deadline, GError **err); /* by asking */
json_t *qemu_facts_pci(const json_t *query_pci);
json_t *qemu_facts_drives(const json_t *query_block);

/* qemu_forward.c: finds, or takes, the ports of the host that the machine's cards forward, and
 * tells the VM's network (net.h). START where none of the range is free. */
int qemu_find_forwards(struct qemu_vm *vm, const struct device *board, int64_t deadline,
                       GError **err);

/* The host port that HMP `info usernet` shows as forwarded to a guest's port; 0: none. */
uint16_t qemu_usernet_port(const char *text, uint16_t guest_port);
