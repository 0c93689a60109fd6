#include "migration/move/transport/folder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char *transport_folder_new(const struct seat *seat, GError **err)
{
    g_autofree char *folder = g_strdup_printf("%s/m.XXXXXX", seat->test->host->run_dir);
    const size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - sizeof("/stream");

    if (strlen(folder) > longest) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "the path of %s is too long for a socket",
                    folder);
        return NULL;
    }
    if (g_mkdtemp_full(folder, 0700) == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot make %s: %s", folder, g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&folder);
}

char *transport_folder_alike(const struct seat *seat, const char *path, GError **err)
{
    const struct host *host = seat->test->host;
    g_autofree char *folder = path != NULL ? g_strdup(path)
                                           : g_strdup_printf("%s/move-%08x%08x", host->base_dir,
                                                             g_random_int(), g_random_int());

    if (host_own(host, OWNED_PATH, folder, err) < 0)
        return NULL;
    if (mkdir(folder, 0700) == 0)
        return g_steal_pointer(&folder);
    int error = errno;
    host_disown(host, OWNED_PATH, folder);
    if (error == EEXIST)
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s is on %s already: hosts that share that folder are not supported with "
                    "mig_guard = relay, as both ends of the stream have one path",
                    folder, host->name);
    else
        g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot make %s: %s", folder, g_strerror(error));
    return NULL;
}

void transport_folder_disown(const struct seat *seat, char *folder, const char *name)
{
    if (folder == NULL)
        return;
    g_autofree char *path = g_strdup(folder);
    transport_folder_free(folder, name);
    host_disown(seat->test->host, OWNED_PATH, path);
}

void transport_folder_free(char *folder, const char *name)
{
    if (folder == NULL)
        return;
    g_autofree char *file = g_build_filename(folder, name, NULL);
    g_unlink(file);
    g_rmdir(folder);
    g_free(folder);
}
