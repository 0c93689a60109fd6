/*
 * What a driver asks of the QEMU behind a VM, and does beside it, whoever has started that QEMU:
 * all questions are put by vm_ask(). For drivers alone.
 */
#pragma once

#include "migration/vm/driver.h"
#include "migration/vm/net.h"

/* qemu_offer.c */
struct vm_offer *qemu_offer(const struct params *params, int64_t deadline, GError **err);

/* qemu_machine.c */
/* What a machine of that spec is built from; vm: NULL: none is started. */
struct machine_spec qemu_machine_spec(const struct vm_spec *spec, const struct vm *vm);
/* The machine: as the params say, or at a destination as the source has it. Transfer full. */
struct device *qemu_machine_of(const struct vm_spec *spec, const struct vm *vm, GError **err);
/* The QEMU of this end (qemu_dst_binary, qemu_binary). Transfer full. */
char *qemu_binary_of(const struct vm_spec *spec, const char *who, GError **err);
/* As of vm.h. */
bool qemu_has(struct vm *vm, const char *kind, const char *name);
bool qemu_has_disk(const struct vm *vm, const char *name);
json_t *qemu_machine(struct vm *vm, int64_t deadline, GError **err);

/* qemu_beside.c: what a host does beside a VM's QEMU: claims its ports, makes its files, binds its
 * threads to the node that they are to be on, says where screen and serial lines are found, keeps
 * what the debug console said. Before its machine is built, before it starts, when it runs, before
 * it ends, and when it has ended. */
int qemu_beside_claim(struct vm *vm, const struct vm_spec *spec, GError **err);
int qemu_beside_prepare(struct vm *vm, const struct device *board, int64_t deadline, GError **err);
int qemu_beside_begin(struct vm *vm, const struct vm_spec *spec, const struct device *board,
                      int64_t deadline, GError **err);
void qemu_beside_end(struct vm *vm);
int qemu_firmware_words(struct vm *vm, char **text_out, int64_t deadline, GError **err);
void qemu_beside_clear(struct vm *vm);
/* Frees what a base has, without itself. */
void qemu_beside_free(struct vm *vm);
/* A file or socket that is this VM's alone: in the ledger before it is there, gone when it ends. */
int qemu_own_file(struct vm *vm, const char *path, GError **err);

/* qemu_chardev.c: "127.0.0.1:5001", where QEMU listens for TCP as query-chardev says of a chardev
 * (place: in one answer; NULL: it does not). Transfer full. */
char *qemu_chardev_place(const char *filename);
int qemu_listens_at(struct vm *vm, const char *label, char **where_out, int64_t deadline,
                    GError **err);

/* The first serial port, as of vm_give_serial(). */
int qemu_give_serial(struct vm *vm, const char *path, int64_t deadline, GError **err);

/* qemu_monitors.c: the VM's monitors. Before QEMU starts, what they add to its words (argv and
 * result: transfer full) and descriptors, when it runs: connects and tries them. */
int qemu_monitors_prepare(struct vm *vm, const struct vm_spec *spec, GError **err);
GStrv qemu_monitors_add_words(const struct vm *vm, GStrv argv);
void qemu_monitors_add_fds(const struct vm *vm, GArray *fds);
int qemu_monitors_begin(struct vm *vm, const struct vm_spec *spec, int64_t deadline, GError **err);
int qemu_monitors_log_to(struct vm *vm, const struct host *host, GError **err);
void qemu_monitors_free(struct vm *vm);
/* By the main one; the others by that for what looks on beside the test (`catch_monitor`). */
int qemu_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err);
int qemu_screendump(struct vm *vm, const char *path, int64_t deadline, GError **err);
int qemu_info(struct vm *vm, const char *what, char **text_out, int64_t deadline, GError **err);

/* qemu_events.c: what an event says of the guest itself, for the base; false: it is of something
 * else. On the loop's stack. */
bool qemu_on_event(struct vm *vm, const char *name, const json_t *data, int64_t time_us);

/* qemu_place.c: where the hypervisor has room for a device that is to come, and where all that came
 * is: their places. */
int qemu_place_new(struct vm *vm, struct device *device, int64_t deadline, GError **err);
int qemu_take_places(struct vm *vm, int64_t deadline, GError **err);

/* qemu_movable.c */
int qemu_check_movable(struct vm *vm, int64_t deadline, GError **err);
int qemu_check_migratable(struct vm *vm, int64_t deadline, GError **err);
int qemu_check_sound(struct vm *vm, int64_t deadline, GError **err);

/* qemu_facts.c; the lines of one answer, for tests. Transfer full. */
json_t *qemu_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err);
json_t *qemu_facts_devices(struct vm *vm, int64_t deadline, GError **err); /* by asking */
json_t *qemu_facts_pci(const json_t *query_pci);
json_t *qemu_facts_drives(const json_t *query_block);

/* qemu_stats.c: pages beyond one time each, of those that were sent whole, as zero, and encoded. -1
 * also while not all were sent once, or where a figure is not known. */
int64_t qemu_pages_sent_again(int64_t normal, int64_t duplicate, int64_t encoded,
                              int64_t total_bytes, int64_t page_size);

/* qemu_forward.c: finds, or takes, the ports of the host that the machine's cards forward, and
 * tells the VM's network (net.h). START where none of the range is free. */
int qemu_find_forwards(struct vm *vm, const struct device *board, int64_t deadline, GError **err);

/* The host port that HMP `info usernet` shows as forwarded to a guest's port; 0: none. */
uint16_t qemu_usernet_port(const char *text, uint16_t guest_port);
