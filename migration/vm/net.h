/*
 * What connects the cards of a VM on this host, beside the hypervisor: taps (net/tap.h), vhost
 * devices. And how the guest is reached over them: by forwarded ports, or at its own addresses,
 * which are watched for on its taps (net/watch.h).
 *
 * A tap is in the ledger before it exists, and is gone when the hypervisor that has its descriptors
 * is: vm_net_close() then strikes it out.
 */
#pragma once

#include "migration/machine/device.h"
#include "migration/vm/vm.h"
#include "sync/child.h"

struct vm_net;

/*
 * Whether this host can connect the cards that these params ask for, before anything starts: taps
 * can be made, bridges are there, vhost is. UNSUPPORTED for what a host may lack; START for a
 * bridge that is not there, with host, card and bridge; CFG_ERROR for a card without a MAC address,
 * of which a bridge would have several.
 */
int vm_net_check(const struct host *host, const char *vm, const struct params *params,
                 const struct vm_boot *boot, GError **err);

/* The cards of a test on bridges of this host, with MAC addresses: empty. Transfer full. */
GPtrArray *vm_net_cards_new(void);

/* Adds those of a VM. Two on one bridge that have the same MAC address: CFG_ERROR with both. */
int vm_net_check_macs(GPtrArray *cards, const char *vm, const struct params *params,
                      const struct vm_boot *boot, GError **err);

/* Whether no station of their segments has one of these addresses (net/station.h), while no VM of
 * the test runs: START with host, card, address and bridge. Takes STATION_WAIT_MS if one of them
 * has an origin: it may be remembered of somebody who has gone. */
int vm_net_check_segment(const struct host *host, const GPtrArray *cards, GError **err);

/* Makes what the machine's cards are connected to. START. Transfer full. */
struct vm_net *vm_net_open(const struct host *host, const char *vm, const struct device *board,
                           GError **err);

/* Appends the descriptors for the hypervisor's process, under the numbers that its machine has for
 * them: struct child_fd, which stay the network's. */
void vm_net_add_fds(const struct vm_net *net, GArray *fds);

/* The hypervisor has been started: it alone keeps the descriptors. */
void vm_net_started(struct vm_net *net);

/* A card that is plugged in while the hypervisor runs: what it is connected to is made, and its
 * descriptors are there for the hypervisor (vm_net_fds()) until vm_net_started(). START. */
int vm_net_plug(struct vm_net *net, const char *vm, const struct device *nic, GError **err);

/* Nothing of a card is left: the hypervisor has closed its descriptors, or never had them. */
void vm_net_unplug(struct vm_net *net, const char *card);

/* Those that the hypervisor is still to be given: struct child_fd. Transfer none. */
const GArray *vm_net_fds(const struct vm_net *net);

/* The user network forwards a port of the host (127.0.0.1) to the guest's. */
void vm_net_forward(struct vm_net *net, uint16_t guest_port, uint16_t host_port);

/* As of vm.h; net may be NULL. */
bool vm_net_endpoint(const struct vm_net *net, const char *card, uint16_t port,
                     struct vm_endpoint *out);
struct event *vm_net_changed(struct vm_net *net);
json_t *vm_net_addresses(const struct vm_net *net);
void vm_net_take_addresses(struct vm_net *net, const json_t *addresses);
const GArray *vm_net_probes(const struct vm_net *net);
struct event *vm_net_probed(struct vm_net *net);

/* What is told and struck out goes there from now on. net may be NULL. */
void vm_net_rehost(struct vm_net *net, const struct host *host);

/* Names of its taps, which are in the ledger. Transfer none: array of char *. */
const GPtrArray *vm_net_taps(const struct vm_net *net);

/* The hypervisor has ended: strikes what it had from the ledger. Frees; NULL is fine. */
void vm_net_close(struct vm_net *net);

/* Frees, without a word to the ledger. NULL is fine. */
void vm_net_drop(struct vm_net *net);
