/* How many CPUs there are, how many there can be, and how they hang together. */
#include "migration/machine/device.h"
#include "migration/params.h"

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

const struct device_kind device_topology = {.name = "topology", .build = build, .to_qemu = to_qemu};
