/*
 * Serial lines. On the first a guest is heard: the other end of its descriptor is the node's. The
 * others are sockets on the host, for whoever wants to connect; nobody has to.
 */
#include "migration/machine/chardev.h"
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

#define ISA "isa-serial"

static int add_first(struct device *board, const struct machine_spec *spec, const char *name,
                     GError **err)
{
    g_autoptr(params) own = params_object_params(spec->params, name);
    const char *type = param_text(own, "serial_type");
    struct device *serial;

    if (strcmp(type, ISA) != 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "serial_type = %s is not supported for %s: the guest is heard on the first "
                    "serial line, an ISA one",
                    type, name);
        return -1;
    }
    serial = device_plug(board, &device_serial, name);
    device_set_int(serial->local, "fd", spec->serial_fd);
    device_set(serial->local, "tcp_host", chardev_tcp_host(own));
    return 0;
}

static void add_other(struct device *board, const struct machine_spec *spec, const char *name)
{
    g_autoptr(params) own = params_object_params(spec->params, name);
    const char *folder = spec->run_dir != NULL ? spec->run_dir : ".";
    g_autofree char *path = g_strdup_printf("%s/%s-%s.sock", folder, spec->name, name);
    const char *host = chardev_tcp_host(own);
    struct device *serial = device_plug(board, &device_serial_line, name);

    device_set(serial->travels, "model", param_text(own, "serial_type"));
    if (host != NULL)
        json_object_set_new(serial->local, "tcp", chardev_listen_tcp(own, host));
    else
        device_set(serial->local, "socket", path);
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "serials");

    return add_first(board, spec, names[0] != NULL ? names[0] : "serial0", err);
}

static int build_lines(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "serials");

    (void)err;
    for (unsigned i = 1; names[0] != NULL && names[i] != NULL; i++)
        add_other(board, spec, names[i]);
    return 0;
}

static void to_qemu(const struct device *serial, GPtrArray *line)
{
    qemu_line_option(line, "-chardev", "socket,id=%s,fd=%d", serial->id,
                     (int)device_get_int(serial->local, "fd"));
    qemu_line_option(line, "-serial", "chardev:%s", serial->id);
}

static void listen_unix(json_t *socket, const char *path)
{
    json_object_set_new(socket, "addr",
                        json_pack("{s:s, s:{s:s}}", "type", "unix", "data", "path", path));
    device_set_bool(socket, "server", true);
    device_set_bool(socket, "wait", false);
}

static void to_parts(const struct device *serial, GPtrArray *parts)
{
    g_autofree char *id = g_strdup_printf("%s-socket", serial->id);
    json_t *socket = part_add(parts, PART_CHARDEV, "socket", id, NULL);
    json_t *tcp = json_object_get(serial->local, "tcp");
    json_t *device;

    if (tcp != NULL)
        json_object_update(socket, tcp);
    else
        listen_unix(socket, device_get(serial->local, "socket"));
    device = part_add(parts, PART_DEVICE, device_get(serial->travels, "model"), serial->id, NULL);
    device_set(device, "chardev", id);
}

/* ---- as libvirt has it */

/* {"host": …, "port": …, "to": …} */
static const json_t *tcp_address(const struct device *serial)
{
    const json_t *tcp = json_object_get(serial->local, "tcp");

    return json_object_get(json_object_get(tcp, "addr"), "data");
}

static void add_source(const struct device *serial, struct xml *element)
{
    const json_t *tcp = tcp_address(serial);
    struct xml *source = xml_set(xml_add(element, "source"), "mode", "bind");

    xml_set(element, "type", tcp != NULL ? "tcp" : "unix");
    if (tcp == NULL) {
        xml_set(source, "path", device_get(serial->local, "socket"));
        return;
    }
    xml_set(xml_set(source, "host", device_get(tcp, "host")), "service", device_get(tcp, "port"));
    xml_set(xml_add(element, "protocol"), "type", "raw");
}

static void add_target(const struct device *serial, struct domain *domain, struct xml *element)
{
    const char *model = serial->kind == &device_serial ? ISA : device_get(serial->travels, "model");
    struct xml *target = xml_set(xml_add(element, "target"), "type", model);

    xml_set_int(target, "port", domain_number(domain, NUMBER_SERIAL, serial));
    xml_set(xml_add(target, "model"), "name", model);
    domain_name(element, serial);
}

static int first_to_xml(const struct device *serial, struct domain *domain, GError **err)
{
    struct xml *element = xml_set(xml_add(domain->devices, "serial"), "type", "unix");

    (void)err;
    xml_set(xml_set(xml_add(element, "source"), "mode", "connect"), "path", domain->spec->serial);
    add_target(serial, domain, element);
    return 0;
}

static int line_to_xml(const struct device *serial, struct domain *domain, GError **err)
{
    struct xml *element;

    if (json_object_get(tcp_address(serial), "to") != NULL)
        return domain_say_device(domain, serial, WORD_SERIAL, err);
    element = xml_add(domain->devices, "serial");
    add_source(serial, element);
    add_target(serial, domain, element);
    return 0;
}

const struct device_kind device_serial = {
    .name = "serial", .build = build, .to_qemu = to_qemu, .to_xml = first_to_xml};
const struct device_kind device_serial_line = {
    .name = "serial line", .build = build_lines, .to_parts = to_parts, .to_xml = line_to_xml};
