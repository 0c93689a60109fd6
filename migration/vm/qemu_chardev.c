/* Where QEMU listens for whoever wants a serial line or monitor of it. */
#include "migration/vm/qemu.h"

#include <string.h>

#define LISTENS "disconnected:tcp:"

/* "disconnected:tcp:127.0.0.1:5001,server=on"; of ::1: "disconnected:tcp:::1:5001,server=on" */
char *qemu_chardev_place(const char *filename)
{
    g_autofree char *text = NULL;
    char *port;

    if (filename == NULL || !g_str_has_prefix(filename, LISTENS))
        return NULL;
    filename += strlen(LISTENS);
    text = g_strndup(filename, strcspn(filename, ","));
    port = strrchr(text, ':');
    if (port == NULL)
        return NULL;
    *port++ = '\0';
    return strchr(text, ':') != NULL ? g_strdup_printf("[%s]:%s", text, port)
                                     : g_strdup_printf("%s:%s", text, port);
}

int qemu_listens_at(struct qemu_vm *vm, const char *label, char **where_out, int64_t deadline,
                    GError **err)
{
    json_auto_t *chardevs = NULL;
    const json_t *chardev;
    size_t i;

    if (qemu_command(vm, "query-chardev", NULL, deadline, &chardevs, err) < 0)
        return -1;
    *where_out = NULL;
    json_array_foreach (chardevs, i, chardev)
        if (g_strcmp0(json_string_value(json_object_get(chardev, "label")), label) == 0)
            *where_out =
                qemu_chardev_place(json_string_value(json_object_get(chardev, "filename")));
    if (*where_out != NULL)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "query-chardev: %s does not listen for TCP",
                label);
    return -1;
}
