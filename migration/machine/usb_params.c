/* USB: read by usb.c. */
#include "migration/params_tables.h"

#define USB(name_) .name = (name_), .section = "VM", .same_everywhere = true

const struct param_info usb_params[] = {
    {USB("usbs"), .kind = PARAM_LIST, .scopes = PARAM_OF_VM, OBJECT_NAME, .example = "usb1",
     .doc = "USB controllers"},
    {USB("usb_type"), .kind = PARAM_WORD, .fallback = "ich9-usb-ehci1",
     .values =
         WORDS("ich9-usb-ehci1", "ich9-usb-ehci2", "ich9-usb-uhci1", "ich9-usb-uhci2",
               "ich9-usb-uhci3", "ich9-usb-uhci4", "ich9-usb-uhci5", "ich9-usb-uhci6", "usb-ehci",
               "piix3-usb-uhci", "piix4-usb-uhci", "pci-ohci", "nec-usb-xhci", "qemu-xhci"),
     .scopes = PARAM_OF_DEVICE, .only_with = WORDS("usbs"), .doc = "model of a controller"},
    {USB("usb_devices"), .kind = PARAM_LIST, .scopes = PARAM_OF_VM, OBJECT_NAME,
     .example = "tablet1",
     .doc = "USB devices; they are on the first controller unless usb_controller names another"},
    {USB("usbdev_type"), .kind = PARAM_WORD, .fallback = "usb-tablet",
     .values = WORDS("usb-tablet", "usb-mouse", "usb-kbd", "usb-wacom-tablet", "usb-hub",
                     "usb-braille", "usb-ccid"),
     .scopes = PARAM_OF_DEVICE, .only_with = WORDS("usb_devices"), .doc = "model of a USB device"},
    {USB("usb_controller"), .kind = PARAM_STRING, .scopes = PARAM_OF_DEVICE,
     .only_with = WORDS("usb_devices"), .example = "usb1",
     .doc = "controller of usbs that a USB device is on"},
    {.name = NULL},
};
