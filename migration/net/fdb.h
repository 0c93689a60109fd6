/* What a bridge of this host has learned: who is behind which of its ports. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* How exactly a bridge knows when. */
#define FDB_STEP_MS 20

struct fdb_entry {
    unsigned port;     /* index of the interface */
    bool is_own;       /* it is that interface's own address, or was put there */
    unsigned heard_ms; /* how long ago the address was last heard */
};

/* The entry of an address, the youngest of all VLANs (rtnetlink RTM_GETNEIGH of AF_BRIDGE). false:
 * there is none, or the bridge cannot be asked. */
bool fdb_find(const char *bridge, const guint8 mac[6], struct fdb_entry *out);
