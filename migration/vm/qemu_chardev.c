/* Serial lines and monitors of a QEMU for whoever wants one: where it listens. */
#include "migration/vm/qemu_shared.h"

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

int qemu_listens_at(struct vm *vm, const char *label, char **where_out, int64_t deadline,
                    GError **err)
{
    json_auto_t *chardevs = NULL;
    const json_t *chardev;
    size_t i;

    if (vm_ask(vm, "query-chardev", NULL, deadline, &chardevs, err) < 0)
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

/* The name of the character device of the first serial port, which is the one at a descriptor. */
static int find_serial(struct vm *vm, char **label_out, int64_t deadline, GError **err)
{
    json_auto_t *chardevs = NULL;
    const json_t *chardev;
    size_t i;

    if (vm_ask(vm, "query-chardev", NULL, deadline, &chardevs, err) < 0)
        return -1;
    json_array_foreach (chardevs, i, chardev) {
        const char *label = json_string_value(json_object_get(chardev, "label"));

        if (label == NULL || !g_str_has_prefix(label, "serial") ||
            g_str_has_suffix(label, "-socket"))
            continue;
        *label_out = g_strdup(label);
        return 0;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s has no serial port", vm->name);
    return -1;
}

int qemu_give_serial(struct vm *vm, const char *path, int64_t deadline, GError **err)
{
    g_autofree char *label = NULL;

    if (find_serial(vm, &label, deadline, err) < 0)
        return -1;
    return vm_ask(vm, "chardev-change",
                  json_pack("{s:s, s:{s:s, s:{s:{s:s, s:{s:s}}, s:b, s:b}}}", "id", label,
                            "backend", "type", "socket", "data", "addr", "type", "unix", "data",
                            "path", path, "server", 1, "wait", 0),
                  deadline, NULL, err);
}
