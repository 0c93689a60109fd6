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
    {.name = "libvirt_domain",
     .section = "VM",
     .scopes = PARAM_OF_VM,
     .kind = PARAM_STRING,
     .same_everywhere = true,
     .example = "web1",
     .doc = "a domain of the user's own that runs already, and is only moved: it is not defined, "
            "changed or ended, and after the test it is where it was (vm_type = libvirt, guest = "
            "image; ip: where its guest is logged in to, without which nobody does)"},
    {.name = NULL},
};
