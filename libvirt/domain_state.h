/* What a domain is, as the protocol says it. */
#pragma once

#include <jansson.h>
#include <libvirt/libvirt.h>

/* {name, uuid, id, state, reason, persistent}; NULL: libvirt's last error. Transfer full. */
json_t *domain_describe(virDomainPtr domain);
