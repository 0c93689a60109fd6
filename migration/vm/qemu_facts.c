/*
 * What QEMU says of the machine that it runs. Of its many answers only those that do not depend on
 * its version: neither the whole object tree nor -dump-vmstate, of which most differs between
 * versions that migrate to each other without harm.
 */
#include "migration/vm/qemu_shared.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static unsigned number_of(const json_t *object, const char *key)
{
    return (unsigned)json_integer_value(json_object_get(object, key));
}

static void add(GPtrArray *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(GPtrArray *lines, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(lines, g_strdup_vprintf(format, args));
    va_end(args);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* lines: transfer full. */
static json_t *to_list(GPtrArray *lines)
{
    json_t *list = json_array();

    g_ptr_array_sort(lines, compare_texts);
    for (unsigned i = 0; i < lines->len; i++)
        json_array_append_new(list, json_string(g_ptr_array_index(lines, i)));
    g_ptr_array_unref(lines);
    return list;
}

static GPtrArray *lines_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

/* "02.0 (class 00ff, 1af4:1005)". Buses are told by their place in the answer: their numbers are
 * the guest's. */
json_t *qemu_facts_pci(const json_t *query_pci)
{
    GPtrArray *lines = lines_new();
    const json_t *bus, *device;
    size_t b, d;

    json_array_foreach ((json_t *)query_pci, b, bus) {
        g_autofree char *place = b > 0 ? g_strdup_printf("bus %zu, ", b) : g_strdup("");

        json_array_foreach (json_object_get(bus, "devices"), d, device) {
            const json_t *id = json_object_get(device, "id");

            add(lines, "%s%02x.%x (class %04x, %04x:%04x)", place, number_of(device, "slot"),
                number_of(device, "function"),
                number_of(json_object_get(device, "class_info"), "class"), number_of(id, "vendor"),
                number_of(id, "device"));
        }
    }
    return to_list(lines);
}

/* A device by the id that it was given: QEMU says "/machine/peripheral/ID", and of a virtio disk
 * what is within it. Transfer full. */
static char *drive_name(const json_t *drive)
{
    const char *qdev = text_of(drive, "qdev");
    g_auto(GStrv) folders = g_strsplit(qdev, "/", 5);

    if (g_str_has_prefix(qdev, "/machine/peripheral/"))
        return g_strdup(folders[3]);
    return g_strdup(*qdev != '\0' ? qdev : text_of(drive, "device"));
}

/* "image1 (qcow2, 1048576 bytes, read-only)". */
json_t *qemu_facts_drives(const json_t *query_block)
{
    GPtrArray *lines = lines_new();
    const json_t *drive;
    size_t i;

    json_array_foreach ((json_t *)query_block, i, drive) {
        const json_t *inserted = json_object_get(drive, "inserted");
        const json_t *size = json_object_get(json_object_get(inserted, "image"), "virtual-size");
        g_autofree char *name = drive_name(drive);
        bool is_read_only = json_is_true(json_object_get(inserted, "ro"));

        if (inserted == NULL)
            add(lines, "%s (no medium)", name);
        else
            add(lines, "%s (%s, %" JSON_INTEGER_FORMAT " bytes%s)", name, text_of(inserted, "drv"),
                json_integer_value(size), is_read_only ? ", read-only" : "");
    }
    return to_list(lines);
}

static json_t *memory(const json_t *summary)
{
    GPtrArray *lines = lines_new();

    add(lines, "%" JSON_INTEGER_FORMAT " bytes",
        json_integer_value(json_object_get(summary, "base-memory")) +
            json_integer_value(json_object_get(summary, "plugged-memory")));
    return to_list(lines);
}

/* The value of a property as text; NULL when this QEMU does not have it. Transfer full. */
static char *property(struct vm *vm, const char *path, const char *name, int64_t deadline)
{
    json_auto_t *value = NULL;
    char *dumped, *text;

    if (vm_ask(vm, "qom-get", json_pack("{s:s, s:s}", "path", path, "property", name), deadline,
               &value, NULL) < 0 ||
        value == NULL)
        return NULL;
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    text = g_strdup(dumped);
    free(dumped);
    return text;
}

/* The model, and what has become of each flag that was asked for. */
static json_t *cpu_model(struct vm *vm, const json_t *cpus, const char *asked, int64_t deadline)
{
    const char *path = text_of(json_array_get(cpus, 0), "qom-path");
    g_autofree char *type = property(vm, path, "type", deadline);
    g_auto(GStrv) words = g_strsplit(asked, ",", -1);
    g_autoptr(GString) line = g_string_new(type != NULL ? type : "unknown");
    GPtrArray *lines = lines_new();

    for (char **word = words; *word != NULL && word[1] != NULL; word++) {
        const char *flag = word[1] + strspn(word[1], "+-");
        g_autofree char *name = g_strndup(flag, strcspn(flag, "="));
        g_autofree char *value = property(vm, path, name, deadline);

        if (value != NULL)
            g_string_append_printf(line, ", %s %s", name, value);
    }
    add(lines, "%s", line->str);
    return to_list(lines);
}

static json_t *cpu_count(const json_t *cpus)
{
    GPtrArray *lines = lines_new();

    add(lines, "%zu", json_array_size(cpus));
    return to_list(lines);
}

/* Those of the command line or plugged since: their names, or places, and types. */
json_t *qemu_facts_devices(struct vm *vm, int64_t deadline, GError **err)
{
    static const char *const folders[] = {"/machine/peripheral", "/machine/peripheral-anon"};
    GPtrArray *lines = lines_new();

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        json_auto_t *list = NULL;
        const json_t *item;
        size_t n;

        if (vm_ask(vm, "qom-list", json_pack("{s:s}", "path", folders[i]), deadline, &list, err) <
            0) {
            g_ptr_array_unref(lines);
            return NULL;
        }
        json_array_foreach (list, n, item) {
            const char *type = text_of(item, "type");

            if (g_str_has_prefix(type, "child<"))
                add(lines, "%s (%.*s)", text_of(item, "name"), (int)strlen(type) - 7, type + 6);
        }
    }
    return to_list(lines);
}

json_t *qemu_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err)
{
    json_auto_t *cpus = NULL, *pci = NULL, *summary = NULL, *drives = NULL;
    json_t *asked_for;

    if (vm_ask(vm, "query-cpus-fast", NULL, deadline, &cpus, err) < 0 ||
        vm_ask(vm, "query-pci", NULL, deadline, &pci, err) < 0 ||
        vm_ask(vm, "query-memory-size-summary", NULL, deadline, &summary, err) < 0 ||
        vm_ask(vm, "query-block", NULL, deadline, &drives, err) < 0 ||
        (asked_for = qemu_facts_devices(vm, deadline, err)) == NULL) {
        g_prefix_error(err, "asking what %s on %s is made of: ", vm->name, vm->host->name);
        return NULL;
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "CPU", cpu_model(vm, cpus, cpu, deadline),
                     "CPUs", cpu_count(cpus), "memory", memory(summary), "PCI devices",
                     qemu_facts_pci(pci), "devices", asked_for, "drives",
                     qemu_facts_drives(drives));
}
