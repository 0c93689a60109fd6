/* Network cards: read by nic.c, nic_user.c and nic_bridge.c, and by vm/net.c. */
#include "migration/params_tables.h"

#define NETWORK(name_) .name = (name_), .section = "network"

const struct param_info nic_params[] = {
    {NETWORK("nics"), .same_everywhere = true, .kind = PARAM_LIST, .fallback = "nic1",
     .scopes = PARAM_OF_VM, .word_pattern = "^[A-Za-z][A-Za-z0-9_.-]{0,31}$",
     .word_rule = "a card's name: letters, digits, '_', '.' and '-', at most 32, a letter first",
     .doc = "network cards, for guests that have a network"},
    {NETWORK("nettype"), .kind = PARAM_WORD, .fallback = "user",
     .values = WORDS("user", "bridge", "network"),
     .later = LATER({"macvtap", "cards are connected to QEMU's user network or to a bridge"},
                    {"user:passt", "cards are connected to QEMU's user network or to a bridge"},
                    {"vdpa", "cards are connected to QEMU's user network or to a bridge"}),
     .scopes = PARAM_OF_NIC,
     .doc = "what a card is connected to: QEMU's user network, from which it is reached by "
            "forwarded ports; or a bridge of the host (network says the same), by a tap that vtmh "
            "makes: needs CAP_NET_ADMIN and /dev/net/tun"},
    {NETWORK("netdst"), .kind = PARAM_STRING, .fallback = "virbr0", .only_with = WORDS("nettype"),
     .scopes = PARAM_OF_NIC, .word_pattern = "^[^\\s/:]{1,15}$",
     .word_rule = "the name of a network interface",
     .later = LATER({"private", "vtmh makes no bridges"}),
     .doc = "bridge that a card is connected to (nettype = bridge); on all hosts of a test it must "
            "belong to one network segment"},
    {NETWORK("ip"), .same_everywhere = true, .kind = PARAM_STRING, .only_with = WORDS("nettype"),
     .word_pattern = "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
     .word_rule = "a numeric address, with or without /BITS of its network", .scopes = PARAM_OF_NIC,
     .example = "192.0.2.7/24",
     .doc =
         "address that the guest has on a card on a bridge, where it is logged in to; jeos takes "
         "it (/24, of IPv6 /64, unless it says), without one it asks DHCP. Of other guests it is "
         "what they have; without it, what they are seen to use (ARP, neighbour discovery)"},
    {NETWORK("vhost"), .kind = PARAM_WORD, .fallback = "no",
     .values = WORDS("no", "yes", "force", "vhost=on"), .scopes = PARAM_OF_NIC,
     .doc = "whether the host's kernel moves the packets of a card on a bridge (/dev/vhost-net); "
            "force: as with vhostforce"},
    {NETWORK("vhostforce"), .kind = PARAM_BOOL, .fallback = "no", .only_with = WORDS("vhost"),
     .scopes = PARAM_OF_NIC, .doc = "whether it does so without MSI-X, too (with vhost)"},
    {NETWORK("enable_vhostfd"), .kind = PARAM_BOOL, .fallback = "yes", .only_with = WORDS("vhost"),
     .scopes = PARAM_OF_NIC,
     .doc = "whether QEMU is given the open /dev/vhost-net; no: it opens it itself (with vhost)"},
    {NETWORK("queues"), .same_everywhere = true, .kind = PARAM_INT, .fallback = "1", .min = 1,
     .max = 16, .scopes = PARAM_OF_NIC, .doc = "queues of a virtio card on a bridge"},
    {NETWORK("vectors"), .same_everywhere = true, .kind = PARAM_INT, .fallback = "0", .min = 0,
     .max = 2048, .scopes = PARAM_OF_NIC, .doc = "MSI-X vectors of a virtio card; 0: as it needs"},
    {NETWORK("enable_msix_vectors"), .same_everywhere = true, .kind = PARAM_BOOL, .fallback = "yes",
     .only_with = WORDS("queues"), .scopes = PARAM_OF_NIC,
     .doc = "whether a card with several queues gets vectors for all of them; no: as many as QEMU "
            "gives it"},
    {NETWORK("redirs"), .kind = PARAM_LIST, .fallback = "remote_shell", .scopes = PARAM_OF_VM,
     .doc = "redirections: ports of the guest (guest_port) that its first card on the user network "
            "forwards, each from a free port of 127.0.0.1 on the host (redir_ports)"},
    {NETWORK("redir_ports"), .kind = PARAM_PORTS, .fallback = "0", .scopes = PARAM_OF_VM,
     .claim = "ports", .example = "5000-5899",
     .doc = "ports of the host that are taken for redirections, or 0 for any; avocado-vt takes "
            "5000-5899"},
    {NETWORK("ip_version"), .same_everywhere = true, .kind = PARAM_WORD, .fallback = "ipv4",
     .values = WORDS("ipv4", "ipv6"), .scopes = PARAM_OF_VM,
     .doc = "which of the addresses that a guest is seen to use on a bridge it is reached at"},
    {NETWORK("flexible_nic_index"), .kind = PARAM_BOOL, .fallback = "yes", .scopes = PARAM_OF_VM,
     .doc = "whether a guest is reached over another card where no address of its first is known"},
    {NETWORK("guest_port"), .kind = PARAM_INT, .fallback = "22", .min = 1, .max = 65535,
     .scopes = PARAM_OF_REDIR, .doc = "a guest's port that is forwarded (redirs)"},
    {NETWORK("guest_port_file_transfer"), .kind = PARAM_INT, .fallback = "22", .min = 1,
     .max = 65535, .scopes = PARAM_OF_VM,
     .doc = "guest_port of the redirection file_transfer: the port of the guest that takes files"},
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
     .doc = "MAC address of a card; without it each card of each VM gets one (9a:…) that no other "
            "of the job has. One that a station on the bridge has already is an error"},
    {NETWORK("netdev_extra_params"), .kind = PARAM_TAIL, .scopes = PARAM_OF_NIC,
     .example = ",net=10.9.0.0/24", .doc = "appended to -netdev, beginning with a comma"},
    {NETWORK("nic_extra_params"), .same_everywhere = true, .kind = PARAM_TAIL,
     .scopes = PARAM_OF_NIC, .example = ",mq=on",
     .doc = "appended to a card's -device, beginning with a comma"},
    {.name = NULL},
};
