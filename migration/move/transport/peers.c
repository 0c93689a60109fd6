#include "migration/move/transport/peers.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* States of a connection in that file, see the kernel's <net/tcp_states.h>. */
#define TCP_SYN_RECV 3
#define TCP_LISTEN 10

struct peer {
    uint16_t local_port, port;
    char address[INET6_ADDRSTRLEN];
};

/* Words of 32 bits, as they lie in memory. An IPv4 address that is mapped is told as such. */
static bool read_address(const char *hex, struct peer *peer)
{
    uint32_t words[4];
    size_t n = strlen(hex) / 8;

    if (strlen(hex) != 8 && strlen(hex) != 32)
        return false;
    for (size_t i = 0; i < n; i++)
        if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1)
            return false;
    bool is_mapped = n == 4 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)words);
    return inet_ntop(n == 1 || is_mapped ? AF_INET : AF_INET6, is_mapped ? &words[3] : words,
                     peer->address, sizeof(peer->address)) != NULL;
}

static void add_line(GPtrArray *peers, const char *line)
{
    char address[33];
    unsigned local_port, port, state;
    struct peer peer;

    if (sscanf(line, " %*d: %*[0-9A-F]:%x %32[0-9A-F]:%x %x", &local_port, address, &port,
               &state) != 4 ||
        state == TCP_SYN_RECV || state == TCP_LISTEN || !read_address(address, &peer))
        return;
    peer.local_port = (uint16_t)local_port;
    peer.port = (uint16_t)port;
    g_ptr_array_add(peers, g_memdup2(&peer, sizeof(peer)));
}

GPtrArray *peers_now(void)
{
    static const char *const files[] = {"/proc/self/net/tcp", "/proc/self/net/tcp6"};
    GPtrArray *peers = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = NULL;

        if (!g_file_get_contents(files[i], &text, NULL, NULL))
            continue;
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line != NULL; line++)
            add_line(peers, *line);
    }
    return peers;
}

static bool was_there(const GPtrArray *before, const struct peer *peer)
{
    for (unsigned i = 0; i < before->len; i++) {
        const struct peer *one = before->pdata[i];

        if (one->local_port == peer->local_port && one->port == peer->port &&
            strcmp(one->address, peer->address) == 0)
            return true;
    }
    return false;
}

char *peers_find_stranger(const GPtrArray *before, uint16_t port, const char *friends_address,
                          unsigned n_friends)
{
    g_autoptr(GPtrArray) now = peers_now();

    for (unsigned i = 0; i < now->len; i++) {
        const struct peer *peer = now->pdata[i];

        if (peer->local_port != port || was_there(before, peer))
            continue;
        if (strcmp(peer->address, friends_address) != 0 || n_friends == 0)
            return g_strdup(peer->address);
        n_friends--;
    }
    return NULL;
}
