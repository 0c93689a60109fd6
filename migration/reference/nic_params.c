/* Network cards, beyond what machine/nic_params.c knows, and how guests are reached. */
#include "migration/reference/reference.h"

#define SECTION "network"

#define USER_NETWORK "cards are connected to QEMU's user network only"
#define NO_VHOST "vhost works with tap devices, and there are none yet"

const struct param_info reference_nic_params[] = {
    NO_MATTER("netdst", STRING, NIC, "it counts only with nettype = bridge or macvtap",
              "bridge that a card is connected to"),
    NOT_YET("ip", STRING, NIC, NULL, "the user network gives guests their addresses",
            "address of a card"),
    NOT_YET("vhost", STRING, NIC, WORDS("off", "no"), NO_VHOST,
            "whether the host's kernel moves the packets"),
    NOT_YET("vhostforce", BOOL, NIC, NO, NO_VHOST, "whether it does without MSI-X, too"),
    NO_MATTER("enable_vhostfd", BOOL, NIC, "it counts only with vhost",
              "whether QEMU is given the open device"),
    NOT_YET("queues", INT, NIC, WORDS("1"), "the user network has one queue", "queues of a card"),
    NOT_YET("enable_msix_vectors", BOOL, NIC, NO, "QEMU chooses how many vectors a card has",
            "whether a card gets vectors for its queues"),
    NOT_YET("vectors", STRING, NIC, NULL, "QEMU chooses how many vectors a card has",
            "MSI-X vectors of a card"),
    NOT_YET("nic_script", STRING, NIC, NULL, USER_NETWORK, "script that connects a tap device"),
    NOT_YET("nic_downscript", STRING, NIC, NULL, USER_NETWORK,
            "script that disconnects a tap device"),
    NOT_YET("pci_assignable", STRING, NIC, NO, "a device of the host cannot move",
            "whether a card is one of the host's"),
    NOT_YET("mac_changeable", BOOL, VM, NO, "a card keeps its MAC address",
            "whether addresses change with a reboot"),
    NOT_YET("flexible_nic_index", BOOL, VM, NO, "a guest is reached over its first card",
            "whether other cards are tried"),
    NOT_YET("redirs", LIST, VM, WORDS("remote_shell"),
            "port 22 of the first card is forwarded, no other",
            "ports of the guest that are forwarded"),
    NOT_YET("guest_port", INT, REDIR, WORDS("22"),
            "port 22 of the first card is forwarded, no other", "a guest's port that is forwarded"),
    NO_MATTER("guest_port_file_transfer", STRING, VM, "it counts only with file_transfer in redirs",
              "port of the guest that takes files"),
    NOT_YET("ip_version", STRING, VM, WORDS("ipv4"), "guests are reached by IPv4",
            "version of IP that a guest is reached by"),
    END,
};
