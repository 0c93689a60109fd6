/* Network cards: read by nic.c. */
#include "migration/params_tables.h"

#define NETWORK(name_) .name = (name_), .section = "network"

const struct param_info nic_params[] = {
    {NETWORK("nics"), .same_everywhere = true, .kind = PARAM_LIST, .fallback = "nic1",
     .scopes = PARAM_OF_VM, .word_pattern = "^[A-Za-z][A-Za-z0-9_.-]{0,31}$",
     .word_rule = "a card's name: letters, digits, '_', '.' and '-', at most 32, a letter first",
     .doc = "network cards, for guests that have a network"},
    {NETWORK("nettype"), .kind = PARAM_WORD, .fallback = "user", .values = WORDS("user"),
     .later = LATER({"bridge", "cards are connected to QEMU's user network only"},
                    {"network", "cards are connected to QEMU's user network only"},
                    {"macvtap", "cards are connected to QEMU's user network only"},
                    {"user:passt", "cards are connected to QEMU's user network only"},
                    {"vdpa", "cards are connected to QEMU's user network only"}),
     .scopes = PARAM_OF_NIC, .doc = "what a card is connected to"},
    {NETWORK("nic_model"), .same_everywhere = true, .kind = PARAM_WORD, .fallback = "virtio",
     .values = WORDS("virtio", "virtio-net-pci", "e1000", "e1000-82544gc", "e1000-82545em",
                     "e1000e", "igb", "rtl8139", "ne2k_pci", "ne2k_isa", "pcnet", "vmxnet3",
                     "tulip", "i82550", "i82551", "i82557a", "i82557b", "i82557c", "i82558a",
                     "i82558b", "i82559a", "i82559b", "i82559c", "i82559er", "i82562", "i82801",
                     "usb-net", "virtio-net-pci-transitional", "virtio-net-pci-non-transitional"),
     .later = LATER({"none", "a card without a device; leave it out of nics"},
                    {"spapr-vlan", "VMs are x86_64 only"},
                    {"virtio-net-device", "VMs are x86_64 with a PCI bus only"},
                    {"virtio-net-ccw", "VMs are x86_64 only"}),
     .scopes = PARAM_OF_NIC, .doc = "model of a card"},
    {NETWORK("mac"), .same_everywhere = true, .kind = PARAM_MAC, .scopes = PARAM_OF_NIC,
     .example = "52:54:00:12:34:56",
     .doc = "MAC address of a card; without it vtmh makes up a random one (9a:…) for each card of "
            "each VM"},
    {NETWORK("netdev_extra_params"), .kind = PARAM_TAIL, .scopes = PARAM_OF_NIC,
     .example = ",net=10.9.0.0/24", .doc = "appended to -netdev, beginning with a comma"},
    {NETWORK("nic_extra_params"), .same_everywhere = true, .kind = PARAM_TAIL,
     .scopes = PARAM_OF_NIC, .example = ",mq=on",
     .doc = "appended to a card's -device, beginning with a comma"},
    {.name = NULL},
};
