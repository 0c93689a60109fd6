/*
 * A VM that is not ours: a libvirt domain of the user's (`libvirt_domain`), lent for the test. It
 * is moved, and no more: it is not started, changed, asked through its monitor, or ended, and after
 * the test it is where it was before (scenario/process/way_home.c).
 */
#pragma once

#include "migration/vm/platform.h"

/* Its name; NULL: the VM is ours. Transfer none. */
const char *lent_domain(const struct params *params);

/*
 * Whether what the params say beside that can be done with a domain that is what its owner has made
 * it. CFG_ERROR for what contradicts itself; UNSUPPORTED, with the parameter's name, for what would
 * have changed, started or ended it. 0 where the VM is ours.
 */
int lent_check(const struct params *params, GError **err);

/* At which address somebody logs in to its guest (`ip`); NULL: nobody does. Transfer full. */
char *lent_address(const struct params *params);

/* What a host tells of a domain that runs there, by its XML, in vm_offer: {"uuid", "machine",
 * "cpu", "kvm": bool, "ram_bytes"}. NULL with VM_ERROR_COMMAND. Transfer full. */
json_t *lent_facts(const char *domain_xml, GError **err);

/* The decision for such a VM: what it is, on the one host where it runs. START where that is none,
 * or more than one. */
int lent_decide(const struct vm_offer *const *offers, const char *const *names, unsigned n,
                const char *domain, struct vm_platform *platform, GError **err);
