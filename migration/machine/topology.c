/* How many CPUs there are, and how they hang together. */
#include "migration/machine/device.h"
#include "migration/params.h"

static const struct {
    const char *param, *name;
} parts[] = {{"vcpu_sockets", "sockets"}, {"vcpu_cores", "cores"}, {"vcpu_threads", "threads"}};

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *topology = device_plug(board, &device_topology, "topology");
    int64_t count;

    if (param_int(spec->params, "smp", &count, err) < 0)
        return -1;
    device_set_int(topology->travels, "cpus", count);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (param_int(spec->params, parts[i].param, &count, err) < 0)
            return -1;
        if (count > 0)
            device_set_int(topology->travels, parts[i].name, count);
    }
    return 0;
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
