/* The VM's hardware, beyond what machine/ builds. */
#include "migration/reference/reference.h"

#define SECTION "VM"

#define NO_SPICE "the SPICE server is as spice and spice_seamless_migration say"
#define WITH_USB "it counts only for devices of usbs and usb_devices"

const struct param_info reference_vm_params[] = {
    NOT_YET("vcpu_books", STRING, VM, WORDS("1", "INVALID"),
            "sockets, cores and threads are all that is passed on", "books a drawer"),
    NOT_YET("vcpu_drawers", STRING, VM, WORDS("1", "INVALID"),
            "sockets, cores and threads are all that is passed on", "drawers"),
    NOT_YET("vcpu_enable", BOOL, DEVICE, NO,
            "CPUs that are there from the beginning are counted by smp",
            "whether one of vcpu_devices is there from the beginning"),
    NOT_YET("strict_mode", BOOL, VM, NO, "addresses of devices are left to QEMU",
            "whether every device has its address on the command line"),
    NO_MATTER("vga_use_legacy_expression", BOOL, VM,
              "a graphics card is always a device of its own",
              "whether the card is written as -vga"),
    NOT_YET("spice_*", STRING, VM, WORDS("off", "no"), NO_SPICE, "options of the SPICE server"),
    NO_MATTER("vnc_autoport", BOOL, VM, "VNC's port is always the first that is free",
              "whether VNC's port is any"),

    NO_MATTER("usb_type_*", STRING, VM, WITH_USB, "model of a controller"),
    NO_MATTER("usb_max_port", STRING, VM, WITH_USB, "ports of a controller"),
    NO_MATTER("usbdev_*", STRING, VM, WITH_USB, "a USB device"),

    NO_MATTER("ioport_pvpanic", STRING, VM, "the guest finds the device by itself",
              "port of the panic device"),
    END,
};
