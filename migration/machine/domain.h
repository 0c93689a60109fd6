/*
 * A machine as libvirt has it: domain XML. Each kind of device says its own in its file (to_xml);
 * what libvirt has no element for goes to QEMU in its own words, by <qemu:commandline>, each such
 * case a row of domain_words.c; what neither can say is VM_ERROR_UNSUPPORTED. Pure.
 *
 * The guest finds the machine that QEMU's driver makes, but for where its devices are, which
 * libvirt chooses. Descriptors of the tree mean nothing here: the serial line and the agent's
 * channel are sockets, a tap and a TPM's emulator are libvirt's to make.
 */
#pragma once

#include "migration/machine/device.h"

struct domain_spec {
    const char *name; /* of the domain */
    const char *uuid; /* NULL: libvirt makes one. A machine that has one itself (`uuid`) has it */
    const char *emulator; /* path of QEMU's program; NULL: libvirt's own choice */

    /* Unix sockets of this host to which QEMU connects when it starts, at a destination too: who
     * wants to hear the guest listens there before. agent: with login_ways = agent alone. libvirtd
     * connects to that one, too, when the domain has started: take the first only. */
    const char *serial, *agent;

    const char *run_as; /* "+0:+0": user and group of QEMU, and files stay whose they are; NULL: as
                           libvirtd is configured, which gives them to its user */
    const char *const *env; /* "KEY=VALUE", added to QEMU's environment; NULL: nothing */
    bool core_has_no_ram;   /* a core dump is without the guest's memory (core_dumps) */
    unsigned libvirt;       /* of the host, as virConnectGetLibVersion() says it (9000000 is 9.0.0);
                               0: a new one */
};

/*
 * The domain of a machine. VM_ERROR_UNSUPPORTED with a sentence that names the device and what
 * libvirt does not have, CFG_ERROR for values that contradict each other. *words_out: may be NULL;
 * else what goes by <qemu:commandline> and why: [{"what": …, "why": …}], transfer full. Transfer
 * full.
 */
char *machine_to_xml(const struct device *board, const struct domain_spec *spec, json_t **words_out,
                     GError **err);

/* A device of a machine alone, for domain-attach (libvirt/protocol.h). Errors likewise, and where
 * it is none that libvirt knows as a device. Transfer full. */
char *machine_device_to_xml(const struct device *board, const struct device *device,
                            const struct domain_spec *spec, GError **err);

/*
 * Has the devices in the places where libvirt has put them, by the XML of a domain that runs
 * (virDomainGetXMLDesc()): they travel (machine_travels()), and machine_to_xml() says them.
 * VM_ERROR_COMMAND where that is no XML.
 */
int domain_take_places(struct device *board, const char *xml, GError **err);

/* By which libvirt, its events and QEMU know the device again ("ua-image1"). Transfer full. */
char *domain_alias(const struct device *device);

/* The name that the disk with an alias has in a domain's XML ("vda"), as migrate_disks of
 * libvirt/protocol.h wants it; NULL: there is no such disk. Transfer full. */
char *domain_disk_target(const char *xml, const char *alias);

/* The netdev of the card with the forwarded ports, as HMP's hostfwd_add and `info usernet` have it;
 * NULL: there is none. Transfer none. */
const char *domain_forward_netdev(const struct device *board);
