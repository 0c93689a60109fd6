#include "migration/move/transport/peers.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* States of a connection in that file, see the kernel's <net/tcp_states.h>. */
#define TCP_SYN_RECV 3
#define TCP_LISTEN 10

struct end {
    char address[INET6_ADDRSTRLEN];
    unsigned port;
};

struct peer {
    struct end here, there;
};

/* Of 1 word or 4, in the order of the network. An IPv4 address that is mapped is told as such. */
static bool say_address(const uint32_t *words, size_t n, struct end *end)
{
    bool is_mapped = n == 4 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)words);

    return inet_ntop(n == 1 || is_mapped ? AF_INET : AF_INET6, is_mapped ? &words[3] : words,
                     end->address, sizeof(end->address)) != NULL;
}

/* Words of 32 bits, as they lie in memory. */
static bool read_address(const char *hex, struct end *end)
{
    uint32_t words[4];
    size_t n = strlen(hex) / 8;

    if (strlen(hex) != 8 && strlen(hex) != 32)
        return false;
    for (size_t i = 0; i < n; i++)
        if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1)
            return false;
    return say_address(words, n, end);
}

char *peers_address(const struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    struct end end = {0};

    if (address->ss_family == AF_INET6)
        say_address((const uint32_t *)&in6->sin6_addr, 4, &end);
    else if (address->ss_family == AF_INET)
        say_address(&in->sin_addr.s_addr, 1, &end);
    return g_strdup(end.address);
}

static bool end_equals(const struct end *a, const struct end *b)
{
    return a->port == b->port && strcmp(a->address, b->address) == 0;
}

static bool peers_have(const GPtrArray *peers, const struct peer *peer)
{
    for (unsigned i = 0; i < peers->len; i++) {
        const struct peer *one = peers->pdata[i];

        if (end_equals(&one->here, &peer->here) && end_equals(&one->there, &peer->there))
            return true;
    }
    return false;
}

static void add_line(GPtrArray *peers, const char *line)
{
    char here[33], there[33];
    struct peer peer = {0};
    unsigned state;

    if (sscanf(line, " %*d: %32[0-9A-F]:%x %32[0-9A-F]:%x %x", here, &peer.here.port, there,
               &peer.there.port, &state) != 5 ||
        state == TCP_SYN_RECV || state == TCP_LISTEN || !read_address(here, &peer.here) ||
        !read_address(there, &peer.there))
        return;
    if (!peers_have(peers, &peer))
        g_ptr_array_add(peers, g_memdup2(&peer, sizeof(peer)));
}

void peers_add(GPtrArray *peers, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        add_line(peers, *line);
}

GPtrArray *peers_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

GPtrArray *peers_now(void)
{
    static const char *const files[] = {"/proc/self/net/tcp", "/proc/self/net/tcp6"};
    GPtrArray *peers = peers_new();

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = NULL;

        if (g_file_get_contents(files[i], &text, NULL, NULL))
            peers_add(peers, text);
    }
    return peers;
}

char *peers_find_stranger(const GPtrArray *before, const char *address, uint16_t port,
                          const char *friends_address, unsigned n_friends)
{
    g_autoptr(GPtrArray) now = peers_now();

    for (unsigned i = 0; i < now->len; i++) {
        const struct peer *peer = now->pdata[i];

        if (peer->here.port != port || strcmp(peer->here.address, address) != 0 ||
            peers_have(before, peer))
            continue;
        if (strcmp(peer->there.address, friends_address) != 0 || n_friends == 0)
            return g_strdup(peer->there.address);
        n_friends--;
    }
    return NULL;
}
