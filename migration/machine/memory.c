/*
 * The guest's memory. What it is made of on a host is the host's own affair: the block has the name
 * that QEMU gives to plain memory, so that an end with huge pages migrates to one without.
 */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

#define KIB 1024
#define MIB ((int64_t)1 << 20)
#define BLOCK "pc.ram"         /* the name of the board's plain memory */
#define EXACT_BLOCK "vtmh.ram" /* libvirt has a block of the other name, which is not used then */

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

/* libvirt has one for plain memory, too. */
static const char *backend_in(const struct device *memory)
{
    const char *backend = device_get(memory->local, "backend");

    return backend != NULL ? backend : "memory-backend-ram";
}

static void add_object(const struct device *memory, const char *block, GPtrArray *line)
{
    const char *backend = backend_in(memory);
    const char *path = device_get(memory->local, "path");
    g_autofree char *quoted = path != NULL ? qemu_line_quote(path) : NULL;
    bool is_huge = device_get_bool(memory->local, "huge");
    bool is_memfd = strcmp(backend, "memory-backend-memfd") == 0;
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
    qemu_line_option(line, "-object", "%s,id=%s,size=%" G_GINT64_FORMAT "%s", backend, block,
                     device_get_int(memory->travels, "bytes"), more->str);
    qemu_line_option(line, "-machine", "memory-backend=%s", block);
}

static void add_size(const struct device *memory, GPtrArray *line)
{
    int64_t kib = device_get_int(memory->travels, "bytes") / KIB;
    int64_t slots = device_get_int(memory->travels, "slots");

    if (slots > 0)
        qemu_line_option(line, "-m",
                         "size=%" G_GINT64_FORMAT "k,slots=%d,maxmem=%" G_GINT64_FORMAT "k", kib,
                         (int)slots, device_get_int(memory->travels, "max_bytes") / KIB);
    else
        qemu_line_option(line, "-m", "%" G_GINT64_FORMAT "k", kib);
}

static void to_qemu(const struct device *memory, GPtrArray *line)
{
    add_size(memory, line);
    if (device_get(memory->local, "backend") != NULL)
        add_object(memory, BLOCK, line);
}

/* ---- as libvirt has it */

bool memory_is_exact(const struct device *board)
{
    const struct device *memory = device_of_kind(board, &device_memory);

    return device_get_int(memory->travels, "bytes") % MIB != 0 ||
           device_get(memory->local, "path") != NULL;
}

/* Memory that can be more is that of a guest's NUMA node, with all its CPUs. */
static void add_slots_xml(const struct device *memory, struct domain *domain)
{
    struct xml *most = xml_set(xml_add(domain->root, "maxMemory"), "unit", "KiB");
    struct xml *cell = xml_add(xml_add(xml_get(domain->root, "cpu"), "numa"), "cell");
    g_autofree char *cpus =
        g_strdup_printf("0-%" G_GINT64_FORMAT, topology_most(domain->board) - 1);

    xml_text_int(xml_set_int(most, "slots", device_get_int(memory->travels, "slots")),
                 device_get_int(memory->travels, "max_bytes") / KIB);
    xml_set(xml_set(cell, "id", "0"), "cpus", cpus);
    xml_set(xml_set_int(cell, "memory", device_get_int(memory->travels, "bytes") / KIB), "unit",
            "KiB");
}

static void add_backing(const struct device *memory, struct domain *domain)
{
    const char *backend = backend_in(memory);
    bool is_huge = device_get_bool(memory->local, "huge");
    bool is_shared = device_get_bool(memory->local, "share");
    struct xml *backing;

    if (device_get(memory->local, "backend") == NULL)
        return;
    backing = xml_add(domain->root, "memoryBacking");
    if (is_huge)
        xml_add(backing, "hugepages");
    xml_set(xml_add(backing, "source"), "type",
            strcmp(backend, "memory-backend-memfd") == 0  ? "memfd"
            : strcmp(backend, "memory-backend-file") == 0 ? "file"
                                                          : "anonymous");
    xml_set(xml_add(backing, "access"), "mode", is_shared ? "shared" : "private");
    if (is_huge)
        xml_set(xml_add(backing, "allocation"), "mode", "immediate");
}

static int to_xml(const struct device *memory, struct domain *domain, GError **err)
{
    struct xml *size = xml_set(xml_add(domain->root, "memory"), "unit", "KiB");

    (void)err;
    /* libvirt rounds it up to whole MiB when a domain starts, and where one is to go it compares
     * what it has with what is said here. */
    xml_text_int(size, (device_get_int(memory->travels, "bytes") + MIB - 1) / MIB * (MIB / KIB));
    if (domain->spec->core_has_no_ram)
        xml_set(size, "dumpCore", "off");
    if (memory_is_exact(domain->board)) {
        add_size(memory, domain_say(domain, WORD_RAM));
        add_object(memory, EXACT_BLOCK, domain_say(domain, WORD_RAM));
        return 0;
    }
    if (device_get_int(memory->travels, "slots") > 0)
        add_slots_xml(memory, domain);
    if (json_object_get(memory->local, "node") != NULL)
        xml_set_int(xml_set(xml_add(xml_add(domain->root, "numatune"), "memory"), "mode", "strict"),
                    "nodeset", device_get_int(memory->local, "node"));
    add_backing(memory, domain);
    return 0;
}

const struct device_kind device_memory = {
    .name = "memory", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
