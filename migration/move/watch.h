/* Waiting for a migration while somebody looks at its progress. */
#pragma once

#include "migration/move/seat.h"

/* The other end of a stream. */
struct watch_peer {
    const char *name;    /* of its host */
    const char *address; /* numeric, at which it listened for the stream */
    uint16_t port;
};

/*
 * Source: waits until the migration has completed (by its events) and meanwhile samples statistics
 * for the display and for the leg's record. Bytes that stop flowing for mig_stall_timeout fail it:
 * with VM_ERROR_UNREACHABLE if a fresh connection to the peer's address gets no answer within
 * seconds, with VM_ERROR_MIGRATION if it does.
 */
int watch_migration(struct seat *seat, Vtmh__Migration *leg, const struct watch_peer *peer,
                    int64_t deadline, GError **err);
