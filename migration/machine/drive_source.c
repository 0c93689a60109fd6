/* What holds a drive's medium, as libvirt's <source>: a file, a device, or a server. */
#include "migration/machine/drive.h"

#include <string.h>

/* {"host": …, "port": …}, or {"type": "unix", "path": …}. */
static void add_server(const json_t *server, struct xml *source)
{
    struct xml *host = xml_add(source, "host");

    if (g_strcmp0(device_get(server, "type"), "unix") == 0) {
        xml_set(xml_set(host, "transport", "unix"), "socket", device_get(server, "path"));
        return;
    }
    xml_set(xml_set(host, "name", device_get(server, "host")), "port", device_get(server, "port"));
}

static int add_nfs(const struct device *drive, const json_t *node, struct xml *source, GError **err)
{
    (void)drive;
    (void)err;
    xml_set(source, "name", device_get(node, "path"));
    add_server(json_object_get(node, "server"), source);
    return 0;
}

static int add_gluster(const struct device *drive, const json_t *node, struct xml *source,
                       GError **err)
{
    g_autofree char *name =
        g_strdup_printf("%s/%s", device_get(node, "volume"), device_get(node, "path"));

    (void)drive;
    (void)err;
    xml_set(source, "name", name);
    add_server(json_array_get(json_object_get(node, "server"), 0), source);
    return 0;
}

static int add_iscsi(const struct device *drive, const json_t *node, struct xml *source,
                     GError **err)
{
    const char *portal = device_get(node, "portal"), *colon = strrchr(portal, ':');
    g_autofree char *host =
        g_strndup(portal, colon != NULL ? (size_t)(colon - portal) : strlen(portal));
    g_autofree char *name =
        g_strdup_printf("%s/%d", device_get(node, "target"), (int)device_get_int(node, "lun"));

    if (device_get(node, "user") != NULL)
        return domain_refuse(drive, err,
                             "a user of an iSCSI server: libvirt has them by its own "
                             "secrets");
    xml_set(source, "name", name);
    xml_set(xml_set(xml_add(source, "host"), "name", host), "port",
            colon != NULL ? colon + 1 : NULL);
    return 0;
}

static int add_nbd(const struct device *drive, const json_t *node, struct xml *source, GError **err)
{
    (void)drive;
    (void)err;
    xml_set(source, "name", device_get(node, "export"));
    add_server(json_object_get(node, "server"), source);
    return 0;
}

static int add_rbd(const struct device *drive, const json_t *node, struct xml *source, GError **err)
{
    g_autofree char *name =
        g_strdup_printf("%s/%s", device_get(node, "pool"), device_get(node, "image"));

    if (device_get(node, "user") != NULL)
        return domain_refuse(drive, err,
                             "a user of Ceph (id=): libvirt has them by its own "
                             "secrets");
    xml_set(source, "name", name);
    if (device_get(node, "snapshot") != NULL)
        xml_set(xml_add(source, "snapshot"), "name", device_get(node, "snapshot"));
    if (device_get(node, "conf") != NULL)
        xml_set(xml_add(source, "config"), "file", device_get(node, "conf"));
    return 0;
}

static int add_curl(const struct device *drive, const json_t *node, struct xml *source,
                    GError **err)
{
    g_autoptr(GUri) uri = g_uri_parse(device_get(node, "url"), G_URI_FLAGS_ENCODED, NULL);
    struct xml *host;

    if (uri == NULL || g_uri_get_userinfo(uri) != NULL)
        return domain_refuse(drive, err, "a user in a URL: libvirt has them by its own secrets");
    xml_set(source, "name", g_uri_get_path(uri) + (*g_uri_get_path(uri) == '/'));
    xml_set(source, "query", g_uri_get_query(uri));
    host = xml_set(xml_add(source, "host"), "name", g_uri_get_host(uri));
    if (g_uri_get_port(uri) > 0)
        xml_set_int(host, "port", g_uri_get_port(uri));
    return 0;
}

/* Who asks an NFS server: libvirt wants to be told; else it is whom QEMU runs as. */
static void add_identity(const struct domain *domain, struct xml *source)
{
    const char *who = domain->spec->run_as != NULL ? domain->spec->run_as : "+0:+0";
    g_auto(GStrv) halves = g_strsplit(who, ":", 2);
    struct xml *identity = xml_add(source, "identity");

    xml_set(xml_set(identity, "user", halves[0]), "group", halves[1]);
}

static const struct {
    const char *driver;
    int (*add)(const struct device *drive, const json_t *node, struct xml *source, GError **err);
} protocols[] = {{"nfs", add_nfs},    {"gluster", add_gluster}, {"iscsi", add_iscsi},
                 {"nbd", add_nbd},    {"rbd", add_rbd},         {"http", add_curl},
                 {"https", add_curl}, {"ftp", add_curl},        {"ftps", add_curl}};

int drive_source_to_xml(const struct domain *domain, const struct device *drive, const json_t *node,
                        struct xml *disk, GError **err)
{
    const char *driver = device_get(node, "driver");
    bool is_device = strcmp(driver, "host_device") == 0;
    struct xml *source;

    if (is_device || strcmp(driver, "file") == 0) {
        xml_set(disk, "type", is_device ? "block" : "file");
        xml_set(xml_add(disk, "source"), is_device ? "dev" : "file", device_get(node, "filename"));
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (strcmp(protocols[i].driver, driver) != 0)
            continue;
        source = xml_set(xml_add(xml_set(disk, "type", "network"), "source"), "protocol", driver);
        if (strcmp(driver, "nfs") == 0)
            add_identity(domain, source);
        return protocols[i].add(drive, node, source, err);
    }
    return domain_refuse(drive, err, "it reaches no image by %s", driver);
}
