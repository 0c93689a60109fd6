/* What a hypervisor driver provides: the calls of vm.h, behind one table. */
#pragma once

#include "migration/vm/vm.h"

/* Of a driver whose VMs a manager runs: the calls of vm.h of these names (vm_is_managed()). */
struct vm_manager {
    json_t *(*expect)(struct vm *vm, const struct vm_expected *expected, int64_t deadline,
                      GError **err);
    const char *(*socket)(const struct vm *vm);
    int (*begin)(struct vm *vm, const json_t *call, int64_t deadline, GError **err);
};

struct vm_driver {
    const char *name; /* the value of `vm_type` */

    /* What vm_offer_probe() is. */
    struct vm_offer *(*offer)(const struct host *host, const struct params *params,
                              int64_t deadline, GError **err);

    /* vm_reach_open(), vm_reach_close(). NULL: there is no manager. */
    void *(*reach)(const struct host *host, const struct params *params, int64_t deadline,
                   GError **err);
    void (*part)(void *reached);

    json_t *(*show)(const struct vm_spec *spec, GError **err);
    struct vm *(*create)(const struct vm_spec *spec, int64_t deadline, GError **err);
    /* Frees vm in any case. *status_out (0 before): see vm_end(). */
    int (*destroy)(struct vm *vm, int *status_out, GError **err);
    void (*drop)(struct vm *vm);
    int (*rehost)(struct vm *vm, const struct host *host, GError **err); /* NULL: it cannot */
    struct event *(*exited)(struct vm *vm);
    GError *(*death)(struct vm *vm);

    /* As vm_each_owned(), beside taps and files. NULL: there is nothing. */
    void (*each_owned)(const struct vm *vm, vm_owned_fn each, void *arg);

    int (*ask)(struct vm *vm, const char *name, json_t *arguments, int64_t deadline,
               json_t **reply_out, GError **err); /* vm_ask() */
    int (*cont)(struct vm *vm, int64_t deadline, GError **err);
    int (*stop)(struct vm *vm, int64_t deadline, GError **err);
    int (*run_state)(struct vm *vm, char **state_out, int64_t deadline, GError **err);
    /* NULL: it cannot. */
    int (*screendump)(struct vm *vm, const char *path, int64_t deadline, GError **err);
    int (*firmware_words)(struct vm *vm, char **text_out, int64_t deadline, GError **err);
    int (*give_serial)(struct vm *vm, const char *path, int64_t deadline, GError **err);
    int (*info)(struct vm *vm, const char *what, char **text_out, int64_t deadline, GError **err);
    json_t *(*facts)(struct vm *vm, const char *cpu, int64_t deadline, GError **err);

    /* NULL: nothing is plugged. */
    int (*plug)(struct vm *vm, const struct vm_spec *spec, const char *kind, const char *name,
                int64_t deadline, GError **err);
    int (*unplug)(struct vm *vm, const char *kind, const char *name, int64_t deadline,
                  GError **err);
    bool (*has)(struct vm *vm, const char *kind, const char *name); /* as plug */
    json_t *(*machine)(struct vm *vm, int64_t deadline, GError **err);

    int (*check_sound)(struct vm *vm, int64_t deadline, GError **err);
    int (*check_movable)(struct vm *vm, int64_t deadline, GError **err); /* NULL: all are */
    int (*check_migratable)(struct vm *vm, int64_t deadline, GError **err);
    int (*prepare_move)(struct vm *vm, const struct vm_move *move, int64_t deadline, GError **err);
    int (*set_tls)(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err);
    char *(*own_words)(struct vm *vm);
    int (*incoming_fd)(struct vm *vm, int fd, int64_t deadline, GError **err);
    int (*incoming_uri)(struct vm *vm, const char *uri, uint16_t *port_out, int64_t deadline,
                        GError **err);
    int (*migrate_fd)(struct vm *vm, int fd, int64_t deadline, GError **err);
    int (*migrate_uri)(struct vm *vm, const char *uri, int64_t deadline, GError **err);
    int (*set_speed)(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err);
    int (*set_downtime)(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err);
    /* NULL, all of them: no disk moves along. */
    int (*offer_disks)(struct vm *vm, const char *const *names, const char *path, int64_t deadline,
                       GError **err);
    int (*withdraw_disks)(struct vm *vm, int64_t deadline, GError **err);
    int (*mirror_disks)(struct vm *vm, const char *const *names, const char *path,
                        uint64_t bytes_per_s, int64_t deadline, GError **err);
    bool (*has_disk)(const struct vm *vm, const char *name);
    int64_t (*mirrored_bytes)(const struct vm *vm);
    int (*release_mirrors)(struct vm *vm, int64_t deadline, GError **err);
    int (*start_postcopy)(struct vm *vm, int64_t deadline, GError **err);
    int (*pause_postcopy)(struct vm *vm, int64_t deadline, GError **err);
    int (*await_migrated)(struct vm *vm, int64_t deadline, GError **err);
    int (*migrate_cancel)(struct vm *vm, bool *completed_out, int64_t deadline, GError **err);
    int (*move_stats)(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err);

    const struct vm_manager *manager; /* NULL: the driver runs its hypervisors itself */
};

extern const struct vm_driver qemu_driver, libvirt_driver;

/*
 * A QMP command to the QEMU behind a VM, by whatever way the driver has to it. arguments: transfer
 * full, also on failure; *reply_out: as of qmp_command(). COMMAND when QEMU refuses; DIED, or what
 * the guest did, when it has ended.
 */
int vm_ask(struct vm *vm, const char *name, json_t *arguments, int64_t deadline, json_t **reply_out,
           GError **err);

/* NULL if there is none of that name. */
const struct vm_driver *vm_driver_find(const char *name);

/* vm_set_home() */
struct vm_home {
    void *what;
    GDestroyNotify leave; /* NULL: there is none */
};

/* The part that every driver's VM begins with. The driver fills it in. */
struct vm {
    const struct vm_driver *driver;
    const struct host *host;
    char *name;
    char *user_monitor; /* NULL: none */
    pid_t pid;
    struct stream *serial;
    struct stream *agent; /* NULL: there is no channel to an agent */
    bool is_changed;      /* vm_is_changed() */
    struct vm_net *net;   /* what its cards are connected to; NULL: nothing */
    struct vm_home home;
    struct device *board;           /* the machine as it is now; NULL: it has not been built */
    struct qemu_monitors *monitors; /* beside the driver's own (qemu_monitors.c); NULL: none */
    struct port_claim *screen;      /* of its SPICE server; NULL: it has none */
    struct port_claim *screen_tls;  /* the same by TLS */
    bool keeps_debugcon;            /* what is printed there goes to the test's files */
    char *core_dir;                 /* it runs in; NULL: it leaves no core */
    GPtrArray *files; /* char *: made for this VM alone, gone with it; in the ledger; or NULL */
    int64_t stopped_at_us, resumed_at_us, completed_at_us;
    char move_status[24];
    bool is_postcopy; /* the migration has been there */
    bool is_lent;     /* vm_is_lent() */
    char *address;    /* of a lent one's guest; NULL: not known */
    bool has_left;    /* vm_has_left(); a new move begins without */
    struct event move_changed, move_passed;
    struct event halted;
    struct event acted;
    enum vm_act act;
    int64_t acted_at_us;
};
