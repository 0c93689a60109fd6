/* What a network card can be connected to: a row in nic.c, a file each. */
#pragma once

#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"

/* What the networks of one machine share while it is built. */
struct nic_building {
    const struct machine_spec *spec;
    const struct params *card; /* resolved for the card */
    unsigned index;            /* of the card, from 0 */
    int next_fd;               /* the next free number in the hypervisor's process */
    bool has_forwards;         /* a card before has the forwarded ports */
};

struct nic_network {
    const char *nettype;

    /* Fills in what is local of the card, beside the network's name and the netdev's. Errors as of
     * machine_new(). */
    int (*build)(struct device *nic, struct nic_building *building, GError **err);

    /* The netdev. */
    void (*to_parts)(const struct device *nic, GPtrArray *parts);

    /* Whether libvirt has no words for it; NULL: it has. */
    bool (*is_past_libvirt)(const struct device *nic);

    /* What libvirt's <interface> is connected to. UNSUPPORTED. */
    int (*to_xml)(const struct device *nic, struct xml *card, GError **err);
};

extern const struct nic_network nic_user;
extern const struct nic_network nic_bridge;

/* Whether a card, resolved, is connected to a bridge of the host: nettype. */
bool nic_is_on_bridge(const struct params *card);

/* Queues of a card, at least 1. */
unsigned nic_queues(const struct device *nic);
