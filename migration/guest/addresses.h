/* Learning where a guest is, beside what its tap shows. */
#pragma once

#include "migration/guest/guest.h"

/*
 * Asks for the addresses of cards on bridges of which none is known: the DHCP server's leases
 * (`dhcp_leases`), and the guest's agent where the VM has a channel to one. What is found is the
 * VM's from then on (vm_take_addresses()), and travels. Returns what stood in the way, or NULL;
 * that is no error, as the guest may not be there yet. Transfer full.
 */
char *guest_ask_addresses(struct guest *guest, int64_t deadline);

/* Whether asking again may bring more. */
bool guest_can_ask_addresses(const struct guest *guest);
