#include "migration/move/transport/transport.h"

unsigned transport_traits(const struct transport *transport, const struct params *params)
{
    return transport->traits_for != NULL ? transport->traits_for(params) : transport->traits;
}

int ticket_read_address(const json_t *ticket, const char *peer, const char **address_out,
                        uint16_t *port_out, GError **err)
{
    const char *address = json_string_value(json_object_get(ticket, "address"));
    json_int_t port = json_integer_value(json_object_get(ticket, "port"));

    if (address == NULL || port <= 0 || port > UINT16_MAX) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "%s did not say where it listens", peer);
        return -1;
    }
    *address_out = address;
    *port_out = (uint16_t)port;
    return 0;
}

void channel_close(struct channel *channel)
{
    if (channel != NULL)
        channel->transport->close(channel);
}
