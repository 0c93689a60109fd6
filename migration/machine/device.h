/* A device of a machine, and what a kind of device provides. */
#pragma once

#include "migration/machine/machine.h"
#include "migration/machine/part.h"
#include "migration/machine/qemu_line.h"

struct domain;

struct device {
    const struct device_kind *kind;
    char *id;            /* no other device of the kind has it */
    json_t *travels;     /* an object: what is the same at both ends of a migration */
    json_t *local;       /* an object: what is this host's own */
    GPtrArray *children; /* struct device: what is plugged into it, in that order */
    json_t *place;       /* an object: properties that say where it is, as the hypervisor has chosen
                            ("addr" on the root PCI bus, "core-id" of a CPU); the same at both ends
                            of a migration. NULL: where there is room */
    bool is_live;        /* the hypervisor has it */
};

struct device_kind {
    const char *name;

    /* Plugs in what the spec asks for of this kind, if anything. Errors as of machine_new(). NULL:
     * it comes with devices of another kind, and is not in the table. */
    int (*build)(struct device *board, const struct machine_spec *spec, GError **err);

    /* Plugs in the one of that name, with what it needs, though the machine starts without it.
     * Errors as of build(). NULL: this kind is not plugged into a running machine. */
    int (*add)(struct device *board, const struct machine_spec *spec, const char *name,
               GError **err);

    /*
     * One of both, without its children. What can be plugged in says its parts; what a machine has
     * from its beginning (its type, CPUs, memory, clock, what it boots) appends options of its own.
     */
    void (*to_parts)(const struct device *device, GPtrArray *parts);
    void (*to_qemu)(const struct device *device, GPtrArray *line);

    /* Fills it into a domain of libvirt's, without its children (domain_part.h). UNSUPPORTED for
     * what libvirt does not have; NULL: it has none of this kind at all. */
    int (*to_xml)(const struct device *device, struct domain *domain, GError **err);
};

/* All kinds, the board first, in the order in which they are plugged in and rendered: both ends of
 * a migration have the same. NULL-terminated. */
extern const struct device_kind *const device_kinds[];

extern const struct device_kind device_board;
extern const struct device_kind device_cpu;
extern const struct device_kind device_memory;
extern const struct device_kind device_vcpu;
extern const struct device_kind device_dimm;
extern const struct device_kind device_identity;
extern const struct device_kind device_rtc;
extern const struct device_kind device_topology;
extern const struct device_kind device_boot;
extern const struct device_kind device_boot_order;
extern const struct device_kind device_serial;
extern const struct device_kind device_serial_line;
extern const struct device_kind device_debugcon;
extern const struct device_kind device_vsock;
extern const struct device_kind device_tpm;
extern const struct device_kind device_port_bus;
extern const struct device_kind device_agent; /* on a port bus */
extern const struct device_kind device_uefi;
extern const struct device_kind device_root_port;
extern const struct device_kind device_iothread;
extern const struct device_kind device_disk;
extern const struct device_kind device_cdrom;
extern const struct device_kind device_floppy;
extern const struct device_kind device_cloud_disc;
extern const struct device_kind device_nic;
extern const struct device_kind device_rng;
extern const struct device_kind device_panic;
extern const struct device_kind device_graphics;
extern const struct device_kind device_screen;
extern const struct device_kind device_usb;
extern const struct device_kind device_watchdog;
extern const struct device_kind device_balloon;
extern const struct device_kind device_entry;
extern const struct device_kind device_extra;

/* A device on its own, or plugged into a parent, to which it then belongs. */
struct device *device_new(const struct device_kind *kind, const char *id);
struct device *device_plug(struct device *parent, const struct device_kind *kind, const char *id);
void device_free(struct device *device); /* with its children; NULL is fine */
AUTOPTR_STRUCT(device, device_free);

/* The device itself, or one that is plugged into it, of that kind and name; NULL: there is none.
 * Transfer none. */
struct device *device_find(struct device *device, const char *kind, const char *id);

/* The first of that kind that is plugged into the machine itself; NULL: there is none. Transfer
 * none. */
const struct device *device_of_kind(const struct device *board, const struct device_kind *kind);

/* Takes out of the machine, and frees, what is plugged in: this one, or all that the hypervisor
 * does not have. */
void device_remove(struct device *board, const struct device *which);
void device_remove_unmade(struct device *board);

/* The hypervisor has it, and all that is plugged into it. */
void device_set_live(struct device *device);

/* It is there: the properties are kept. place: transfer full. */
void device_set_place(struct device *device, json_t *place);

/* Of what the hypervisor does not have yet, gives what the main bus does not take a root port that
 * is free, if there is one (root_port.c). */
void root_port_take(struct device *board, struct device *device);

/* Sets a property of `travels` or `local`. A text that is NULL is left out. */
void device_set(json_t *side, const char *name, const char *text);
void device_set_int(json_t *side, const char *name, int64_t value);
void device_set_bool(json_t *side, const char *name, bool value);

/* What was set: NULL, 0, false where nothing was. */
const char *device_get(const json_t *side, const char *name);
int64_t device_get_int(const json_t *side, const char *name);
bool device_get_bool(const json_t *side, const char *name);

/* ",key=value" that a user has appended; "" where nothing was set. */
const char *device_tail(const json_t *side);

/* Adds the parts of a pluggable device without what is plugged into it. */
void device_add_parts(const struct device *device, GPtrArray *parts);

/* The parts of a pluggable device and of what is plugged into it: struct part. Transfer full. */
GPtrArray *device_parts(const struct device *device);

/* The parts of all devices of a machine that the hypervisor does not have. Transfer full. */
GPtrArray *device_parts_unmade(const struct device *board);
