/*
 * Why a handshake found nothing in common. The server's banner line is followed by its KEXINIT
 * (RFC 4253, section 7.1), the first packet and not yet encrypted:
 *
 *     uint32 packet length, byte padding length, byte 20, 16 random bytes, ten name lists
 *
 * each list a uint32 length and comma-separated names. libssh2 reads them, but does not tell.
 */
#include "proto/ssh_private.h"

#include <string.h>

#define KEXINIT 20
#define LISTS_AT (4 + 1 + 1 + 16)

/* The name lists in the order of the packet, as far as both directions of each matter. */
static const struct {
    int method;
    const char *what;
} categories[] = {
    {LIBSSH2_METHOD_KEX, "key exchanges"},    {LIBSSH2_METHOD_HOSTKEY, "host keys"},
    {LIBSSH2_METHOD_CRYPT_CS, "ciphers"},     {LIBSSH2_METHOD_CRYPT_SC, "ciphers"},
    {LIBSSH2_METHOD_MAC_CS, "message codes"}, {LIBSSH2_METHOD_MAC_SC, "message codes"},
    {LIBSSH2_METHOD_COMP_CS, "compressions"}, {LIBSSH2_METHOD_COMP_SC, "compressions"},
};

/* The packet after the line that begins with "SSH-"; other lines may come before it. */
static const uint8_t *find_packet(const struct ssh *ssh, size_t *size_out)
{
    const uint8_t *at = ssh->opening;
    const uint8_t *end = at + ssh->opening_size;

    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', end - at);
        bool is_banner = end - at > 4 && memcmp(at, "SSH-", 4) == 0;

        if (newline == NULL)
            return NULL;
        at = newline + 1;
        if (is_banner) {
            *size_out = end - at;
            return at;
        }
    }
    return NULL;
}

/* Takes a name list off the packet. Transfer full; NULL at its end. */
static char *next_list(const uint8_t **at, const uint8_t *end)
{
    uint32_t length;
    char *list;

    if (end - *at < (ptrdiff_t)sizeof(length))
        return NULL;
    memcpy(&length, *at, sizeof(length));
    length = GUINT32_FROM_BE(length);
    *at += sizeof(length);
    if (length > (size_t)(end - *at))
        return NULL;
    list = g_strndup((const char *)*at, length);
    *at += length;
    return list;
}

static bool have_common(const char *offered, const char *const *supported, int n_supported)
{
    g_auto(GStrv) names = g_strsplit(offered, ",", -1);

    for (int i = 0; i < n_supported; i++) {
        if (g_strv_contains((const char *const *)names, supported[i]))
            return true;
    }
    return false;
}

static char *join(const char *const *names, int n)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (int i = 0; i < n; i++)
        g_string_append_printf(list, "%s%s", i > 0 ? "," : "", names[i]);
    return g_string_free(g_steal_pointer(&list), FALSE);
}

char *ssh_explain_handshake(struct ssh *ssh)
{
    size_t size = 0;
    const uint8_t *packet, *at, *end;

    if (ssh->opening_size == 0)
        return NULL;
    packet = find_packet(ssh, &size);
    if (packet == NULL)
        return g_strdup("what answers there is no SSH server");
    if (size < LISTS_AT || packet[5] != KEXINIT)
        return NULL;
    at = packet + LISTS_AT;
    end = packet + size;
    for (size_t i = 0; i < G_N_ELEMENTS(categories); i++) {
        g_autofree char *offered = next_list(&at, end);
        g_autofree char *spoken = NULL;
        const char **supported = NULL;
        int n;

        if (offered == NULL)
            return NULL;
        n = libssh2_session_supported_algs(ssh->session, categories[i].method, &supported);
        if (n <= 0)
            return NULL;
        if (!have_common(offered, supported, n))
            spoken = join(supported, n);
        libssh2_free(ssh->session, supported);
        if (spoken != NULL)
            return g_strdup_printf("as %s the host offers %s, this libssh2 speaks %s",
                                   categories[i].what, offered, spoken);
    }
    return NULL;
}
