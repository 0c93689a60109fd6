/* unix: a socket of the hypervisor's own on each host, the nodes between (relayed.h). */
#include "migration/move/transport/relayed.h"
#include "migration/move/transport/table.h"

const struct transport transport_unix = {
    .name = "unix",
    .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS,
    RELAYED_MEMBERS,
};
