#include "migration/move/transport/folder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
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

void transport_folder_free(char *folder, const char *name)
{
    if (folder == NULL)
        return;
    g_autofree char *file = g_build_filename(folder, name, NULL);
    g_unlink(file);
    g_rmdir(folder);
    g_free(folder);
}
