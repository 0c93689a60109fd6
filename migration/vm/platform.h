/*
 * What a VM runs on, decided once for all hosts of a tuple, before any VM starts.
 *
 * Each host offers what it has proven (KVM by running a guest with it, everything else by asking
 * the hypervisor); every host computes the same decision from all offers.
 */
#pragma once

#include "cfg/params.h"
#include "sync/fiber.h"

#include <jansson.h>

#define VM_ERROR (vm_error_quark())
GQuark vm_error_quark(void);

enum vm_error {
    VM_ERROR_START,       /* the hypervisor is missing or did not start; with its stderr's tail */
    VM_ERROR_DIED,        /* it ended by itself or was killed; with status and stderr's tail */
    VM_ERROR_COMMAND,     /* it refused a command; with command, class and description */
    VM_ERROR_MIGRATION,   /* the migration failed; with the hypervisor's reason */
    VM_ERROR_BROKEN,      /* its stream broke in post-copy: it can go on over another */
    VM_ERROR_UNSUPPORTED, /* it cannot do what is asked for: the test is SKIP with this sentence */
    VM_ERROR_GUEST,       /* the guest did not boot, answer, or keep its work */
    VM_ERROR_SLOW,        /* it works, but the host is too busy for it to answer in time */
    VM_ERROR_DIFFERENT,   /* the machines of the two ends are not the same */
    VM_ERROR_UNREACHABLE, /* the other host is silent: the network's fault, or its death */
};

/* What the params ask for: vm_accelerator, else disable_kvm, else enable_kvm. CFG_ERROR. */
enum vm_acceleration {
    VM_ACCELERATION_AUTO, /* KVM where every host has proven it */
    VM_ACCELERATION_KVM,
    VM_ACCELERATION_TCG,
};
int vm_acceleration_wanted(const struct params *params, enum vm_acceleration *out, GError **err);

/* What one host can do (vm_offer_probe()). Owned strings. */
struct vm_offer {
    char *binary;         /* path that was asked */
    char *instead_of;     /* usual name of a QEMU that was asked for and is not there, or NULL */
    unsigned version[3];  /* QMP query-version: major, minor, micro */
    char *package;        /* the distribution's addition, may be empty */
    bool kvm;             /* proven by a guest, not by /dev/kvm alone */
    char *kvm_reason;     /* why not, in a sentence; NULL if kvm */
    GHashTable *machines; /* full name or alias -> full name (QMP query-machines) */
    GHashTable *cpus;     /* set of CPU models (QMP query-cpu-definitions) */
    GHashTable *runs_tcg; /* those of them of which it lacks nothing under TCG; NULL: not known */
    GHashTable *runs_kvm; /* the same with KVM, asked for with auto_cpu_model only */
    char *maker;          /* of the host's own CPU, "GenuineIntel"; NULL: not known */
    GHashTable *capabilities; /* set of migration capabilities (QMP query-migrate-capabilities) */
    GHashTable *refused;      /* of those that it names and this host refuses -> its reason */
    GHashTable *parameters;   /* set of migration parameters (QMP query-migrate-parameters) */
    GHashTable *devices;      /* set of kinds of devices (QMP qom-list-types); empty: not known */
    bool pvpanic;             /* has the device by which a guest tells that it panics */
    json_t *lent;             /* the user's own domain, which runs here (lent.h); NULL: none does */
};

void vm_offer_free(struct vm_offer *offer);

/* Leaves of the offer what the other, of another hypervisor of the same host, has too. */
void vm_offer_meet(struct vm_offer *offer, const struct vm_offer *other);

/* For the wire. Transfer full. */
json_t *vm_offer_to_json(const struct vm_offer *offer);
struct vm_offer *vm_offer_from_json(const json_t *json, GError **err);

/* The decision. */
struct vm_platform {
    bool kvm;
    char *machine;      /* full versioned name */
    char *cpu;          /* model with flags, as for -cpu */
    uint64_t ram_bytes; /* after quirks */
    bool pvpanic;       /* the device is in: all hosts have it, and the machine has its bus */
    char *lent_uuid;    /* of the user's own domain (lent.h); NULL: the VM is ours */
    unsigned lent_home; /* then: the host where it runs before the test */
    GPtrArray *notes;   /* char *: TCG instead of KVM and why, the quirk, versions that differ */
};

/*
 * Decides from all offers (by host index; names for messages) and a VM's params. The same inputs
 * give the same answer on every host. UNSUPPORTED when no common answer exists, with the hosts that
 * disagree; CFG_ERROR_PARAM_VALUE for a machine or CPU that no host knows, with the nearest names.
 * `tcg_dirty_sync_quirk`: yes (default): with TCG and any QEMU older than 9.0, RAM that
 * is a multiple of 256 KiB gets 8 KiB less, since QEMU loses guest writes otherwise (fixed by qemu
 * 03bfc2188f06); memory modules cannot, and are UNSUPPORTED. Transfer full.
 */
struct vm_platform *vm_platform_decide(const struct vm_offer *const *offers,
                                       const char *const *names, unsigned n,
                                       const struct params *params, GError **err);
void vm_platform_free(struct vm_platform *platform);

AUTOPTR_STRUCT(vm_offer, vm_offer_free);
AUTOPTR_STRUCT(vm_platform, vm_platform_free);
