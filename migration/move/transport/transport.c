#include "migration/move/transport/table.h"

#include <string.h>

static const struct transport *const transports[] = {&transport_tcp};

const struct transport *transport_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(transports); i++)
        if (strcmp(transports[i]->name, name) == 0)
            return transports[i];
    return NULL;
}

void channel_close(struct channel *channel)
{
    if (channel != NULL)
        channel->transport->close(channel);
}
