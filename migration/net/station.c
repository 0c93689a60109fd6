#include "migration/net/station.h"

#include "migration/net/fdb.h"
#include "migration/net/link.h"
#include "migration/vm/platform.h"
#include "sync/stream.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One that is asked. */
struct ear {
    const struct station *station;
    unsigned index; /* among all */
    struct stream *frames;
    guint8 own[6]; /* the bridge's */
    bool answered;
};

struct looking {
    GPtrArray *ears; /* struct ear */
    int64_t since_us;
};

static int clash(const struct station *station, GError **err, const char *how, ...)
    G_GNUC_PRINTF(3, 4);

static int clash(const struct station *station, GError **err, const char *how, ...)
{
    va_list list;

    va_start(list, how);
    g_autofree char *text = g_strdup_vprintf(how, list);
    va_end(list);
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "the segment of the bridge %s has a station with this MAC address already: %s",
                station->bridge, text);
    return -1;
}

/* ---- asking */

static guint16 sum_up(const void *data, size_t size, guint32 sum)
{
    const guint8 *bytes = data;

    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (guint32)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (guint16)sum;
}

/* Answers are sent to it if somebody asks for the neighbour that it names; that question is enough.
 */
static void link_local(struct in6_addr *out, const guint8 mac[6])
{
    const guint8 bytes[16] = {0xfe,       0x80,   0,      0,    0,    0,      0,      0,
                              mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};

    memcpy(out, bytes, sizeof *out);
}

/* To all nodes by its IPv6 address, to this station alone by its Ethernet address. */
static void ask_echo(const struct ear *ear)
{
    struct {
        struct ether_header ethernet;
        struct ip6_hdr ip;
        struct icmp6_hdr icmp;
        char data[8];
    } __attribute__((packed)) frame = {
        .ethernet = {.ether_type = htons(ETHERTYPE_IPV6)},
        .ip = {.ip6_flow = htonl(6u << 28),
               .ip6_plen = htons(sizeof frame.icmp + sizeof frame.data),
               .ip6_nxt = IPPROTO_ICMPV6,
               .ip6_hlim = 1},
        .icmp = {.icmp6_type = ICMP6_ECHO_REQUEST},
        .data = "vtmh",
    };
    struct in6_addr from, to;
    guint32 sum = sizeof frame.icmp + sizeof frame.data + IPPROTO_ICMPV6;

    memcpy(frame.ethernet.ether_dhost, ear->station->mac, 6);
    memcpy(frame.ethernet.ether_shost, ear->own, 6);
    link_local(&from, ear->own);
    inet_pton(AF_INET6, "ff02::1", &to);
    frame.ip.ip6_src = from;
    frame.ip.ip6_dst = to;
    sum += sum_up(&from, sizeof from, 0) + (guint32)sum_up(&to, sizeof to, 0);
    frame.icmp.icmp6_cksum =
        htons((guint16)~sum_up((const char *)&frame + offsetof(typeof(frame), icmp),
                               sizeof frame.icmp + sizeof frame.data, sum));
    send(stream_fd(ear->frames), &frame, sizeof frame, MSG_DONTWAIT);
}

/* Without an address of one's own, as who tries one (RFC 5227): it spoils no table. */
static void ask_arp(const struct ear *ear)
{
    struct {
        struct ether_header ethernet;
        struct ether_arp arp;
        char pad[18];
    } __attribute__((packed)) frame = {
        .ethernet = {.ether_type = htons(ETHERTYPE_ARP)},
        .arp = {.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
                           .ar_pro = htons(ETHERTYPE_IP),
                           .ar_hln = 6,
                           .ar_pln = 4,
                           .ar_op = htons(ARPOP_REQUEST)}},
    };

    if (ear->station->address == NULL ||
        inet_pton(AF_INET, ear->station->address, frame.arp.arp_tpa) != 1)
        return;
    memcpy(frame.ethernet.ether_dhost, ear->station->mac, 6);
    memcpy(frame.ethernet.ether_shost, ear->own, 6);
    memcpy(frame.arp.arp_sha, ear->own, 6);
    send(stream_fd(ear->frames), &frame, sizeof frame, MSG_DONTWAIT);
}

/* ---- hearing */

/* What has this sender, and nothing that was there before. */
static int filter(int fd, const guint8 mac[6])
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ETH_ALEN),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                 (guint32)mac[0] << 24 | (guint32)mac[1] << 16 | (guint32)mac[2] << 8 | mac[3], 0,
                 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_ALEN + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (guint32)mac[4] << 8 | mac[5], 0, 1),
        BPF_STMT(BPF_RET | BPF_K, ETH_HLEN),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog all = {.len = G_N_ELEMENTS(program), .filter = program};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof all);
}

static struct stream *open_frames(const char *bridge, const guint8 mac[6])
{
    const struct sockaddr_ll at = {.sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = (int)if_nametoindex(bridge)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && filter(fd, mac) == 0 &&
        bind(fd, (const struct sockaddr *)(const void *)&at, sizeof at) == 0)
        return stream_new(fd, NULL);
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void free_ear(void *data)
{
    struct ear *ear = data;

    stream_close(ear->frames);
    g_free(ear);
}

static void add_ear(struct looking *looking, const struct station *station, unsigned index)
{
    struct ear *ear = g_new0(struct ear, 1);

    ear->station = station;
    ear->index = index;
    ear->frames = open_frames(station->bridge, station->mac);
    g_ptr_array_add(looking->ears, ear);
    if (ear->frames == NULL || !link_mac(station->bridge, ear->own))
        return;
    ask_echo(ear);
    ask_arp(ear);
}

/* Until a frame of this station comes; the others' lie in their sockets meanwhile. */
static int hear(struct ear *ear, int64_t deadline, GError **err)
{
    while (ear->frames != NULL && !ear->answered) {
        char byte;

        ear->answered = recv(stream_fd(ear->frames), &byte, 1, MSG_DONTWAIT) >= 0;
        if (!ear->answered && stream_await(ear->frames, UV_READABLE, deadline, err) < 0)
            return -1;
    }
    return 0;
}

static int hear_all(const struct looking *looking, GError **err)
{
    int64_t deadline = deadline_in(STATION_WAIT_MS);

    for (unsigned i = 0; i < looking->ears->len; i++) {
        g_autoptr(GError) error = NULL;

        if (hear(g_ptr_array_index(looking->ears, i), deadline, &error) < 0 &&
            fiber_is_cancelled()) {
            g_propagate_error(err, g_steal_pointer(&error));
            return -1;
        }
    }
    return 0;
}

/* ---- what the bridge knows */

static int judge(const struct station *station, const struct looking *looking, GError **err)
{
    struct fdb_entry entry;
    char port[IF_NAMESIZE] = "?";
    int64_t ms = (g_get_monotonic_time() - looking->since_us) / 1000;

    if (!fdb_find(station->bridge, station->mac, &entry))
        return 0;
    if_indextoname(entry.port, port);
    if (entry.is_own)
        return clash(station, err, "it is the interface %s of this host", port);
    if (link_may_be_ours(port))
        return clash(station, err, "a VM on this host has it (tap %s)", port);
    if (!station->asks || entry.heard_ms + FDB_STEP_MS < ms)
        return clash(station, err, "it was heard behind the port %s, %u ms ago", port,
                     entry.heard_ms);
    return 0;
}

static int look(const struct station *stations, unsigned n, struct looking *looking,
                unsigned *which_out, GError **err)
{
    for (unsigned i = 0; i < n; i++)
        if (stations[i].asks)
            add_ear(looking, &stations[i], i);
    if (hear_all(looking, err) < 0)
        return -1;
    for (*which_out = 0; *which_out < n; ++*which_out)
        if (judge(&stations[*which_out], looking, err) < 0)
            return -1;
    for (unsigned i = 0; i < looking->ears->len; i++) {
        const struct ear *ear = g_ptr_array_index(looking->ears, i);

        *which_out = ear->index;
        if (ear->answered)
            return clash(ear->station, err, "it was heard on the bridge itself");
    }
    return 0;
}

int stations_look(const struct station *stations, unsigned n, unsigned *which_out, GError **err)
{
    struct looking looking = {g_ptr_array_new_with_free_func(free_ear), g_get_monotonic_time()};
    int result = look(stations, n, &looking, which_out, err);

    g_ptr_array_unref(looking.ears);
    return result;
}
