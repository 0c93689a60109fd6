/* The ways into guests that there are. */
#include "migration/guest/way.h"

#include <string.h>

static const struct way *const ways[] = {&way_ssh, &way_serial, &way_telnet, &way_nc, &way_agent};

bool login_has_port(const struct login *login, const char *way, GError **err)
{
    if (login->has_card && login->port > 0)
        return true;
    if (!login->has_card)
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_CANNOT, "%s: the guest has no network card",
                    way);
    else
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_NOT_YET,
                    "%s: no address of it is known (parameter ip, ARP on its bridge, dhcp_leases, "
                    "its agent), or none "
                    "of its ports is forwarded (redirs)",
                    way);
    return false;
}

const struct way *way_named(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(ways[i]->name, name) == 0)
            return ways[i];
    }
    return NULL;
}
