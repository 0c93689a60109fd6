/*
 * The guest's memory. What it is made of on a host is the host's own affair: the block has the name
 * that QEMU gives to plain memory, so that an end with huge pages migrates to one without.
 */
#include "migration/machine/device.h"
#include "migration/params.h"

#include <string.h>

#define KIB 1024
#define BLOCK "pc.ram" /* the name of the board's plain memory */

/* More can be plugged: both or none. */
static int add_slots(struct device *memory, const struct machine_spec *spec, GError **err)
{
    uint64_t most;
    int64_t slots;

    if (param_size(spec->params, "maxmem", &most, err) < 0 ||
        param_int(spec->params, "slots", &slots, err) < 0)
        return -1;
    if (slots == 0 && most == 0)
        return 0;
    if (slots == 0 || most <= spec->platform->ram_bytes) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "slots = %d and maxmem = %" G_GUINT64_FORMAT
                    " KiB: memory can be plugged with one slot at least and maxmem above mem",
                    (int)slots, most / KIB);
        return -1;
    }
    device_set_int(memory->travels, "slots", slots);
    device_set_int(memory->travels, "max_bytes", (int64_t)most);
    return 0;
}

/* NULL: plain memory will do. is_special: it is shared, or bound to a node. */
static const char *backend_of(const struct params *params, bool is_huge, bool is_special)
{
    const char *asked = param_text(params, "vm_mem_backend");

    if (asked != NULL)
        return asked;
    if (is_huge)
        return param_text(params, "hugepage_path") != NULL ? "memory-backend-file"
                                                           : "memory-backend-memfd";
    return is_special ? "memory-backend-ram" : NULL;
}

/* Which node of the host the VM is bound to; -1: none. */
static int find_node(const struct machine_spec *spec, int *node_out, GError **err)
{
    int64_t node;

    *node_out = -1;
    if (!param_is_set(spec->params, "numanode"))
        return 0;
    if (param_int(spec->params, "numanode", &node, err) < 0)
        return -1;
    *node_out = node < 0 ? spec->last_numa_node : (int)node;
    return 0;
}

static int add_backend(struct device *memory, const struct machine_spec *spec, GError **err)
{
    const struct params *params = spec->params;
    const char *path = param_text(params, "vm_mem_backend_path");
    const char *backend;
    bool is_huge, is_shared;
    int node;

    if (find_node(spec, &node, err) < 0 || param_bool(params, "hugepage", &is_huge, err) < 0 ||
        param_bool(params, "vm_mem_share", &is_shared, err) < 0)
        return -1;
    backend = backend_of(params, is_huge, is_shared || node >= 0);
    if (backend == NULL)
        return 0;
    device_set(memory->local, "backend", backend);
    if (strcmp(backend, "memory-backend-file") == 0)
        device_set(memory->local, "path", is_huge ? param_text(params, "hugepage_path") : path);
    if (is_huge)
        device_set_bool(memory->local, "huge", true);
    if (is_shared)
        device_set_bool(memory->local, "share", true);
    if (node >= 0)
        device_set_int(memory->local, "node", node);
    return 0;
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *memory = device_plug(board, &device_memory, "memory");

    device_set_int(memory->travels, "bytes", (int64_t)spec->platform->ram_bytes);
    if (add_slots(memory, spec, err) < 0)
        return -1;
    return add_backend(memory, spec, err);
}

static void add_object(const struct device *memory, GPtrArray *line)
{
    const char *path = device_get(memory->local, "path");
    g_autofree char *quoted = path != NULL ? qemu_line_quote(path) : NULL;
    bool is_huge = device_get_bool(memory->local, "huge");
    bool is_memfd = strcmp(device_get(memory->local, "backend"), "memory-backend-memfd") == 0;
    g_autoptr(GString) more = g_string_new(NULL);

    if (quoted != NULL)
        g_string_append_printf(more, ",mem-path=%s", quoted);
    if (is_huge && is_memfd)
        g_string_append(more, ",hugetlb=on");
    if (is_huge)
        g_string_append(more, ",prealloc=on"); /* else the guest is killed where there are none */
    if (device_get_bool(memory->local, "share"))
        g_string_append(more, ",share=on");
    else if (is_memfd)
        g_string_append(more, ",share=off");
    if (json_object_get(memory->local, "node") != NULL)
        g_string_append_printf(more, ",host-nodes=%d,policy=bind",
                               (int)device_get_int(memory->local, "node"));
    qemu_line_option(line, "-object", "%s,id=" BLOCK ",size=%" G_GINT64_FORMAT "%s",
                     device_get(memory->local, "backend"), device_get_int(memory->travels, "bytes"),
                     more->str);
    qemu_line_option(line, "-machine", "memory-backend=" BLOCK);
}

static void to_qemu(const struct device *memory, GPtrArray *line)
{
    int64_t kib = device_get_int(memory->travels, "bytes") / KIB;
    int64_t slots = device_get_int(memory->travels, "slots");

    if (slots > 0)
        qemu_line_option(line, "-m",
                         "size=%" G_GINT64_FORMAT "k,slots=%d,maxmem=%" G_GINT64_FORMAT "k", kib,
                         (int)slots, device_get_int(memory->travels, "max_bytes") / KIB);
    else
        qemu_line_option(line, "-m", "%" G_GINT64_FORMAT "k", kib);
    if (device_get(memory->local, "backend") != NULL)
        add_object(memory, line);
}

const struct device_kind device_memory = {.name = "memory", .build = build, .to_qemu = to_qemu};
