/* Whether a record can be true: what a host tells is data of somebody else. Pure. */
#pragma once

#include "proto/vtmh.pb-c.h"

#include <glib.h>

/* Why the record of this host, one of n_hosts, makes no sense; NULL: it does. Transfer full. */
char *record_check(const Vtmh__Record *record, unsigned host, unsigned n_hosts);
