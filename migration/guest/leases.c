#include "migration/guest/leases.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

struct lease {
    gint64 until_s; /* 0: without end */
    const char *address;
};

static bool is_of_version(const char *address, bool is_ipv6)
{
    return g_hostname_is_ip_address(address) && (strchr(address, ':') != NULL) == is_ipv6;
}

/* Takes the longer of two. */
static void take(struct lease *best, const struct lease *lease, bool is_ipv6, gint64 now_s)
{
    if (!is_of_version(lease->address, is_ipv6) || (lease->until_s != 0 && lease->until_s <= now_s))
        return;
    if (best->address == NULL || lease->until_s == 0 ||
        (best->until_s != 0 && lease->until_s >= best->until_s))
        *best = *lease;
}

static bool ends_with_mac(const char *duid, const char *mac)
{
    size_t have = strlen(duid), wanted = strlen(mac);

    return have >= wanted && g_ascii_strcasecmp(duid + have - wanted, mac) == 0;
}

/* libvirt's. Transfer full. */
static char *find_in_json(const json_t *entries, const char *mac, bool is_ipv6, gint64 now_s)
{
    struct lease best = {0};
    const json_t *entry;
    size_t i;

    json_array_foreach (entries, i, entry) {
        const char *of = json_string_value(json_object_get(entry, "mac-address"));
        const struct lease lease = {
            .until_s = json_integer_value(json_object_get(entry, "expiry-time")),
            .address = json_string_value(json_object_get(entry, "ip-address")),
        };

        if (of != NULL && lease.address != NULL && g_ascii_strcasecmp(of, mac) == 0)
            take(&best, &lease, is_ipv6, now_s);
    }
    return g_strdup(best.address);
}

char *leases_find(const char *text, const char *mac, bool is_ipv6, gint64 now_s)
{
    json_auto_t *entries = json_loads(text, 0, NULL);
    g_auto(GStrv) lines = NULL;
    g_autoptr(GPtrArray) kept = NULL;
    struct lease best = {0};

    if (json_is_array(entries))
        return find_in_json(entries, mac, is_ipv6, now_s);
    lines = g_strsplit(text, "\n", -1);
    kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (char **line = lines; *line != NULL; line++) {
        char **words = g_strsplit_set(g_strstrip(*line), " \t", -1);

        g_ptr_array_add(kept, words);
        if (g_strv_length(words) < 4 || !(g_ascii_strcasecmp(words[1], mac) == 0 ||
                                          (words[4] != NULL && ends_with_mac(words[4], mac))))
            continue;
        const struct lease lease = {g_ascii_strtoll(words[0], NULL, 10), words[2]};
        take(&best, &lease, is_ipv6, now_s);
    }
    return g_strdup(best.address);
}

/* One that counts on its own link alone. */
static bool is_link_local(const char *address)
{
    struct in6_addr six;
    struct in_addr four;

    if (inet_pton(AF_INET6, address, &six) == 1)
        return IN6_IS_ADDR_LINKLOCAL(&six);
    return inet_pton(AF_INET, address, &four) == 1 && ntohl(four.s_addr) >> 16 == 0xa9fe;
}

char *interfaces_find(const json_t *interfaces, const char *mac, bool is_ipv6)
{
    const json_t *interface, *entry;
    size_t i, j;

    json_array_foreach (interfaces, i, interface) {
        const char *of = json_string_value(json_object_get(interface, "hardware-address"));

        if (of == NULL || g_ascii_strcasecmp(of, mac) != 0)
            continue;
        json_array_foreach (json_object_get(interface, "ip-addresses"), j, entry) {
            const char *address = json_string_value(json_object_get(entry, "ip-address"));

            if (address != NULL && is_of_version(address, is_ipv6) && !is_link_local(address))
                return g_strdup(address);
        }
    }
    return NULL;
}
