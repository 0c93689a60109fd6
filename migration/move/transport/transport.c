#include "migration/move/transport/table.h"

#include <string.h>

static const struct transport *const transports[] = {
    &transport_tcp,  &transport_unix, &transport_exec,   &transport_fd,
    &transport_file, &transport_rdma, &transport_x_rdma, &transport_managed,
};

const struct transport *transport_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(transports); i++)
        if (strcmp(transports[i]->name, name) == 0)
            return transports[i];
    return NULL;
}
