#include "migration/vm/qemu_binary.h"

#include <string.h>

/* What distributions call it. */
static const char *const usual_names[] = {
    "qemu-system-x86_64",
    "qemu-kvm",
    "/usr/bin/qemu-kvm",
    "/usr/libexec/qemu-kvm",
    "kvm",
    "qemu",
    NULL,
};

static char *find_another(const char *name)
{
    char *path = NULL;

    if (!g_strv_contains(usual_names, name))
        return NULL;
    for (const char *const *other = usual_names; *other != NULL && path == NULL; other++)
        path = g_find_program_in_path(*other);
    return path;
}

char *qemu_find_binary(const char *name, const char *who, GError **err)
{
    char *path = g_find_program_in_path(name);

    if (path == NULL)
        path = find_another(name);
    if (path != NULL)
        return path;
    if (strchr(name, '/') != NULL)
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    "%s cannot start: %s is not a program that can be run", who, name);
    else
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s cannot start: there is no %s in PATH (%s)",
                    who, name, g_getenv("PATH") != NULL ? g_getenv("PATH") : "unset");
    return NULL;
}
