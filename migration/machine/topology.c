/* How many CPUs there are, how many there can be, and how they hang together. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <stdio.h>
#include <string.h>

/* avocado-vt's word for a level that a machine type does not have. */
#define NO_SUCH_LEVEL "INVALID"

static const struct {
    const char *param, *name;
} parts[] = {{"vcpu_maxcpus", "maxcpus"}, {"vcpu_sockets", "sockets"},
             {"vcpu_dies", "dies"},       {"vcpu_clusters", "clusters"},
             {"vcpu_cores", "cores"},     {"vcpu_threads", "threads"}};

static int read_count(const struct params *params, const char *name, int64_t *out, GError **err)
{
    *out = 0;
    if (g_strcmp0(params_get(params, name), NO_SUCH_LEVEL) == 0)
        return 0;
    return param_int(params, name, out, err);
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *topology = device_plug(board, &device_topology, "topology");
    int64_t cpus, count;

    if (param_int(spec->params, "smp", &cpus, err) < 0)
        return -1;
    device_set_int(topology->travels, "cpus", cpus);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (read_count(spec->params, parts[i].param, &count, err) < 0)
            return -1;
        if (count > 0)
            device_set_int(topology->travels, parts[i].name, count);
    }
    count = device_get_int(topology->travels, "maxcpus");
    if (count == 0 || count >= cpus)
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "vcpu_maxcpus = %d is below smp = %d",
                (int)count, (int)cpus);
    return -1;
}

static void to_qemu(const struct device *topology, GPtrArray *line)
{
    g_autoptr(GString) more = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        int64_t count = device_get_int(topology->travels, parts[i].name);

        if (count > 0)
            g_string_append_printf(more, ",%s=%d", parts[i].name, (int)count);
    }
    qemu_line_option(line, "-smp", "%d%s", (int)device_get_int(topology->travels, "cpus"),
                     more->str);
}

/*
 * libvirt wants each level, or takes a socket for each CPU. So the missing ones are found as QEMU
 * finds them for -smp: cores come first, and sockets first with machine types before 6.2.
 */
struct levels {
    int64_t most, sockets, dies, cores, threads;
};

static bool prefers_sockets(const char *type)
{
    const char *version = strrchr(type, '-');
    int major, minor;

    return version != NULL && sscanf(version, "-%d.%d", &major, &minor) == 2 &&
           (major < 6 || (major == 6 && minor < 2));
}

static struct levels levels_of(const struct device *topology, const char *type)
{
    const json_t *has = topology->travels;
    struct levels levels = {.most = device_get_int(has, "maxcpus"),
                            .sockets = device_get_int(has, "sockets"),
                            .dies = MAX(device_get_int(has, "dies"), 1),
                            .cores = device_get_int(has, "cores"),
                            .threads = device_get_int(has, "threads")};
    int64_t cpus = device_get_int(has, "cpus");
    int64_t all = levels.most > 0 ? levels.most : cpus;
    int64_t *first = prefers_sockets(type) ? &levels.sockets : &levels.cores;
    int64_t *then = prefers_sockets(type) ? &levels.cores : &levels.sockets;

    if (levels.most == 0 && levels.sockets > 0 && levels.cores > 0) {
        levels.threads = levels.threads > 0
                             ? levels.threads
                             : MAX(cpus / (levels.sockets * levels.dies * levels.cores), 1);
    } else if (*first == 0) {
        *then = MAX(*then, 1);
        levels.threads = MAX(levels.threads, 1);
        *first = MAX(all / (*then * levels.dies * levels.threads), 1);
    } else if (*then == 0) {
        levels.threads = MAX(levels.threads, 1);
        *then = MAX(all / (*first * levels.dies * levels.threads), 1);
    } else if (levels.threads == 0) {
        levels.threads = MAX(all / (levels.sockets * levels.dies * levels.cores), 1);
    }
    if (levels.most == 0)
        levels.most = MAX(levels.sockets * levels.dies * levels.cores * levels.threads, 1);
    return levels;
}

int64_t topology_most(const struct device *board)
{
    return levels_of(device_of_kind(board, &device_topology), device_get(board->travels, "type"))
        .most;
}

static int count_plugged(const struct device *board)
{
    int n = 0;

    for (unsigned i = 0; i < board->children->len; i++)
        n += ((const struct device *)g_ptr_array_index(board->children, i))->kind == &device_vcpu;
    return n;
}

static int to_xml(const struct device *topology, struct domain *domain, GError **err)
{
    struct levels levels = levels_of(topology, device_get(domain->board->travels, "type"));
    int64_t now = device_get_int(topology->travels, "cpus") + count_plugged(domain->board);
    struct xml *vcpu = xml_add(domain->root, "vcpu");
    struct xml *element = xml_add(xml_get(domain->root, "cpu"), "topology");

    if (device_get_int(topology->travels, "clusters") > 1)
        return domain_refuse(topology, err, "vcpu_clusters: no PC has them");
    if (now < levels.most)
        xml_set_int(vcpu, "current", now);
    xml_text_int(vcpu, levels.most);
    xml_set_int(element, "sockets", levels.sockets);
    xml_set_int(element, "dies", levels.dies);
    xml_set_int(element, "cores", levels.cores);
    xml_set_int(element, "threads", levels.threads);
    return 0;
}

const struct device_kind device_topology = {
    .name = "topology", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
