#include "migration/move/transport/manager_way.h"

#include "migration/vm/vm.h"

#include <string.h>

#define CONNECTIONS 2 /* of the source's manager; one is what it needs */

struct channel *manager_way_open(struct seat *seat, const struct vm *vm, const char *address,
                                 GError **err)
{
    const char *socket = vm_manager_socket(vm);
    struct channel *way;

    if (socket == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "the manager of %s on %s has no socket there: it is not reached that way",
                    seat->name, seat->test->host->name);
        return NULL;
    }
    way = relayed_open(seat, address, CONNECTIONS, err);
    if (way != NULL)
        relayed_lead_to(way, socket);
    return way;
}

struct channel *manager_way_enter(struct seat *seat, const json_t *ticket, const char *peer,
                                  int64_t deadline, GError **err)
{
    return relayed_enter(seat, ticket, peer, CONNECTIONS, deadline, err);
}

char *manager_way_uri(const struct channel *way)
{
    g_autofree char *socket = relayed_socket(way);

    return g_strdup_printf("qemu+unix:///system?socket=%s", socket);
}

char *manager_open_stream_uri(const char *address)
{
    return g_strdup_printf(strchr(address, ':') != NULL ? "tcp://[%s]" : "tcp://%s", address);
}
