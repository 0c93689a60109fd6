/* The child's side: one loop that asks by a clock of its own, and hears. */
#include "migration/net/gap.h"
#include "migration/net/link.h"
#include "migration/net/prober.h"
#include "migration/net/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVERY_US (PROBER_EVERY_MS * 1000)
#define CALM_GAP_US 200000 /* a longer silence is none that is heard regularly */
#define LAST_US 200000     /* for the last answers, when nothing is asked any more */
#define FRAMES_A_TURN 256

struct asking {
    int family;
    int fd;      /* raw ICMP, connected to the guest */
    int link_fd; /* frames that announce it; -1: not looked for */
    struct sockaddr_storage guest;
    socklen_t guest_size;
    guint8 mac[6];
    bool hears, says;
    unsigned interface; /* by which the guest is reached */
    int say_fd;
    guint64 number; /* of the last frame that was said */
    uint16_t id, sequence;
    int64_t next_us;         /* when to ask */
    int64_t stalled_us;      /* for how long we did not when we should have */
    uint64_t sent, answered; /* since the begin */
    struct gap_watch in, out;
    struct gap baseline_in, baseline_out;
    int64_t started_us, begun_us, end_us, calm_us, last_us; /* 0: not yet */
    uint64_t announced;
    int64_t announced_us;
    bool has_heard;
    char line[64];
    size_t line_size;
};

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void say(json_t *answer)
{
    json_dumpf(answer, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(answer);
}

static int complain(const char *what)
{
    g_autofree char *text = g_strdup_printf("%s: %s", what, g_strerror(errno));

    say(json_pack("{s:s}", "error", text));
    return 1;
}

/* ---- asking */

static uint16_t checksum(const void *data, size_t size)
{
    const guint8 *bytes = data;
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static void ask(struct asking *a)
{
    struct {
        struct icmphdr head;
        char data[24];
    } packet = {.data = "vtmh"};

    packet.head.type = a->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
    packet.head.un.echo.id = htons(a->id);
    packet.head.un.echo.sequence = htons(a->sequence++);
    if (a->family == AF_INET)
        packet.head.checksum = checksum(&packet, sizeof packet);
    /* What cannot be sent is not answered either: so a guest that is not found counts as silent. */
    send(a->fd, &packet, sizeof packet, MSG_DONTWAIT);
    a->sent++;
}

/* The guest has no ears for it; its tap has. */
static void say_one(struct asking *a)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(NET_PROBE_TYPE),
                             .sll_ifindex = (int)a->interface,
                             .sll_halen = ETH_ALEN};
    struct net_probe probe = {.magic = GUINT64_TO_BE(NET_PROBE_MAGIC)};

    a->number++; /* not within the macro, which may name its argument eight times */
    probe.number = GUINT64_TO_BE(a->number);
    memcpy(to.sll_addr, a->mac, ETH_ALEN);
    sendto(a->say_fd, &probe, sizeof probe, MSG_DONTWAIT,
           (const struct sockaddr *)(const void *)&to, sizeof to);
    a->sent++;
}

/* Missed turns are not made up for: a burst would measure nothing. */
static void ask_when_due(struct asking *a)
{
    int64_t now = now_us();

    if (now < a->next_us || a->last_us != 0)
        return;
    if (now - a->next_us > EVERY_US) {
        a->stalled_us += now - a->next_us;
        a->next_us = now;
    }
    if (a->says)
        say_one(a);
    else
        ask(a);
    a->next_us += EVERY_US;
}

/* ---- hearing */

static void heard(struct asking *a, struct gap_watch *watch)
{
    int64_t now = now_us();

    if (watch->last_us != 0 && now - watch->last_us > CALM_GAP_US)
        a->calm_us = now;
    gap_heard(watch, now, a->stalled_us);
    if (a->has_heard || watch != &a->in)
        return;
    a->has_heard = true;
    say(json_pack("{s:b}", "heard", 1));
}

static void take_packet(struct asking *a, const guint8 *packet, size_t size)
{
    const struct iphdr *ip = (const void *)packet;
    size_t head = a->family == AF_INET && size >= sizeof *ip ? (size_t)ip->ihl * 4 : 0;
    struct icmphdr icmp;

    if (size < head + sizeof icmp)
        return;
    memcpy(&icmp, packet + head, sizeof icmp);
    if (icmp.type == (a->family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) {
        if (icmp.un.echo.id != htons(a->id))
            return;
        a->answered++;
        heard(a, &a->in);
    } else if (icmp.type == (a->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST)) {
        heard(a, &a->out);
    }
}

static void take_packets(struct asking *a)
{
    for (unsigned i = 0; i < FRAMES_A_TURN; i++) {
        guint8 packet[512];
        ssize_t size = recv(a->fd, packet, sizeof packet, MSG_DONTWAIT);

        if (size < 0 && errno == EAGAIN)
            return;
        if (size > 0) /* an error is of an earlier request: the guest is not there */
            take_packet(a, packet, (size_t)size);
    }
}

static void take_announcements(struct asking *a)
{
    for (unsigned i = 0; i < FRAMES_A_TURN; i++) {
        guint8 frame[64];
        ssize_t size = recv(a->link_fd, frame, sizeof frame, MSG_DONTWAIT);

        if (size < 0)
            return;
        if (a->begun_us == 0 || size < ETH_HLEN || memcmp(frame + ETH_ALEN, a->mac, 6) != 0)
            continue;
        if (a->announced++ == 0)
            a->announced_us = now_us();
    }
}

/* ---- what the node says */

static void begin(struct asking *a)
{
    a->begun_us = now_us();
    a->baseline_in = a->in.longest;
    a->baseline_out = a->out.longest;
    gap_restart(&a->in);
    gap_restart(&a->out);
    a->sent = a->answered = 0;
}

/* false: the node has gone. */
static bool take_commands(struct asking *a)
{
    ssize_t got = read(STDIN_FILENO, a->line + a->line_size, sizeof a->line - 1 - a->line_size);
    char *end;

    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    a->line_size += (size_t)got;
    a->line[a->line_size] = '\0';
    while ((end = strchr(a->line, '\n')) != NULL) {
        *end = '\0';
        if (strcmp(a->line, "begin") == 0)
            begin(a);
        else if (strcmp(a->line, "end") == 0)
            a->end_us = a->calm_us = now_us();
        a->line_size -= (size_t)(end + 1 - a->line);
        memmove(a->line, end + 1, a->line_size + 1);
    }
    return a->line_size < sizeof a->line - 1;
}

/* ---- the end */

static bool is_silent(const struct gap_watch *watch, int64_t now)
{
    return now - watch->last_us > CALM_GAP_US;
}

static bool is_back(const struct asking *a, int64_t now)
{
    return a->says || (!is_silent(&a->in, now) && (!a->hears || !is_silent(&a->out, now)));
}

/* Whether all that can be known is. */
static bool is_over(struct asking *a)
{
    int64_t now = now_us();

    if (a->end_us == 0)
        return false;
    if (a->last_us != 0)
        return now - a->last_us > LAST_US;
    if (!is_back(a, now))
        a->calm_us = now;
    if (now - a->calm_us > PROBER_CALM_MS * 1000 || now - a->end_us > PROBER_LATE_MS * 1000) {
        if (!is_back(a, now)) {
            gap_close(&a->in, now, a->stalled_us);
            if (a->hears)
                gap_close(&a->out, now, a->stalled_us);
        }
        a->last_us = now; /* nothing is asked any more */
    }
    return false;
}

static json_t *gap_to_json(const struct gap *gap)
{
    return json_pack("{s:f, s:I, s:I}", "ms", (double)gap->us / 1000.0, "from_us",
                     (json_int_t)gap->from_us, "to_us", (json_int_t)gap->to_us);
}

static void tell(const struct asking *a)
{
    bool back = a->last_us - a->in.last_us < CALM_GAP_US &&
                (!a->hears || a->last_us - a->out.last_us < CALM_GAP_US);

    say(json_pack(
        "{s:{s:f, s:f, s:o}, s:o, s:o, s:I, s:I, s:I, s:I, s:f, s:b}", "baseline", "ms",
        (double)(a->begun_us - a->started_us) / 1000.0, "in_ms", (double)a->baseline_in.us / 1000.0,
        "out_ms", a->hears ? json_real((double)a->baseline_out.us / 1000.0) : json_null(), "in",
        gap_to_json(&a->in.longest), "out", a->hears ? gap_to_json(&a->out.longest) : json_null(),
        "sent", (json_int_t)a->sent, "lost", (json_int_t)(a->sent - MIN(a->answered, a->sent)),
        "announced", (json_int_t)a->announced, "announced_us", (json_int_t)a->announced_us,
        "stalled_ms", (double)a->stalled_us / 1000.0, "back", (int)back));
}

/* ---- sockets */

/* The interface that has the address. */
static unsigned interface_of(const struct sockaddr *own)
{
    size_t at = own->sa_family == AF_INET ? offsetof(struct sockaddr_in, sin_addr)
                                          : offsetof(struct sockaddr_in6, sin6_addr);
    size_t size = own->sa_family == AF_INET ? 4 : 16;
    struct ifaddrs *all;
    unsigned index = 0;

    if (getifaddrs(&all) < 0)
        return 0;
    for (const struct ifaddrs *i = all; i != NULL && index == 0; i = i->ifa_next)
        if (i->ifa_addr != NULL && i->ifa_addr->sa_family == own->sa_family &&
            memcmp((const char *)i->ifa_addr + at, (const char *)own + at, size) == 0)
            index = if_nametoindex(i->ifa_name);
    freeifaddrs(all);
    return index;
}

static int open_link(unsigned interface)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETHERTYPE_REVARP),
                             .sll_ifindex = (int)interface};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETHERTYPE_REVARP));

    if (fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&at, sizeof at) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_all(struct asking *a, const char *address, const char *mac)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_RAW};
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    struct addrinfo *found;
    char text[NI_MAXHOST];

    if (getaddrinfo(address, NULL, &hints, &found) != 0) {
        errno = EINVAL;
        return complain(address);
    }
    a->family = found->ai_family;
    memcpy(&a->guest, found->ai_addr, found->ai_addrlen);
    a->guest_size = found->ai_addrlen;
    freeaddrinfo(found);
    a->fd = socket(a->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   a->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    if (a->fd < 0)
        return complain("a raw socket");
    if (connect(a->fd, (struct sockaddr *)&a->guest, a->guest_size) < 0 ||
        getsockname(a->fd, (struct sockaddr *)&own, &size) < 0 ||
        getnameinfo((struct sockaddr *)&own, size, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return complain("no way to it");
    a->interface = interface_of((struct sockaddr *)&own);
    a->link_fd = link_parse_mac(mac, a->mac) ? open_link(a->interface) : -1;
    if (a->says) {
        a->say_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (a->say_fd < 0 || a->link_fd < 0)
            return complain("a packet socket");
    }
    say(json_pack("{s:s}", "from", text));
    return 0;
}

static void wait_for_more(const struct asking *a)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = a->fd, .events = POLLIN},
                           {.fd = a->link_fd, .events = POLLIN}};
    int64_t us = CLAMP(a->next_us - now_us(), 0, EVERY_US);
    const struct timespec until = {.tv_nsec = (a->last_us != 0 ? EVERY_US : us) * 1000};

    ppoll(fds, G_N_ELEMENTS(fds), &until, NULL);
}

int prober_main(int argc, char **argv)
{
    struct asking a = {.link_fd = -1, .id = (uint16_t)getpid()};

    if (argc != 4)
        return 4;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpriority(PRIO_PROCESS, 0, -10); /* where that is allowed */
    a.hears = strcmp(argv[3], "both") == 0;
    a.says = strcmp(argv[3], "say") == 0;
    if (open_all(&a, argv[1], argv[2]) != 0)
        return 1;
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    if (a.says) /* nobody answers */
        say(json_pack("{s:b}", "heard", 1));
    a.started_us = a.next_us = now_us();
    while (!is_over(&a)) {
        ask_when_due(&a);
        wait_for_more(&a);
        if (!take_commands(&a))
            return 1;
        take_packets(&a);
        if (a.link_fd >= 0)
            take_announcements(&a);
    }
    tell(&a);
    return 0;
}
