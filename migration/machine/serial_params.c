/* Serial lines and the debug console: read by serial.c and debugcon.c. */
#include "migration/params_tables.h"

#define SERIAL(name_) .name = (name_), .section = "VM", .same_everywhere = true

const struct param_info serial_params[] = {
    {SERIAL("serials"), .kind = PARAM_LIST, .fallback = "serial0", .scopes = PARAM_OF_VM,
     OBJECT_NAME,
     .doc = "serial lines; the guest is heard on the first, the others are sockets "
            "(chardev_backend), of the Unix kind in the node's folder; the log names where"},
    {SERIAL("serial_type"), .kind = PARAM_WORD, .fallback = "isa-serial",
     .values = WORDS("isa-serial", "pci-serial"),
     .later = LATER({"spapr-vty", "VMs are x86_64 only"}, {"sclpconsole", "VMs are x86_64 only"},
                    {"sclplmconsole", "VMs are x86_64 only"},
                    {"virtconsole", "VMs have ISA and PCI serial lines only"},
                    {"virtserialport", "VMs have ISA and PCI serial lines only"}),
     .scopes = PARAM_OF_SERIAL, .doc = "model of a serial line; the first is an ISA one"},
    {SERIAL("enable_debugcon"), .kind = PARAM_BOOL, .fallback = "no", .scopes = PARAM_OF_VM,
     .doc = "whether what the firmware prints to port 0x402 is kept (VM.debugcon.log: the last 64 "
            "KiB on each host)"},
    {.name = NULL},
};
