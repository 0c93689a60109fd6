/*
 * A virtual machine on this host: one interface, a driver behind it.
 *
 * Life: vm_create() starts the hypervisor with the guest's CPUs stopped; a source is then started
 * by vm_cont(), a destination receives by vm_incoming_fd() or vm_incoming_uri(). vm_destroy() ends
 * it, waits for its end and strikes it from the ledger. Death of the hypervisor is an event
 * (vm_exited) and fails every wait.
 *
 * Calls wait in a fiber with a deadline; errors are of VM_ERROR or SYNC_ERROR.
 */
#pragma once

#include "migration/host.h"
#include "migration/machine/boot.h"
#include "migration/vm/platform.h"
#include "sync/stream.h"

#define GUEST_SSH_PORT 22

struct vm;

struct vm_spec {
    const struct host *host;
    const char *name;            /* "vm1" */
    const struct params *params; /* resolved for this VM */
    const struct vm_platform *platform;
    bool incoming;              /* a destination: waits for vm_incoming_fd() or vm_incoming_uri() */
    const char *incoming_uri;   /* a destination: where its hypervisor listens from its start, for
                                   the vm_incoming_uri() that follows; NULL: when that comes */
    const struct vm_boot *boot; /* what the guest boots from */
    const json_t *machine; /* a destination: what vm_machine() said of the source; NULL: it is as
                              the params say */
};

/* What vm_create() would start, without starting it: {"machine": as machine_to_json(), "words": [of
 * the command line]}. Errors as of vm_create(). Transfer full. */
json_t *vm_show(const struct vm_spec *spec, GError **err);

/*
 * What this host can do with a VM of these params, by the driver that `vm_type` names; where host
 * has no ops, without asking any manager that the driver has. The answer is kept for the life of
 * the process for as long as nothing that it rests on has changed: the hypervisor's program, and
 * the device of its acceleration, which is proven by running a guest with it (kvm_proof.h) unless
 * the params ask for none. Transfer full.
 */
struct vm_offer *vm_offer_probe(const struct host *host, const struct params *params,
                                int64_t deadline, GError **err);

/*
 * Keeps the way to the manager of VMs of these params (libvirt's program) open until
 * vm_reach_close(), so that it is not begun anew with each VM of a test. *reach_out: transfer full;
 * NULL where the driver has no manager. Errors as of vm_create(). The host outlives it.
 */
struct vm_reach;
int vm_reach_open(const struct host *host, const struct params *params, int64_t deadline,
                  struct vm_reach **reach_out, GError **err);
/* Works on a cancelled fiber; VMs that are still there keep it open. NULL is fine. */
void vm_reach_close(struct vm_reach *reach);

/* Transfer full. The process is in the ledger when this returns. */
struct vm *vm_create(const struct vm_spec *spec, int64_t deadline, GError **err);

/*
 * Ends the hypervisor (quit, then SIGKILL after a moment), waits until it is dead, and strikes it
 * from the ledger. Works on a cancelled fiber. Returns -1 only if it does not die: then it stays in
 * the ledger. NULL is fine.
 */
int vm_destroy(struct vm *vm, GError **err);

/* The same. *status_out: how the hypervisor has ended, as of child_await(); 0 too if it had to be
 * killed by us. */
int vm_end(struct vm *vm, int *status_out, GError **err);

const char *vm_name(const struct vm *vm);
const char *vm_driver_name(const struct vm *vm); /* a value of `vm_type` */

/* The socket at which its monitor speaks to people; NULL: there is none. Transfer none. */
const char *vm_user_monitor(const struct vm *vm);

/* From now on the first serial port is at a socket for people, whose path is this; nobody else
 * hears it (QMP chardev-change). */
int vm_give_serial(struct vm *vm, const char *path, int64_t deadline, GError **err);

/* Where its hypervisor leaves a core when it dies of a signal (core_dump.h); NULL: nowhere.
 * Transfer none. */
const char *vm_core_dir(const struct vm *vm);

/* The hypervisor's process: for a script that kills or stops it, and for people. */
pid_t vm_pid(const struct vm *vm);

/* Calls each for what is kept for the VM beside its process, in the ledger or below it: taps,
 * files, other processes. */
typedef void (*vm_owned_fn)(enum owned_kind kind, const char *what, void *arg);
void vm_each_owned(const struct vm *vm, vm_owned_fn each, void *arg);

/* CPU time that the hypervisor's process has used, in ms; -1: not known. One that uses some is not
 * dead, though it may not answer. */
int64_t vm_cpu_ms(const struct vm *vm);

/*
 * Lets go of a VM whose hypervisor is not to be ended yet: what is in the ledger stays there. Frees
 * vm; a process that still runs is killed by that, so call it when the ledger has been cleared.
 * Works without the host that it was made on.
 */
void vm_drop(struct vm *vm);

/*
 * From now on the VM is one of another test on this host: what is logged of it, entered into the
 * ledger and struck out goes there. Files that were made for it stay where they are. UNSUPPORTED if
 * the driver cannot.
 */
int vm_rehost(struct vm *vm, const struct host *host, GError **err);

/* What must live as long as the VM does (the test that its files are in): freed behind it. Transfer
 * full; only the first counts, another is freed at once. */
void vm_set_home(struct vm *vm, void *home, GDestroyNotify leave);

/* Set when the hypervisor's process has ended. */
struct event *vm_exited(struct vm *vm);

/* How it ended, with the tail of its stderr ("QEMU on … was killed by SIGKILL: …"). If the guest
 * ended it, that is said instead. Transfer full. */
GError *vm_death(struct vm *vm);

/* What a guest has done by itself, as the hypervisor tells. */
enum vm_act {
    VM_ACT_NONE,
    VM_ACT_POWERED_OFF,
    VM_ACT_RESET,
    VM_ACT_PANICKED,
    VM_ACT_WATCHDOG, /* its watchdog was not fed */
};

/* Set when the guest has acted, until it is forgotten. */
struct event *vm_acted(struct vm *vm);
enum vm_act vm_act(const struct vm *vm);
void vm_forget_act(struct vm *vm);

/* "guest of vm1 panicked on host1" as VM_ERROR_GUEST with the time of it; NULL if it has done
 * nothing. Transfer full. */
GError *vm_act_error(const struct vm *vm);

/* Set when the guest's CPUs were stopped, by whomever; whoever looks resets it. */
struct event *vm_halted(struct vm *vm);

/* Whether the hypervisor has stopped the guest since it could not go on with it: then that, with
 * its words. 0: it has not. */
int vm_check_sound(struct vm *vm, int64_t deadline, GError **err);

/* Whether the kernel says that the hypervisor's process is stopped (SIGSTOP): then that. */
int vm_check_not_stopped(const struct vm *vm, GError **err);

/* The guest's first serial port. Transfer none. One reader: the guest. */
struct stream *vm_serial(struct vm *vm);

/* The channel to an agent in the guest, where `login_ways` names one (machine/agent.c); NULL: there
 * is none. It stays open as long as the VM, whoever listens in the guest. Transfer none. One
 * reader. */
struct stream *vm_agent(struct vm *vm);

/* Where a TCP port of the guest is reached from this host. */
struct vm_endpoint {
    char address[64]; /* numeric */
    uint16_t port;
};

/*
 * Over the card of that name; NULL: the first over which it is. By a forwarded port where the card
 * is on the user network; on a bridge, at the guest's own address: the one that was given (`ip`),
 * else the one that it was last seen to use (ARP, neighbour discovery), here or before it came.
 * False: not, or not known yet.
 */
bool vm_endpoint(const struct vm *vm, const char *card, uint16_t port, struct vm_endpoint *out);

/* Set when an address of the guest becomes known, or another one; whoever waits resets it. NULL: it
 * has no cards. */
struct event *vm_addresses_changed(struct vm *vm);

/* Frames of a prober that asks nothing (net/prober.h), as they have gone into the taps of this VM's
 * cards: numbered by who sends one every 10 ms. The event is set with each; whoever waits resets
 * it. NULL: the VM has no cards. Transfer none. */
struct vm_probe {
    uint64_t number; /* from 1 */
    int64_t at_us;   /* CLOCK_MONOTONIC */
};
const GArray *vm_probes(const struct vm *vm);
struct event *vm_probed(struct vm *vm);

/* The guest's addresses, {card: address}, for the other end of a migration; and from there, where
 * nothing newer is known. Transfer full. */
json_t *vm_addresses(const struct vm *vm);
void vm_take_addresses(struct vm *vm, const json_t *addresses);

/* QMP cont / stop, and the run state ("running", "paused", "inmigrate", "postmigrate", …). cont
 * refuses a guest that is still inmigrate: QEMU would silently start it at the end of the stream.
 */
int vm_cont(struct vm *vm, int64_t deadline, GError **err);
int vm_stop(struct vm *vm, int64_t deadline, GError **err);
int vm_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err);

/* For people: a picture of the first screen as a file, .ppm or .png (QMP screendump), UNSUPPORTED
 * if the VM has none; and what its monitor says of something (HMP info: "registers -a"), transfer
 * full. */
int vm_screendump(struct vm *vm, const char *path, int64_t deadline, GError **err);
int vm_info(struct vm *vm, const char *what, char **text_out, int64_t deadline, GError **err);

/* The last of what the firmware has printed since the VM began, or since this was last asked (QMP
 * ringbuf-read), as it may be shown. UNSUPPORTED if the VM has no debug console
 * (machine/debugcon.c). Transfer full. */
int vm_firmware_words(struct vm *vm, char **text_out, int64_t deadline, GError **err);

/*
 * What the hypervisor itself says that the machine is: only what is the same in all versions of it
 * for one machine type, so that two ends can be compared. An object of field -> list of strings,
 * sorted: "CPU", "CPUs", "memory", "PCI devices" (of the root buses: those behind a bridge are not
 * seen before the guest has numbered it), "devices" (that were asked for), "drives".
 *
 * cpu: model and flags that were asked for, as in vm_platform. Transfer full.
 */
json_t *vm_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err);

/*
 * Plugs a device into the running machine: all of its parts, or none. spec: what the VM was created
 * of; kind and name as of machine_plug(). COMMAND with the hypervisor's sentence; UNSUPPORTED where
 * the driver does not plug. What the guest makes of it is the guest's affair.
 */
int vm_plug(struct vm *vm, const struct vm_spec *spec, const char *kind, const char *name,
            int64_t deadline, GError **err);

/*
 * Asks the guest to let go of a device, waits until it has (QMP DEVICE_DELETED), and removes what
 * was behind it. A guest that does not let go in time, or refuses (DEVICE_UNPLUG_GUEST_ERROR), is a
 * GUEST error, and the device is there as before.
 */
int vm_unplug(struct vm *vm, const char *kind, const char *name, int64_t deadline, GError **err);

/* Whether the machine has this device now. */
bool vm_has(struct vm *vm, const char *kind, const char *name);

/* Whether the machine is another one than the params say: something was plugged in or out here. */
bool vm_is_changed(const struct vm *vm);

/* The machine as it is now, for the vm_spec of a destination: no paths, no descriptors. Transfer
 * full. */
json_t *vm_machine(struct vm *vm, int64_t deadline, GError **err);

/* How a guest is to be moved, the same for both ends and all drivers. */
struct vm_move {
    GHashTable *capabilities;  /* name -> GINT_TO_POINTER(bool): set and read back */
    uint64_t max_bandwidth;    /* bytes/s; 0: unlimited */
    int64_t downtime_limit_ms; /* -1: the hypervisor's default */
    json_t *parameters;        /* others: name -> value, set and read back; NULL: none */
};

/* One look at a migration (QMP query-migrate). -1: not reported. */
struct vm_move_stats {
    char status[24];
    double total_ms, setup_ms, downtime_ms, expected_downtime_ms;
    int64_t transferred_bytes, remaining_bytes, total_bytes;
    int64_t dirty_syncs, dirty_bytes_per_s;
    int64_t pages_sent_again; /* beyond one time each; -1 also while not all were sent once */
    double bytes_per_s;
    int64_t throttle_percent;  /* by how much the guest is slowed down */
    int64_t xbzrle_pages;      /* sent as what had changed in them */
    int64_t compressed_pages;  /* sent compressed */
    int64_t multifd_bytes;     /* that several connections have carried */
    int64_t switchover_pauses; /* how often it stopped and asked before the switchover */
    int64_t postcopy_bytes;    /* that moved while the guest ran at the destination */
    int64_t postcopy_requests; /* pages that it had to wait for there */
};

/* Either end, before each move: sets capabilities and parameters, and reads them back. */
int vm_prepare_move(struct vm *vm, const struct vm_move *move, int64_t deadline, GError **err);

/* How a stream is encrypted; credentials as QEMU wants them (tls-creds-x509, tls-creds-psk). */
struct vm_tls {
    const char *kind;     /* "x509" or "psk" */
    const char *dir;      /* on this host: ca-cert.pem, {server,client}-{cert,key}.pem; keys.psk */
    bool is_server;       /* the destination */
    const char *hostname; /* source: whom the destination's certificate must name */
    const char *user;     /* psk, source */
};

/* Either end, after vm_prepare_move(). Both ends verify the other. COMMAND, with QEMU's sentence,
 * for credentials that it does not take (missing, expired, of another CA). */
int vm_set_tls(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err);

/* What the hypervisor has printed on its own account, in a line; NULL if nothing. Transfer full. */
char *vm_own_words(struct vm *vm);

/*
 * Destination: receives from a connected socket, which is handed to the hypervisor (QMP getfd,
 * migrate-incoming fd:). fd stays the caller's; shutting it down ends the stream.
 */
int vm_incoming_fd(struct vm *vm, int fd, int64_t deadline, GError **err);

/*
 * Destination: the hypervisor itself listens at the URI (QMP migrate-incoming). *port_out: the port
 * that it reports (query-migrate socket-address), 0 if it has none. What cannot be bound is a
 * COMMAND error that names it.
 */
int vm_incoming_uri(struct vm *vm, const char *uri, uint16_t *port_out, int64_t deadline,
                    GError **err);

/* Source: starts migrating into a connected socket (QMP getfd, migrate fd:), as above. */
int vm_migrate_fd(struct vm *vm, int fd, int64_t deadline, GError **err);

/* Source: the hypervisor itself connects to the URI (QMP migrate). */
int vm_migrate_uri(struct vm *vm, const char *uri, int64_t deadline, GError **err);

/* Before the guest runs: UNSUPPORTED where the VM has what cannot be migrated, or not once the
 * guest uses it, with the hypervisor's own reasons as far as it knows them. */
int vm_check_movable(struct vm *vm, int64_t deadline, GError **err);

/* Source, before a migration: a device or a state that cannot be migrated is a MIGRATION error
 * with the hypervisor's own reasons. */
int vm_check_migratable(struct vm *vm, int64_t deadline, GError **err);

/*
 * Either end: waits for the end of the migration begun by the calls above, by MIGRATION events
 * only. Returns 0 when it completed. MIGRATION error with the hypervisor's reason when it failed or
 * was cancelled; BROKEN when its stream broke in post-copy: then the calls above go on with it over
 * another stream (QMP migrate-recover; migrate with resume). DIED when the hypervisor ended.
 */
int vm_await_migrated(struct vm *vm, int64_t deadline, GError **err);

/* Source: cancels and waits until the hypervisor says cancelled (or failed), or that it completed.
 */
int vm_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err);

/* Statistics; *stats is filled. After completion asks until total and downtime are filled in. */
int vm_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err);

/* The status that the hypervisor last told of its migration (QMP MigrationStatus: "active",
 * "pre-switchover", …), "" before the first. The event is set with each; whoever waits resets it.
 */
const char *vm_move_status(const struct vm *vm);
struct event *vm_move_changed(struct vm *vm);

/* Source: set when it begins another pass over the memory (QMP MIGRATION_PASS); likewise. */
struct event *vm_move_passed(struct vm *vm);

/*
 * Disks that move along (migrate_storage), over NBD. names: of disks, NULL-terminated; those that
 * are not in the machine now are left out. path: of a unix socket.
 *
 * Destination, before the migration: the disks can be written at the socket, each by its name,
 * until they are withdrawn, which has to be before the guest goes on (QMP nbd-server-start,
 * block-export-add, nbd-server-stop). UNSUPPORTED where the driver does not move disks.
 */
int vm_offer_disks(struct vm *vm, const char *const *names, const char *path, int64_t deadline,
                   GError **err);
int vm_withdraw_disks(struct vm *vm, int64_t deadline, GError **err);

/*
 * Source, before the migration: copies the disks to where they are offered, while the guest goes on
 * writing, and returns when the copies have caught up (QMP blockdev-mirror, BLOCK_JOB_READY). The
 * migration that begins then ends the copies when the guest has stopped and before it sends the
 * rest; it must pause there (pause-before-switchover). One that fails, now or until then, is a
 * MIGRATION error, with the hypervisor's sentence. bytes_per_s: limit of each until it has caught
 * up; 0: none.
 */
int vm_mirror_disks(struct vm *vm, const char *const *names, const char *path, uint64_t bytes_per_s,
                    int64_t deadline, GError **err);

/* Whether the disk is in the machine now. */
bool vm_has_disk(const struct vm *vm, const char *name);

/* Source: how much has been copied; -1: not known. */
int64_t vm_mirrored_bytes(const struct vm *vm);

/* Source, when a leg has failed: gives the copies up. The disks here are the VM's as before. */
int vm_release_mirrors(struct vm *vm, int64_t deadline, GError **err);

/*
 * Source, while it migrates (QMP migrate-start-postcopy): stops the guest, which the destination
 * can then start, while the rest of its memory still moves. Cancelling ends a guest that runs
 * there. COMMAND: the hypervisor refused, and nothing has happened.
 */
int vm_start_postcopy(struct vm *vm, int64_t deadline, GError **err);

/* Whether the migration at this end has come to post-copy (MigrationStatus postcopy-active), or to
 * more. */
bool vm_is_postcopy(const struct vm *vm);

/* Source, in post-copy: breaks the stream (QMP migrate-pause); both ends then wait for another. */
int vm_pause_postcopy(struct vm *vm, int64_t deadline, GError **err);

/* Source, while it migrates: bytes a second (0: no limit); the limit of the downtime. */
int vm_set_speed(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err);
int vm_set_downtime(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err);

/*
 * Managed VMs: a manager on the host (libvirtd) makes and ends the hypervisor. One call to the
 * source's manager moves the VM: it has the destination's make the copy there, and ends the
 * source's itself when all has arrived. What is above holds, with these differences.
 *
 * A destination: vm_create() makes no VM. It sees that the manager has none of that name or UUID,
 * and listens for what the VM will connect to: vm_serial() is there from then on. Until the manager
 * makes the VM, vm_pid() is 0, vm_facts() an empty object (managers compare machines themselves),
 * and vm_run_state() "none"; then that is "inmigrate" until all has arrived (libvirt: paused for
 * MIGRATION or STARTING_UP), "paused" when the VM is held, complete (paused for USER), "running".
 * vm_exited() is set when a VM that has been here ends. vm_cont() refuses "none" and "inmigrate",
 * and is done where the VM runs already.
 *
 * A source: when its manager has ended it since all has arrived (LIFECYCLE STOPPED for MIGRATED, or
 * the call has returned success), vm_has_left(): nothing of the guest is here any more, vm_exited()
 * is not set by that, vm_serial() does not end, vm_check_sound() is 0, vm_move_stats() are those of
 * the job that completed, and vm_end() finds nothing to end. A source that has not left runs on
 * after a call that failed, or is "paused".
 *
 * In place of vm_incoming_fd(), vm_migrate_fd() and theirs there are vm_expect() and
 * vm_begin_managed(); disks move by the call, too.
 */
bool vm_is_managed(const struct vm *vm);

/* Whether it is a domain of the user's own (lent.h), and whether it is known how its guest is
 * logged in to, which of any other VM it is. */
bool vm_is_lent(const struct vm *vm);
bool vm_is_reached(const struct vm *vm);

/* Whether the driver of such a VM is one of those; false also if there is no such driver. */
bool vm_params_are_managed(const struct params *params);

/* How the destination's copy comes. */
struct vm_expected {
    bool is_held; /* it stays paused until vm_cont() (VIR_MIGRATE_PAUSED); else the manager starts
                     it */
    bool is_postcopy; /* it may be started before all is here */
};

/*
 * Destination, before each move: from now on the manager's events are of this move, and
 * vm_await_migrated() waits for it: returns 0 when the VM is "paused" and complete where it is
 * held, else when it runs and all is here; MIGRATION with what the manager told when the VM has
 * ended again. vm_move_status() is "setup", then "active" (LIFECYCLE STARTED for MIGRATED),
 * "postcopy-active" (RESUMED for POSTCOPY; vm_is_postcopy() from then on), "postcopy-paused"
 * (POSTCOPY_FAILED), "completed", "failed".
 *
 * Returns what the source's call must be told of this host: {"name", "xml": the domain as it is to
 * be here}. Transfer full.
 */
json_t *vm_expect(struct vm *vm, const struct vm_expected *expected, int64_t deadline,
                  GError **err);

/* The socket on this host at which its manager takes connections; NULL: it is not on this host.
 * Transfer none. */
const char *vm_manager_socket(const struct vm *vm);

/*
 * Source: makes the call (virDomainMigrateToURI3, or virDomainMigrate3 where "peer2peer" is not
 * among the flags), whose end vm_await_migrated() waits for; returns when it has been made, without
 * waiting for that. call: what the helper's domain-migrate takes beside the VM: {"dconnuri", "uri":
 * of the stream, "dest_xml", "flags": ["live", "peer2peer", "paused", ...], "parameters":
 * {"bandwidth": ..., "parallel.connections": ...}, "disks": those that move along, by the VM's
 * names for them}; names without VIR_MIGRATE_ and VIR_MIGRATE_PARAM_, those of libvirt.
 *
 * vm_await_migrated(): the call has returned. 0: success, and vm_has_left(). MIGRATION, with
 * libvirt's sentence: it has failed, and nothing of it goes on; BROKEN if it failed in post-copy:
 * then another call with the flag "postcopy_resume" goes on with it. UNREACHABLE: what became of it
 * is not known, since the manager or the way to it is gone: nobody waits for more.
 * vm_move_status(): "setup", "active" (first ITERATION), "postcopy-active" (SUSPENDED for
 * POSTCOPY), then as the call returned: "completed", "cancelled", "failed", "postcopy-paused".
 * vm_move_passed() by ITERATION, vm_stopped_at_us() by SUSPENDED.
 *
 * vm_migrate_cancel(): aborts the job over the second connection, and waits until the call has
 * returned; at once where there is none, or it has. TIMEOUT when it does not; UNREACHABLE as above.
 */
int vm_begin_managed(struct vm *vm, const json_t *call, int64_t deadline, GError **err);

/* Source: its manager has ended it, for it has moved; see above. */
bool vm_has_left(const struct vm *vm);

/* CLOCK_MONOTONIC in microseconds of the last STOP / RESUME event by the hypervisor's own time
 * stamp; 0: none since a migration last began here. */
int64_t vm_stopped_at_us(const struct vm *vm);
int64_t vm_resumed_at_us(const struct vm *vm);

/* The same of when the migration completed here, as the hypervisor says. */
int64_t vm_completed_at_us(const struct vm *vm);
