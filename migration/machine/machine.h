/*
 * A VM is data before it is a process: a tree of devices, computed from parameters and from what
 * the hosts have agreed on. No I/O, and the same input gives the same tree on every host.
 *
 * A device says two things. What *travels* is a part of the guest: it is the same at both ends of a
 * migration. What is *local* is one host's own affair and never leaves it: descriptors, paths,
 * forwarded ports. A driver renders both (the QEMU driver as a command line, and a device
 * that is plugged in as QMP commands: part.h).
 *
 * A kind of device is a file of this folder and a row in kinds.c.
 */
#pragma once

#include "migration/machine/boot.h"
#include "migration/vm/platform.h"

/* What a machine is made of. */
struct machine_spec {
    const char *name;            /* of the VM, "vm1" */
    const struct params *params; /* resolved for this VM */
    const struct vm_platform *platform;
    const struct vm_boot *boot;
    bool incoming; /* its guest arrives by a migration */
    const char
        *incoming_uri;   /* with that: where it listens from its start; NULL: it is told later */
    int serial_fd;       /* the serial port's number in the hypervisor's process */
    int agent_fd;        /* likewise of its channel to the guest's agent, if it has one */
    int tpm_fd;          /* likewise of the emulator of its TPM, if it has one */
    int net_fd;          /* the first of those for networks; what follows it is theirs */
    const char *run_dir; /* for sockets of this VM; NULL: "." */
    unsigned node;       /* another one for each node of a host */
    int last_numa_node;  /* of this host */
    uint16_t spice_port; /* that is this VM's (vm/port_claim.h); 0: the first that there can be */
    uint16_t spice_tls_port; /* likewise, with spice_ssl = yes */
};

/* Where SPICE servers are. */
#define MACHINE_SPICE_LOW 8000
#define MACHINE_SPICE_HIGH 8100
#define MACHINE_SPICE_TLS_LOW 8200
#define MACHINE_SPICE_TLS_HIGH 8300

/* The debug console's name, as it has it for the driver, and how much of it is kept. */
#define MACHINE_DEBUGCON "debugcon"
#define MACHINE_DEBUGCON_BYTES 65536

/*
 * The board, with all devices plugged into it. CFG_ERROR for a wrong value, VM_ERROR_UNSUPPORTED
 * for what cannot be built yet. Transfer full: device_free().
 */
struct device *machine_new(const struct machine_spec *spec, GError **err);

/*
 * {"id": "vm1", "kind": "board", "place": {…}, "travels": {…}, "local": {…}, "devices": [the same
 * of each]}; what is empty is left out. Values are as they were set: what is not UTF-8 cannot be
 * dumped. Transfer full.
 */
json_t *machine_to_json(const struct device *board);
