#include "migration/storage/image_url.h"

#include "cfg/error.h"
#include "migration/storage/image.h"

#include <stdbool.h>
#include <string.h>

/* A URL in its pieces: texts are decoded, NULL where the URL has none. */
struct pieces {
    char *scheme, *transport; /* "gluster+tcp" is gluster and tcp */
    char *user, *host, *path;
    char *socket; /* of the query */
    int port;     /* -1: none */
};

static void clear_pieces(struct pieces *pieces)
{
    g_free(pieces->scheme);
    g_free(pieces->transport);
    g_free(pieces->user);
    g_free(pieces->host);
    g_free(pieces->path);
    g_free(pieces->socket);
}

static void set_text(json_t *node, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(node, key, json_string_nocheck(text));
}

static json_t *node_of(const char *driver)
{
    return json_pack("{s:s}", "driver", driver);
}

static int lacks(GError **err, const struct pieces *pieces, const char *what)
{
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "a URL of %s: needs %s", pieces->scheme,
                what);
    return -1;
}

static bool is_unix(const struct pieces *pieces)
{
    return g_strcmp0(pieces->transport, "unix") == 0;
}

/* Where a server listens, as SocketAddress; ports are texts there. Transfer full. */
static json_t *server_of(const struct pieces *pieces, int default_port)
{
    g_autofree char *port = g_strdup_printf("%d", pieces->port > 0 ? pieces->port : default_port);
    json_t *server = json_object();

    set_text(server, "type", is_unix(pieces) ? "unix" : "inet");
    if (is_unix(pieces)) {
        set_text(server, "path", pieces->socket);
    } else {
        set_text(server, "host", pieces->host);
        set_text(server, "port", port);
    }
    return server;
}

static int check_server(const struct pieces *pieces, GError **err)
{
    if (is_unix(pieces) && pieces->socket == NULL)
        return lacks(err, pieces, "?socket=PATH");
    return !is_unix(pieces) && pieces->host == NULL ? lacks(err, pieces, "a host") : 0;
}

static json_t *nfs(const struct pieces *pieces, const char *url, GError **err)
{
    json_t *node;

    (void)url;
    if (pieces->host == NULL || pieces->path == NULL) {
        lacks(err, pieces, "a host and a path");
        return NULL;
    }
    node = node_of("nfs");
    json_object_set_new(node, "server",
                        json_pack("{s:s, s:s}", "type", "inet", "host", pieces->host));
    set_text(node, "path", pieces->path);
    return node;
}

static json_t *ssh(const struct pieces *pieces, const char *url, GError **err)
{
    g_autofree char *port = g_strdup_printf("%d", pieces->port > 0 ? pieces->port : 22);
    json_t *node;

    (void)url;
    if (pieces->host == NULL || pieces->path == NULL) {
        lacks(err, pieces, "a host and a path");
        return NULL;
    }
    node = node_of("ssh");
    json_object_set_new(node, "server",
                        json_pack("{s:s, s:s}", "host", pieces->host, "port", port));
    set_text(node, "path", pieces->path);
    set_text(node, "user", pieces->user);
    return node;
}

/* The web's URLs are QEMU's too. */
static json_t *curl(const struct pieces *pieces, const char *url, GError **err)
{
    json_t *node;

    if (pieces->host == NULL) {
        lacks(err, pieces, "a host");
        return NULL;
    }
    node = node_of(pieces->scheme);
    set_text(node, "url", url);
    return node;
}

static json_t *gluster(const struct pieces *pieces, const char *url, GError **err)
{
    const char *slash = pieces->path != NULL ? strchr(pieces->path + 1, '/') : NULL;
    g_autofree char *volume = NULL;
    json_t *node;

    (void)url;
    if (slash == NULL || slash[1] == '\0') {
        lacks(err, pieces, "a volume and a path in it");
        return NULL;
    }
    if (check_server(pieces, err) < 0)
        return NULL;
    volume = g_strndup(pieces->path + 1, (size_t)(slash - pieces->path - 1));
    node = node_of("gluster");
    set_text(node, "volume", volume);
    set_text(node, "path", slash + 1);
    json_object_set_new(node, "server", json_pack("[o]", server_of(pieces, 24007)));
    return node;
}

static json_t *iscsi(const struct pieces *pieces, const char *url, GError **err)
{
    const char *slash = pieces->path != NULL ? strchr(pieces->path + 1, '/') : NULL;
    g_autofree char *target = NULL;
    g_autofree char *portal = NULL;
    json_t *node;

    (void)url;
    if (pieces->host == NULL || slash == NULL || !g_ascii_isdigit(slash[1])) {
        lacks(err, pieces, "HOST/TARGET/LUN");
        return NULL;
    }
    target = g_strndup(pieces->path + 1, (size_t)(slash - pieces->path - 1));
    portal = pieces->port > 0 ? g_strdup_printf("%s:%d", pieces->host, pieces->port)
                              : g_strdup(pieces->host);
    node = node_of("iscsi");
    set_text(node, "transport", "tcp");
    set_text(node, "portal", portal);
    set_text(node, "target", target);
    json_object_set_new(node, "lun",
                        json_integer((json_int_t)g_ascii_strtoull(slash + 1, NULL, 10)));
    set_text(node, "user", pieces->user);
    return node;
}

static json_t *nbd(const struct pieces *pieces, const char *url, GError **err)
{
    json_t *node;

    (void)url;
    if (check_server(pieces, err) < 0)
        return NULL;
    node = node_of("nbd");
    json_object_set_new(node, "server", server_of(pieces, 10809));
    if (pieces->path != NULL && pieces->path[1] != '\0')
        set_text(node, "export", pieces->path + 1);
    return node;
}

static const struct {
    const char *scheme;
    json_t *(*node)(const struct pieces *pieces, const char *url, GError **err);
} schemes[] = {{"nfs", nfs},   {"gluster", gluster}, {"iscsi", iscsi}, {"nbd", nbd},  {"ssh", ssh},
               {"http", curl}, {"https", curl},      {"ftp", curl},    {"ftps", curl}};

/* "rbd:POOL/IMAGE@SNAPSHOT:conf=FILE:id=USER". */
static json_t *rbd(const char *url, GError **err)
{
    g_auto(GStrv) words = g_strsplit(url + strlen("rbd:"), ":", -1);
    g_auto(GStrv) names = words[0] != NULL ? g_strsplit_set(words[0], "/@", 3) : NULL;
    bool has_snapshot = words[0] != NULL && strchr(words[0], '@') != NULL;
    json_t *node;

    if (names == NULL || names[0] == NULL || names[1] == NULL || *names[0] == '\0' ||
        *names[1] == '\0' || (names[2] != NULL) != has_snapshot) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "a URL of rbd: needs POOL/IMAGE or POOL/IMAGE@SNAPSHOT");
        return NULL;
    }
    node = node_of("rbd");
    set_text(node, "pool", names[0]);
    set_text(node, "image", names[1]);
    set_text(node, "snapshot", names[2]);
    for (char **word = words + 1; *word != NULL; word++) {
        if (g_str_has_prefix(*word, "conf="))
            set_text(node, "conf", *word + 5);
        else if (g_str_has_prefix(*word, "id="))
            set_text(node, "user", *word + 3);
    }
    return node;
}

/* The value of socket= in the query. Transfer full. */
static char *socket_of(const char *query)
{
    g_autoptr(GHashTable) values =
        query != NULL ? g_uri_parse_params(query, -1, "&", G_URI_PARAMS_NONE, NULL) : NULL;

    return values != NULL ? g_strdup(g_hash_table_lookup(values, "socket")) : NULL;
}

static char *if_any(const char *text)
{
    return text != NULL && *text != '\0' ? g_strdup(text) : NULL;
}

static bool split(const char *url, struct pieces *pieces)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_HAS_PASSWORD, NULL);
    const char *plus;

    if (uri == NULL)
        return false;
    plus = strchr(g_uri_get_scheme(uri), '+');
    pieces->scheme = plus != NULL
                         ? g_strndup(g_uri_get_scheme(uri), (size_t)(plus - g_uri_get_scheme(uri)))
                         : g_strdup(g_uri_get_scheme(uri));
    pieces->transport = plus != NULL ? g_strdup(plus + 1) : NULL;
    pieces->user = if_any(g_uri_get_user(uri));
    pieces->host = if_any(g_uri_get_host(uri));
    pieces->port = g_uri_get_port(uri);
    pieces->path = if_any(g_uri_get_path(uri));
    pieces->socket = socket_of(g_uri_get_query(uri));
    return true;
}

json_t *image_url_node(const char *url, GError **err)
{
    struct pieces pieces = {.port = -1};
    json_t *node = NULL;
    size_t i = 0;

    if (image_check_secret(url, err) < 0)
        return NULL;
    if (g_str_has_prefix(url, "rbd:"))
        return rbd(url, err);
    if (split(url, &pieces))
        while (i < G_N_ELEMENTS(schemes) && strcmp(schemes[i].scheme, pieces.scheme) != 0)
            i++;
    if (pieces.scheme != NULL && i < G_N_ELEMENTS(schemes))
        node = schemes[i].node(&pieces, url, err);
    else
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "what begins with %.*s is no URL of an image", (int)strcspn(url, ":"), url);
    clear_pieces(&pieces);
    return node;
}
