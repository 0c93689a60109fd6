#include "migration/move/transport/transport.h"

unsigned transport_traits(const struct transport *transport, const struct params *params)
{
    return transport->traits_for != NULL ? transport->traits_for(params) : transport->traits;
}

void channel_close(struct channel *channel)
{
    if (channel != NULL)
        channel->transport->close(channel);
}
