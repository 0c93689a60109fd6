#include "migration/vm/libvirt_socket.h"

#include "migration/vm/platform.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/run/libvirt"

static const struct daemon {
    const char *socket, *mode;
    const char *name;
} daemons[] = {
    {"virtqemud-sock", "direct", "virtqemud"},
    {"libvirt-sock", "legacy", "libvirtd"},
};

/* 0, or errno of the connection. */
static int try_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, error = 0;

    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        error = errno;
    close(fd);
    return error == EAGAIN ? 0 : error; /* so many wait already: somebody listens */
}

/* Why a socket that is there is of no use. */
static void tell(const char *path, const char *name, int error, GError **err)
{
    if (error == ECONNREFUSED)
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    "%s is down: nobody listens at %s (start it, or its systemd socket)", name,
                    path);
    else if (error == EACCES || error == EPERM)
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    "%s is not for this user: %s: %s (be root, or of the group 'libvirt')", name,
                    path, g_strerror(error));
    else
        g_set_error(err, VM_ERROR, VM_ERROR_START, "no connection to %s at %s: %s", name, path,
                    g_strerror(error));
}

char *libvirt_socket_find_in(const char *folder, const char *mode, GError **err)
{
    g_autoptr(GString) looked = g_string_new(NULL);
    g_autoptr(GError) first = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++) {
        g_autofree char *path = g_build_filename(folder, daemons[i].socket, NULL);
        int error;

        if (mode != NULL && strcmp(mode, "auto") != 0 && strcmp(mode, daemons[i].mode) != 0)
            continue;
        error = try_socket(path);
        if (error == 0)
            return g_steal_pointer(&path);
        if (error != ENOENT && first == NULL)
            tell(path, daemons[i].name, error, &first);
        g_string_append_printf(looked, "%s%s", looked->len > 0 ? " nor " : "", path);
    }
    if (first != NULL)
        g_propagate_error(err, g_steal_pointer(&first));
    else if (looked->len == 0)
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "mode=%s: must be auto, direct or legacy",
                    mode);
    else
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "no libvirt is here: there is no %s",
                    looked->str);
    return NULL;
}

static char *find_at(const char *path, GError **err)
{
    int error = try_socket(path);

    if (error == 0)
        return g_strdup(path);
    if (error == ENOENT)
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "no libvirt is here: there is no %s",
                    path);
    else
        tell(path, "libvirt", error, err);
    return NULL;
}

/* The folder of a path of a URI; NULL: it is no path of libvirt's QEMU driver. Transfer full. */
static char *folder_of(const char *path)
{
    if (strcmp(path, "/system") == 0)
        return g_strdup(SYSTEM_FOLDER);
    if (strcmp(path, "/session") == 0)
        return g_build_filename(g_get_user_runtime_dir(), "libvirt", NULL);
    return NULL;
}

char *libvirt_socket_find(const char *uri, GError **err)
{
    g_autoptr(GUri) parts = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);
    const char *host = parts != NULL ? g_uri_get_host(parts) : NULL;
    const char *query = parts != NULL ? g_uri_get_query(parts) : NULL;
    g_autoptr(GHashTable) options = NULL;
    g_autofree char *folder = parts != NULL ? folder_of(g_uri_get_path(parts)) : NULL;

    if (folder == NULL || (host != NULL && *host != '\0') ||
        (strcmp(g_uri_get_scheme(parts), "qemu") != 0 &&
         strcmp(g_uri_get_scheme(parts), "qemu+unix") != 0)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s does not mean a QEMU driver of this host's libvirt, as qemu:///system does",
                    uri);
        return NULL;
    }
    options = g_uri_parse_params(query != NULL ? query : "", -1, "&;", G_URI_PARAMS_NONE, err);
    if (options == NULL)
        return NULL;
    if (g_hash_table_contains(options, "socket"))
        return find_at(g_hash_table_lookup(options, "socket"), err);
    return libvirt_socket_find_in(folder, g_hash_table_lookup(options, "mode"), err);
}
