/* What runs a VM, and what its hosts have to agree on: read by vm.c, offer.c and platform.c. */
#include "migration/params_tables.h"

#define MACHINE(name_) .name = (name_), .section = "VM", .scopes = PARAM_OF_VM
#define SHARED(name_) MACHINE(name_), .same_everywhere = true

const struct param_info vm_params[] = {
    {SHARED("vm_type"), .kind = PARAM_WORD, .fallback = "qemu", .values = WORDS("qemu", "libvirt"),
     .doc = "driver that runs the VM"},
    {MACHINE("qemu_binary"), .kind = PARAM_PATH, .fallback = "qemu-system-x86_64",
     .doc =
         "QEMU: a path, or a name that is looked up in PATH on each host; one of the usual names "
         "(qemu, kvm, qemu-kvm, /usr/bin/qemu-kvm, /usr/libexec/qemu-kvm, qemu-system-x86_64) "
         "that is not there is found under another of them, with a note"},
    {MACHINE("qemu_dst_binary"), .kind = PARAM_PATH, .example = "/usr/libexec/qemu-kvm",
     .doc = "QEMU of a VM that arrives by a migration; qemu_binary if not set. What hosts agree on "
            "is what each can do with both"},
    {MACHINE("qemu_command_prefix"), .kind = PARAM_STRING, .example = "nice -n 5",
     .doc = "put in front of QEMU's command line, split as a shell would; NAME=VALUE in front of "
            "all else is for its environment"},
    {MACHINE("malloc_perturb"), .kind = PARAM_WORD, .fallback = "no",
     .values = WORDS("no", "yes", "auto"), .word_pattern = "^[0-9]{1,3}$",
     .word_rule = "a number up to 255",
     .doc = "byte that memory is filled with that QEMU frees, MALLOC_PERTURB_ in its environment; "
            "yes, auto: a random one"},
    {MACHINE("x11_display"), .kind = PARAM_STRING, .only_with = WORDS("display"), .example = ":0",
     .doc = "X display of the host that QEMU shows its window on (display = sdl)"},
    {SHARED("mem"), .kind = PARAM_SIZE, .fallback = "256", .unit = MIB, .min = MIB,
     .max = INT64_MAX, .doc = "memory of the guest, in MiB unless a suffix says otherwise"},
    {SHARED("machine_type"), .kind = PARAM_STRING, .fallback = "pc",
     .doc = "machine type; an alias such as pc becomes the newest version that all hosts have"},
    {SHARED("cpu_model"), .kind = PARAM_STRING, .example = "qemu64",
     .doc = "CPU model; must be known on all hosts; that of default_cpu_model if not set"},
    {SHARED("default_cpu_model"), .kind = PARAM_STRING, .fallback = "qemu64",
     .doc = "CPU model where cpu_model is not set"},
    {SHARED("auto_cpu_model"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether the CPU model is the newest that all hosts run whole, with KVM or TCG as the "
            "VM has it, instead of cpu_model; default_cpu_model where they have none in common. A "
            "note says which"},
    {SHARED("auto_cpu_policy"), .kind = PARAM_LIST, .fallback = "virttest",
     .word_pattern = "^(virttest|libvirt_host_model|libvirt_host_passthrough)$",
     .word_rule = "virttest, libvirt_host_model or libvirt_host_passthrough",
     .only_with = WORDS("auto_cpu_model"),
     .doc = "how that is found, the first that can be followed; libvirt's cannot (auto_cpu_model)"},
    {SHARED("cpu_model_vendor"), .kind = PARAM_STRING, .example = "GenuineIntel",
     .word_pattern = "^[!-+.-~]{12}$", .word_rule = "twelve characters, without blanks and commas",
     .doc = "vendor that the CPU names instead of its model's"},
    {SHARED("cpu_family"), .kind = PARAM_INT, .min = 0, .max = 270, .example = "6",
     .doc = "family that the CPU names instead of its model's; 0: that"},
    {SHARED("cpu_model_flags"), .kind = PARAM_STRING, .example = ",+aes",
     .doc = "appended to the CPU model, beginning with a comma"},
    {SHARED("enable_kvm"), .kind = PARAM_WORD, .fallback = "auto",
     .values = WORDS("yes", "no", "auto"),
     .doc = "yes: KVM or SKIP; auto: KVM where every host has proven it, else TCG; no: TCG"},
    {SHARED("disable_kvm"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "yes means enable_kvm = no"},
    {SHARED("vm_accelerator"), .kind = PARAM_WORD, .values = WORDS("kvm", "tcg"), .example = "kvm",
     .doc = "kvm or tcg; stronger than enable_kvm and disable_kvm"},
    {SHARED("tcg_dirty_sync_quirk"), .kind = PARAM_BOOL, .fallback = "yes",
     .doc = "8 KiB less memory under TCG with QEMU before 9.0, which loses guest writes otherwise"},
    {SHARED("enable_pvpanic"), .kind = PARAM_WORD, .fallback = "auto",
     .values = WORDS("yes", "no", "auto"),
     .doc = "a device by which the guest tells that it panics; yes: or SKIP; auto: where all hosts "
            "have it"},
    {.name = NULL},
};
