/* Names of what happens in a domain's life, out of libvirt's numbers. Pure. */
#pragma once

/* "suspended" of virDomainEventType; NULL: a number that is not known. */
const char *lifecycle_event_name(int event);

/* "migrated" of virDomainEvent…DetailType; NULL likewise. */
const char *lifecycle_detail_name(int event, int detail);
