/* What the files of the qemu driver share, and no one else. */
#pragma once

#include "migration/vm/port_claim.h"
#include "migration/vm/qemu_process.h"
#include "migration/vm/qemu_shared.h"

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
    struct qemu_tpm *tpm; /* its TPM's emulator; NULL: it has none */
    GHashTable *leaving;  /* id -> struct qemu_leaving, on the stack of who unplugs it */
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

/* qemu_tpm.c: the emulator of its TPM, if the machine has one. Before QEMU starts; the descriptor
 * for that; when it has started; when it has ended. */
int qemu_tpm_start(struct qemu_vm *vm, const struct vm_spec *spec, GError **err);
void qemu_tpm_add_fd(const struct qemu_vm *vm, GArray *fds);
void qemu_tpm_started(struct qemu_vm *vm);
void qemu_tpm_end(struct qemu_vm *vm);
void qemu_tpm_free(struct qemu_vm *vm);
void qemu_tpm_each_owned(const struct vm *base, vm_owned_fn each, void *arg);

/* qemu_mirror.c: disks that move along, by NBD. */
int qemu_offer_disks(struct vm *vm, const char *const *names, const char *path, int64_t deadline,
                     GError **err);
int qemu_withdraw_disks(struct vm *vm, int64_t deadline, GError **err);
int qemu_mirror_disks(struct vm *vm, const char *const *names, const char *path,
                      uint64_t bytes_per_s, int64_t deadline, GError **err);
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
int qemu_plug(struct vm *vm, const struct vm_spec *spec, const char *kind, const char *name,
              int64_t deadline, GError **err);
int qemu_unplug(struct vm *vm, const char *kind, const char *name, int64_t deadline, GError **err);
/* DEVICE_DELETED, or that the guest keeps it. */
void qemu_plug_on_left(struct qemu_vm *vm, const json_t *data, bool is_kept);

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
