#include "migration/move/interface.h"

#include "migration/vm/platform.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static bool is_usable(const struct ifaddrs *item)
{
    if (item->ifa_addr == NULL)
        return false;
    if (item->ifa_addr->sa_family == AF_INET6)
        return !IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)(void *)item->ifa_addr)->sin6_addr);
    return item->ifa_addr->sa_family == AF_INET;
}

static char *to_text(const struct sockaddr *address)
{
    char text[NI_MAXHOST];
    socklen_t size =
        address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

    return getnameinfo(address, size, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0
               ? g_strdup(text)
               : NULL;
}

char *interface_address(const char *name, const char *like, GError **err)
{
    int wanted = strchr(like, ':') != NULL ? AF_INET6 : AF_INET;
    struct ifaddrs *all = NULL;
    g_autofree char *found = NULL;
    bool is_wanted = false, exists = false;

    if (getifaddrs(&all) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot list the network interfaces: %s",
                    g_strerror(errno));
        return NULL;
    }
    for (const struct ifaddrs *item = all; item != NULL && !is_wanted; item = item->ifa_next) {
        if (strcmp(item->ifa_name, name) != 0)
            continue;
        exists = true;
        if (!is_usable(item) || (found != NULL && item->ifa_addr->sa_family != wanted))
            continue;
        g_free(found);
        found = to_text(item->ifa_addr);
        is_wanted = item->ifa_addr->sa_family == wanted;
    }
    freeifaddrs(all);
    if (found == NULL)
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    exists ? "the interface %s has no address" : "there is no interface %s", name);
    return g_steal_pointer(&found);
}
