/* Network cards, beyond what machine/nic_params.c knows, and how guests are reached. */
#include "migration/reference/reference.h"

#define SECTION "network"

#define OWN_TAPS "vtmh makes taps and connects them itself"

const struct param_info reference_nic_params[] = {
    NOT_YET("nic_script", STRING, NIC, NULL, OWN_TAPS, "script that connects a tap device"),
    NOT_YET("nic_downscript", STRING, NIC, NULL, OWN_TAPS, "script that disconnects a tap device"),
    NOT_YET("pci_assignable", STRING, NIC, NO, "a device of the host cannot move",
            "whether a card is one of the host's"),
    NOT_YET("mac_changeable", BOOL, VM, NO, "a card keeps its MAC address",
            "whether addresses change with a reboot"),
    END,
};
