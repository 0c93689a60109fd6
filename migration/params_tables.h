/*
 * The tables of parameters, each in a file beside those who read it (vm/vm_params.c, …), in the
 * order in which they are documented. A table ends with a row without a name.
 *
 * A new table is a declaration here and a line in params.c.
 */
#pragma once

#include "cfg/param-info.h"

#define MIB ((uint64_t)1 << 20)

/* Words for .values and .same: WORDS("yes", "no"). */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* For the name of something that a VM has, where nothing limits it more. */
#define OBJECT_NAME                                                                                \
    .word_pattern = "^[A-Za-z][A-Za-z0-9_.-]{0,31}$",                                              \
    .word_rule = "a name: letters, digits, '_', '.' and '-', at most 32, a letter first"

/* For .later: LATER({"exec", "why"}, …). */
#define LATER(...) ((const struct param_later[]){__VA_ARGS__, {NULL, NULL}})

extern const struct param_info job_params[];       /* what vtmh reads itself */
extern const struct param_info scenario_params[];  /* what runs, on which VMs, how often */
extern const struct param_info keep_params[];      /* which VMs live before it and behind it */
extern const struct param_info process_params[];   /* what is done around a test */
extern const struct param_info plug_params[];      /* what is plugged in and out meanwhile */
extern const struct param_info vm_params[];        /* what runs a VM, what its hosts agree on */
extern const struct param_info board_params[];     /* its machine type, and what it is known by */
extern const struct param_info topology_params[];  /* how many CPUs it has */
extern const struct param_info memory_params[];    /* its memory */
extern const struct param_info boot_params[];      /* what it boots from */
extern const struct param_info uefi_params[];      /* UEFI firmware */
extern const struct param_info serial_params[];    /* its serial lines */
extern const struct param_info chardev_params[];   /* what they and monitors are on a host */
extern const struct param_info libvirt_params[];   /* the libvirt that runs it */
extern const struct param_info monitor_params[];   /* its hypervisor's monitors */
extern const struct param_info vsock_params[];     /* its sockets to the host */
extern const struct param_info tpm_params[];       /* its TPM */
extern const struct param_info rtc_params[];       /* its clock */
extern const struct param_info graphics_params[];  /* its graphics card */
extern const struct param_info screen_params[];    /* who can look at that */
extern const struct param_info root_port_params[]; /* free places on its bus */
extern const struct param_info usb_params[];       /* USB */
extern const struct param_info rng_params[];       /* its random number generators */
extern const struct param_info watchdog_params[];  /* its watchdog */
extern const struct param_info balloon_params[];   /* its memory balloon */
extern const struct param_info extra_params[];     /* what a user adds to it */
extern const struct param_info nic_params[];       /* its network cards */
extern const struct param_info booting_params[];   /* what its firmware tries to boot from */
extern const struct param_info disk_params[];      /* its disks, CD-ROM and floppy drives */
extern const struct param_info storage_params[];   /* where files of a test lie */
extern const struct param_info image_params[];     /* what is done with those of its disks */
extern const struct param_info guest_params[];     /* what runs in it, and its work */
extern const struct param_info move_params[];      /* how it moves */
extern const struct param_info transport_params[]; /* by which way */
extern const struct param_info option_params[];    /* what its migrations are asked for */

/* Names of avocado-vt without a reader here (reference/reference.h). */
extern const struct param_info reference_test_params[];
extern const struct param_info reference_host_params[];
extern const struct param_info reference_vm_params[];
extern const struct param_info reference_disk_params[];
extern const struct param_info reference_nic_params[];
extern const struct param_info reference_login_params[];
extern const struct param_info reference_scenario_params[];
extern const struct param_info reference_guest_command_params[];
extern const struct param_info reference_family_params[];

/* The names of avocado-vt that docs/params.md counts at its end, ended by NULL. */
extern const char *const reference_names[];

extern const struct param_alias historic_names[];

/* Words of `type` that are known, but not here yet. */
extern const struct param_later reference_test_types[];
