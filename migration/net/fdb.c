#include "migration/net/fdb.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_BYTES 32768

struct asking {
    unsigned bridge;
    const guint8 *mac;
    unsigned tick_ms;
    bool found;
    struct fdb_entry *out;
};

static void take(struct asking *a, const struct nlmsghdr *head)
{
    const struct ndmsg *entry = NLMSG_DATA(head);
    const struct rtattr *attr = (const void *)(entry + 1);
    size_t left = head->nlmsg_len - NLMSG_LENGTH(sizeof *entry);
    unsigned master = (unsigned)entry->ndm_ifindex, heard_ms = 0;
    bool is_it = false;

    for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
        const struct nda_cacheinfo *info = RTA_DATA(attr);

        if (attr->rta_type == NDA_LLADDR && RTA_PAYLOAD(attr) == 6)
            is_it = memcmp(RTA_DATA(attr), a->mac, 6) == 0;
        else if (attr->rta_type == NDA_MASTER && RTA_PAYLOAD(attr) == sizeof master)
            memcpy(&master, RTA_DATA(attr), sizeof master);
        else if (attr->rta_type == NDA_CACHEINFO && RTA_PAYLOAD(attr) >= sizeof *info)
            heard_ms = info->ndm_updated * a->tick_ms;
    }
    if (!is_it || master != a->bridge || (a->found && heard_ms >= a->out->heard_ms))
        return;
    a->found = true;
    *a->out = (struct fdb_entry){.port = (unsigned)entry->ndm_ifindex,
                                 .is_own = (entry->ndm_state & (NUD_PERMANENT | NUD_NOARP)) != 0,
                                 .heard_ms = heard_ms};
}

/* One datagram of the table. Whether more of it comes. */
static bool take_all(struct asking *a, int fd)
{
    g_autofree char *reply = g_malloc(REPLY_BYTES);
    ssize_t got = recv(fd, reply, REPLY_BYTES, 0);
    const struct nlmsghdr *head = (const void *)reply;

    for (size_t left = (size_t)MAX(got, 0); NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
        if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
            return false;
        if (head->nlmsg_type == RTM_NEWNEIGH)
            take(a, head);
    }
    return got > 0;
}

bool fdb_find(const char *bridge, const guint8 mac[6], struct fdb_entry *out)
{
    struct {
        struct nlmsghdr head;
        struct ndmsg entry;
        struct rtattr attr;
        guint32 master;
    } request = {
        .head = {.nlmsg_len = sizeof request,
                 .nlmsg_type = RTM_GETNEIGH,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .entry = {.ndm_family = AF_BRIDGE},
        .attr = {.rta_len = RTA_LENGTH(sizeof request.master), .rta_type = NDA_MASTER},
        .master = if_nametoindex(bridge),
    };
    struct asking a = {.bridge = request.master,
                       .mac = mac,
                       .tick_ms = (unsigned)(1000 / sysconf(_SC_CLK_TCK)),
                       .out = out};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return false;
    /* The kernel makes each part of its answer when the part before is read: nothing is waited
     * for. */
    if (a.bridge != 0 && send(fd, &request, sizeof request, 0) > 0)
        while (take_all(&a, fd))
            ;
    close(fd);
    return a.found;
}
