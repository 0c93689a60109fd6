#include "migration/move/transport/transport.h"

#include <string.h>

const struct transport *transport_choose(const struct transport *first, const struct params *params,
                                         unsigned traits, const char *guard)
{
    for (const struct transport *one = first; one != NULL; one = one->other)
        if ((one->fits == NULL || one->fits(params)) && (one->traits & traits) == traits &&
            (strcmp(guard, "auto") == 0 || g_strcmp0(guard, one->guard) == 0))
            return one;
    return NULL;
}

json_t *ticket_of_address(const char *address, uint16_t port)
{
    return json_pack("{s:s, s:i}", "address", address, "port", (int)port);
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

int64_t channel_carried(const struct channel *channel)
{
    return channel->transport->carried != NULL ? channel->transport->carried(channel) : -1;
}

pid_t channel_carrier(const struct channel *channel)
{
    return channel != NULL && channel->transport->carrier != NULL
               ? channel->transport->carrier(channel)
               : 0;
}

void channel_break_off(struct channel *channel)
{
    if (channel != NULL && channel->transport->break_off != NULL)
        channel->transport->break_off(channel);
}

void channel_close(struct channel *channel)
{
    if (channel != NULL)
        channel->transport->close(channel);
}
