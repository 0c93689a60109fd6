/* The manager of VMs with vm_type = libvirt: read by libvirt.c and libvirt_offer.c. */
#include "migration/params_tables.h"

const struct param_info libvirt_params[] = {
    {.name = "libvirt_uri",
     .section = "VM",
     .scopes = PARAM_OF_VM,
     .kind = PARAM_STRING,
     .fallback = "qemu:///system",
     .doc = "libvirt on each host that runs the VM (vm_type = libvirt): a URI of QEMU's driver, "
            "which may name a socket (qemu+unix:///system?socket=/run/libvirt/libvirt-sock)"},
    {.name = NULL},
};
