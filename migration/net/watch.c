#include "migration/net/watch.h"

#include "migration/vm/platform.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 256 /* what is of interest stands at the beginning */
#define FRAMES_A_TURN 64

struct net_watch {
    uv_poll_t poll;
    int fd;
    guint8 mac[6];
    struct net_watcher watcher;
};

/* ARP; probes; IPv6 with ICMPv6 of the types 135 and 136. */
static const struct sock_filter program[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 7, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NET_PROBE_TYPE, 6, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

static bool read_arp(const guint8 *arp, gsize size, const guint8 mac[6], char *text,
                     gsize text_size)
{
    static const guint8 head[] = {0, 1, 8, 0, 6, 4}; /* Ethernet, IPv4 */
    static const guint8 none[4];

    return size >= 28 && memcmp(arp, head, sizeof head) == 0 && memcmp(arp + 8, mac, 6) == 0 &&
           memcmp(arp + 14, none, sizeof none) != 0 && !(arp[14] == 169 && arp[15] == 254) &&
           inet_ntop(AF_INET, arp + 14, text, (socklen_t)text_size) != NULL;
}

/* Who asks says its address as the sender's; who answers, or tries one for itself (from ::), as the
 * target. */
static bool read_nd(const guint8 *ip, gsize size, char *text, gsize text_size)
{
    struct in6_addr from, target;
    guint8 type;

    if (size < 40 + 24 || ip[6] != IPPROTO_ICMPV6)
        return false;
    memcpy(&from, ip + 8, sizeof from);
    memcpy(&target, ip + 48, sizeof target);
    type = ip[40];
    if (type == ND_NEIGHBOR_ADVERT)
        from = target;
    else if (type != ND_NEIGHBOR_SOLICIT || IN6_IS_ADDR_UNSPECIFIED(&from))
        return false; /* one that is only tried may be another's */
    return !IN6_IS_ADDR_LINKLOCAL(&from) && !IN6_IS_ADDR_UNSPECIFIED(&from) &&
           !IN6_IS_ADDR_MULTICAST(&from) &&
           inet_ntop(AF_INET6, &from, text, (socklen_t)text_size) != NULL;
}

bool net_watch_read(const guint8 *frame, gsize size, const guint8 mac[6], char *text,
                    gsize text_size)
{
    if (size < ETH_HLEN || memcmp(frame + ETH_ALEN, mac, 6) != 0)
        return false;
    if (frame[12] == ETH_P_ARP >> 8 && frame[13] == (ETH_P_ARP & 0xff))
        return read_arp(frame + ETH_HLEN, size - ETH_HLEN, mac, text, text_size);
    return frame[12] == ETH_P_IPV6 >> 8 && frame[13] == (ETH_P_IPV6 & 0xff) &&
           read_nd(frame + ETH_HLEN, size - ETH_HLEN, text, text_size);
}

guint64 net_watch_probe(const guint8 *frame, gsize size, const guint8 mac[6])
{
    struct net_probe probe;

    if (size < ETH_HLEN + sizeof probe || memcmp(frame, mac, ETH_ALEN) != 0 ||
        memcmp(frame + ETH_ALEN, mac, ETH_ALEN) == 0 || frame[12] != NET_PROBE_TYPE >> 8 ||
        frame[13] != (NET_PROBE_TYPE & 0xff))
        return 0;
    memcpy(&probe, frame + ETH_HLEN, sizeof probe);
    return GUINT64_FROM_BE(probe.magic) == NET_PROBE_MAGIC ? GUINT64_FROM_BE(probe.number) : 0;
}

static void on_frames(uv_poll_t *poll, int status, int events)
{
    struct net_watch *watch = poll->data;

    (void)events;
    for (unsigned i = 0; status == 0 && i < FRAMES_A_TURN; i++) {
        guint8 frame[FRAME_MAX];
        char text[INET6_ADDRSTRLEN];
        struct sockaddr_ll from = {0};
        socklen_t from_size = sizeof from;
        ssize_t got = recvfrom(watch->fd, frame, sizeof frame, MSG_DONTWAIT,
                               (struct sockaddr *)(void *)&from, &from_size);

        if (got < 0) {
            if (errno == ENETDOWN)
                uv_poll_stop(poll); /* the tap has gone */
            return;
        }
        guint64 number = net_watch_probe(frame, (gsize)got, watch->mac);
        if (number != 0)
            watch->watcher.on_probe(number, watch->watcher.arg);
        /* What goes to the guest is somebody else's word, whatever sender it bears. */
        else if (from.sll_pkttype != PACKET_OUTGOING &&
                 net_watch_read(frame, (gsize)got, watch->mac, text, sizeof text))
            watch->watcher.on_address(text, watch->watcher.arg);
    }
    if (status != 0)
        uv_poll_stop(poll);
}

/* A socket that sees nothing before it has its filter. -1 with errno. */
static int open_socket(const char *name)
{
    const struct sock_fprog filter = {.len = G_N_ELEMENTS(program),
                                      .filter = (struct sock_filter *)program};
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ALL),
                             .sll_ifindex = (int)if_nametoindex(name)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 &&
        bind(fd, (const struct sockaddr *)(const void *)&at, sizeof at) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

struct net_watch *net_watch_open(const char *name, const guint8 mac[6],
                                 const struct net_watcher *watcher, GError **err)
{
    int fd = open_socket(name);

    if (fd < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot watch the interface %s: %s", name,
                    g_strerror(errno));
        return NULL;
    }
    struct net_watch *watch = g_new0(struct net_watch, 1);
    watch->fd = fd;
    watch->watcher = *watcher;
    memcpy(watch->mac, mac, 6);
    uv_poll_init(fiber_loop(), &watch->poll, fd);
    watch->poll.data = watch;
    uv_poll_start(&watch->poll, UV_READABLE, on_frames);
    return watch;
}

static void on_closed(uv_handle_t *handle)
{
    g_free(handle->data);
}

void net_watch_close(struct net_watch *watch)
{
    if (watch == NULL)
        return;
    uv_poll_stop(&watch->poll);
    close(watch->fd);
    uv_close((uv_handle_t *)&watch->poll, on_closed);
}
