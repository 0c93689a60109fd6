#include "migration/net/link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

G_STATIC_ASSERT(LINK_NAME_MAX == IFNAMSIZ - 1);

bool link_may_be_ours(const char *name)
{
    size_t prefix = strlen(LINK_PREFIX);
    size_t size = strlen(name);

    if (size <= prefix || size > LINK_NAME_MAX || !g_str_has_prefix(name, LINK_PREFIX))
        return false;
    for (const char *c = name + prefix; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c))
            return false;
    return true;
}

bool link_exists(const char *name)
{
    return if_nametoindex(name) != 0;
}

/* One request about an interface; -1 with errno. */
static int ask(const char *name, unsigned long request, struct ifreq *ifr)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result, saved;

    if (fd < 0)
        return -1;
    g_strlcpy(ifr->ifr_name, name, sizeof ifr->ifr_name);
    result = ioctl(fd, request, ifr);
    saved = errno;
    close(fd);
    errno = saved;
    return result;
}

char *link_driver(const char *name)
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq ifr = {.ifr_data = (void *)&info};

    return g_strndup(ask(name, SIOCETHTOOL, &ifr) == 0 ? info.driver : "", sizeof info.driver);
}

bool link_is_up(const char *name)
{
    struct ifreq ifr = {0};

    return ask(name, SIOCGIFFLAGS, &ifr) == 0 && (ifr.ifr_flags & IFF_UP) != 0;
}

int link_set_up(const char *name)
{
    struct ifreq ifr = {0};

    if (ask(name, SIOCGIFFLAGS, &ifr) < 0)
        return -1;
    ifr.ifr_flags |= IFF_UP;
    return ask(name, SIOCSIFFLAGS, &ifr);
}

int link_set_mac(const char *name, const guint8 mac[6])
{
    struct ifreq ifr = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

    memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
    return ask(name, SIOCSIFHWADDR, &ifr);
}

bool link_mac(const char *name, guint8 mac[6])
{
    struct ifreq ifr = {0};

    if (ask(name, SIOCGIFHWADDR, &ifr) < 0 || ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return false;
    memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
    return true;
}

int link_copy_mtu(const char *name, const char *from)
{
    struct ifreq ifr = {0};

    return ask(from, SIOCGIFMTU, &ifr) < 0 ? -1 : ask(name, SIOCSIFMTU, &ifr);
}

int link_join_bridge(const char *name, const char *bridge)
{
    struct ifreq ifr = {.ifr_ifindex = (int)if_nametoindex(name)};

    return ask(bridge, SIOCBRADDIF, &ifr);
}

bool link_delete(const char *name)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg info;
    } request = {
        .head = {.nlmsg_len = NLMSG_LENGTH(sizeof request.info),
                 .nlmsg_type = RTM_DELLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .info = {.ifi_family = AF_UNSPEC, .ifi_index = (int)if_nametoindex(name)},
    };
    char reply[1024];
    int fd;

    if (request.info.ifi_index == 0)
        return true;
    if (!link_may_be_ours(name))
        return false;
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return false;
    /* The kernel answers before it returns from the request. */
    if (send(fd, &request, request.head.nlmsg_len, 0) > 0)
        recv(fd, reply, sizeof reply, MSG_DONTWAIT);
    close(fd);
    return !link_exists(name);
}

bool link_parse_mac(const char *text, guint8 mac[6])
{
    int end = 0;

    return text != NULL &&
           sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3],
                  &mac[4], &mac[5], &end) == 6 &&
           text[end] == '\0';
}
